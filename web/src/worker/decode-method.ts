// The helper's side of decode-helper.ts.

import { toWire } from '../shared/errors.js';
import { type Handlers, Transfer } from '../shared/rpc.js';
import type { DecodeAnswer, HelperMethods } from './decode-helper.js';
import { Instances, RefusedPicture } from './picture-decoder.js';

/** Makes the methods of a helper. */
export function makeHelper(): Handlers<HelperMethods, never> {
  let instances: Instances | undefined;
  return {
    async decodePicture({ decoder, file, refusesTruncated }) {
      // All requests come from one place, with one compiled module.
      instances ??= new Instances(decoder);
      try {
        const decode = await instances.write(file);
        let answer: Transfer<DecodeAnswer> | undefined;
        decode(refusesTruncated, (view, width, height) => {
          const pixels = view.slice();
          answer = new Transfer({ pixels, width, height }, [pixels.buffer]);
        });
        return answer!;
      } catch (error) {
        const { code, message } = toWire(error);
        return { code, message, isRefused: error instanceof RefusedPicture };
      }
    },
  };
}
