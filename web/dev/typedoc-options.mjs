// A typedoc plugin. A parameter that is destructured in its declaration has no name; it is called 'options' in the documentation.
import { Converter } from 'typedoc';

export function load({ converter }) {
  converter.on(Converter.EVENT_CREATE_PARAMETER, (_, parameter) => {
    if (parameter.name === '__namedParameters') parameter.name = 'options';
  });
}
