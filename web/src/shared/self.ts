// Objects of this package inside of proxies. Vue, Pinia, Alpine and other libraries wrap what they store, and a method then gets the
// proxy as `this`. Private members exist on the object alone.

/** Key of a function that returns the object itself. A proxy passes it on, because it is a function that can't be changed. */
const selfKey = Symbol('teachable-wasm self');

/** Calls a method. */
type Around = (call: () => unknown) => unknown;

/**
 * Makes the methods and accessors of an object work on its proxies. Call it in the constructor.
 * @param around Calls each method. Default: without anything else.
 */
export function keepSelf(object: object, around: Around = (call) => call()): void {
  Object.defineProperty(object, selfKey, { value: () => object });
  onSelf(Object.getPrototypeOf(object) as object, around);
}

/** Returns the object behind a proxy; any other value as it is. */
function selfOf(value: unknown): unknown {
  const self = (Object(value) as { [selfKey]?: () => unknown })[selfKey];
  return self ? self() : value;
}

/** Prototypes whose members are changed. */
const done = new WeakSet<object>();

/** Changes the members of a class, and of those that it extends. */
function onSelf(prototype: object, around: Around): void {
  if (prototype === Object.prototype || done.has(prototype)) return;
  done.add(prototype);
  // Vue, and what is built on it, makes no proxies of objects with this property.
  Object.defineProperty(prototype, '__v_skip', { value: true });
  for (const name of Reflect.ownKeys(prototype)) {
    const { value, get, set, ...property } = Object.getOwnPropertyDescriptor(prototype, name)!;
    if (name === 'constructor') continue;
    if (typeof value === 'function')
      Object.defineProperty(prototype, name, {
        ...property,
        value(this: unknown, ...args: unknown[]): unknown {
          return around((): unknown => Reflect.apply(value as () => unknown, selfOf(this), args));
        },
      });
    else if (get) {
      const own: PropertyDescriptor = {
        ...property,
        get(this: unknown): unknown {
          return Reflect.apply(get, selfOf(this), []);
        },
      };
      if (set)
        own.set = function (this: unknown, value: unknown) {
          Reflect.apply(set, selfOf(this), [value]);
        };
      Object.defineProperty(prototype, name, own);
    }
  }
  onSelf(Object.getPrototypeOf(prototype) as object, around);
}
