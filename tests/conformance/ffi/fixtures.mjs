// What only JavaScript can make, for `import fixtures` in cases run by node. fixtures.py builds the same for this
// runtime, in the same order: keep the two side by side. Made afresh for each case.

// A JavaScript value as text, so that a case can see what a conversion gave.
function inspect(value, seen = []) {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "symbol") return value.toString();
  if (Object.is(value, -0)) return "-0";
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return String(value);
  if (typeof value.copy === "function" && typeof value.destroy === "function") return `PyProxy(${value.type})`;
  if (typeof value === "function") return `function ${value.name}`;
  if (seen.includes(value)) return `<up ${seen.length - seen.indexOf(value)}>`;
  seen = [...seen, value];
  const show = (each) => inspect(each, seen);
  const name = value.constructor?.name ?? "null";
  if (Array.isArray(value)) return `[${Array.from(value, show).join(", ")}]`;
  if (value instanceof Map) return `${name}{${Array.from(value, ([k, v]) => `${show(k)} => ${show(v)}`).join(", ")}}`;
  if (value instanceof Set) return `${name}{${Array.from(value, show).join(", ")}}`;
  if (value instanceof Error) return `${name}(${value.message})`;
  if (value instanceof ArrayBuffer) return `${name}(${value.byteLength})`;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `${name}[${Array.from(value, show).join(", ")}]`;
  return `${name}{${Object.keys(value).map((key) => `${key}: ${show(value[key])}`).join(", ")}}`;
}

class Point {
  static made = "static field";
  static origin() {
    return new Point(0, 0);
  }
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  get sum() {
    return this.x + this.y;
  }
  get pair() {
    return [this.x, this.y];
  }
  set pair([x, y]) {
    this.x = x;
    this.y = y;
  }
  scale(factor) {
    return new Point(this.x * factor, this.y * factor);
  }
}

class Point3 extends Point {
  constructor(x, y, z) {
    super(x, y);
    this.z = z;
  }
  scale(factor) {
    return new Point3(this.x * factor, this.y * factor, this.z * factor);
  }
}

class CustomError extends Error {
  constructor(message, code) {
    super(message);
    this.name = "CustomError";
    this.code = code;
  }
}

export function makeFixtures(http) {
  const kept = { value: undefined };
  const log = [];
  return {
    // functions
    add: (a, b) => a + b,
    identity: (value) => value,
    arguments_of: (...args) => args,
    argument_count: (...args) => args.length,
    call_with: (callback, ...args) => callback(...args),
    call_catching(callback, ...args) {
      try {
        return callback(...args);
      } catch (error) {
        return `caught ${error?.constructor?.name}`;
      }
    },
    call_method: (target, name, ...args) => target[name](...args),
    construct: (constructor, ...args) => new constructor(...args),
    get_property: (target, name) => target[name],
    set_property: (target, name, value) => void (target[name] = value),
    this_of() {
      return this;
    },
    throw_error(message) {
      throw new TypeError(message);
    },
    throw_value(value) {
      throw value;
    },
    rethrow(callback) {
      try {
        return callback();
      } catch (error) {
        throw error;
      }
    },
    // what JavaScript sees
    inspect: (value) => inspect(value),
    type_of: (value) => typeof value,
    tag_of: (value) => Object.prototype.toString.call(value),
    constructor_name: (value) => value?.constructor?.name,
    same: (left, right) => Object.is(left, right),
    is_instance: (value, constructor) => value instanceof constructor,
    // keeping values
    keep: (value) => void (kept.value = value),
    kept: () => kept.value,
    log,
    // promises
    async_add: async (a, b) => a + b,
    resolved: (value) => Promise.resolve(value),
    rejected: (message) => Promise.reject(new RangeError(message)),
    rejected_with: (value) => Promise.reject(value),
    later: (milliseconds, value) => new Promise((resolve) => setTimeout(resolve, milliseconds, value)),
    later_rejected: (milliseconds, message) =>
      new Promise((_resolve, reject) => setTimeout(() => reject(new Error(message)), milliseconds)),
    pending: () => new Promise(() => {}),
    thenable: (value) => ({ then: (resolve) => resolve(value) }),
    await_call: async (callback, ...args) => await callback(...args),
    boxed_method: (target, name, ...args) => ({ value: target[name](...args) }),
    ticks: (count, ...named) => {
      const order = [];
      for (let at = 0; at < named.length; at += 2) {
        const [name, promise] = named.slice(at);
        promise.then(() => order.push(name), () => order.push(`${name} rejected`));
      }
      let chain = Promise.resolve();
      for (let tick = 1; tick <= count; tick++) chain = chain.then(() => order.push(tick));
      return chain.then(() => order);
    },
    // iteration
    *count_to(limit) {
      for (let index = 0; index < limit; index++) yield index;
      return "counted";
    },
    *echo() {
      let received = "ready";
      while (received !== "stop") {
        try {
          received = yield received;
        } catch (error) {
          received = `caught ${error.constructor.name}`;
        }
      }
      return "stopped";
    },
    *fail_after(count) {
      for (let index = 0; index < count; index++) yield index;
      throw new RangeError(`failed after ${count}`);
    },
    async *async_count_to(limit) {
      for (let index = 0; index < limit; index++) yield index;
    },
    async *async_echo() {
      let received = "ready";
      while (received !== "stop") {
        try {
          received = yield received;
        } catch (error) {
          received = `caught ${error.constructor.name}`;
        }
      }
    },
    async *async_fail_after(count) {
      for (let index = 0; index < count; index++) yield index;
      throw new RangeError(`failed after ${count}`);
    },
    iterator(items) {
      let index = 0;
      return { next: () => (index < items.length ? { done: false, value: items[index++] } : { done: true, value: "end" }) };
    },
    iterable: (items) => ({ [Symbol.iterator]: () => items[Symbol.iterator]() }),
    async_iterable: (items) => ({
      async *[Symbol.asyncIterator]() {
        yield* items;
      },
    }),
    stepping: (step) => ({ next: () => step, [Symbol.iterator]() { return this; } }),
    async_stepping: (step) => ({ next: () => step, [Symbol.asyncIterator]() { return this; } }),
    both_iterable: () => ({ [Symbol.iterator]: () => [1].values(), async *[Symbol.asyncIterator]() { yield 2; } }),
    tidy(log) {
      return (function* () {
        try {
          yield 1;
          yield 2;
        } finally {
          log.push("tidied");
        }
      })();
    },
    *stubborn() {
      while (true) {
        try {
          yield "going on";
        } finally {
          continue;
        }
      }
    },
    async_tidy(log) {
      return (async function* () {
        try {
          yield 1;
          yield 2;
        } finally {
          log.push("tidied");
        }
      })();
    },
    async *async_stubborn() {
      while (true) {
        try {
          yield "going on";
        } finally {
          continue;
        }
      }
    },
    *gather() {
      const received = [];
      for (let index = 0; index < 3; index++) received.push(String(yield index));
      return received;
    },
    spread: (items) => [...items],
    async collect(items) {
      const found = [];
      for await (const item of items) found.push(item);
      return found;
    },
    // classes and objects
    Point,
    Point3,
    CustomError,
    disposable: () => ({ name: "disposable", [Symbol.dispose]: () => void log.push("disposed") }),
    async_disposable: () => ({
      name: "async disposable",
      [Symbol.asyncDispose]: async () => void log.push("disposed later"),
    }),
    plain: () => ({ a: 1, b: "two", c: null, d: undefined, e: [1, 2] }),
    nested: () => ({ list: [1, [2, [3]]], map: new Map([["k", { deep: [4] }]]), set: new Set([1, "s"]), last: { x: { y: 5 } } }),
    cyclic() {
      const value = { name: "cyclic", list: [] };
      value.list.push(value);
      return value;
    },
    frozen: () => Object.freeze({ a: 1 }),
    null_prototype: () => Object.assign(Object.create(null), { a: 1, b: 2 }),
    inheriting: () => Object.assign(Object.create({ inherited: "from the prototype" }), { own: 1 }),
    throwing_getter: () => ({
      good: 1,
      get bad() {
        throw new RangeError("a getter threw");
      },
    }),
    with_accessor() {
      let hidden = 1;
      return {
        get value() {
          return hidden;
        },
        set value(value) {
          hidden = value * 2;
        },
        get constant() {
          return "constant";
        },
      };
    },
    with_symbols: () => ({ [Symbol("own")]: 1, [Symbol.toStringTag]: "Tagged", visible: 2 }),
    with_keywords: () => ({ class: 1, from: 2, lambda_: 3, "with space": 4, then_: 5, __dunder__: 6 }),
    array_like: () => ({ length: 2, 0: "zero", 1: "one" }),
    array_like_iterable: (items) => ({ ...items, length: items.length, [Symbol.iterator]: Array.prototype[Symbol.iterator] }),
    getter_object: () => ({ get: (key) => `value of ${key}`, size: 3 }),
    container: () => ({ has: (key) => key === "held", includes: () => true }),
    disposable_with: (callback) => ({ [Symbol.dispose]: () => callback() }),
    async_disposable_with: (callback) => ({ [Symbol.asyncDispose]: () => callback() }),
    sparse: () => [1, , 3],
    map: (entries = [["a", 1], [2, "b"]]) => new Map(entries),
    set: (items = [1, "a"]) => new Set(items),
    map_with_object_key: () => new Map([[{}, 1]]),
    error: (name, message) => new { Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError }[name](message),
    custom_error: (message, code) => new CustomError(message, code),
    typed: (name, items) => new globalThis[name](items),
    array_buffer: (items) => new Uint8Array(items).buffer,
    // values
    undefined_value: undefined,
    null_value: null,
    true_value: true,
    nan: NaN,
    infinity: Infinity,
    minus_zero: -0,
    number: 1.5,
    integer: 2 ** 31,
    max_safe: Number.MAX_SAFE_INTEGER,
    beyond_safe: 2 ** 53,
    bigint: 2n ** 64n,
    small_bigint: 7n,
    text: "a\u00e9\u2603\u{1f600}",
    lone_surrogate: "x\ud800y",
    split_pair: ["\ud83d", "\ude00"],
    symbol: Symbol("a symbol"),
    HTTP: http,
  };
}
