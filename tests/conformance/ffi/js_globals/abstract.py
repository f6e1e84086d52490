#% the class that all typed arrays extend
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
[
    p.name,
    p.length,
    p == js.Object.getPrototypeOf(js.Float64Array),
    js.Object.getPrototypeOf(js.Uint8Array.prototype).constructor == p,
    js.Object.getPrototypeOf(js.Uint8Array.prototype) == p.prototype,
    hasattr(js, "TypedArray"),
]

#% it cannot be constructed
import js
js.Reflect.construct(js.Object.getPrototypeOf(js.Uint8Array), js.Array.new())

#% it cannot be called
import js
js.Object.getPrototypeOf(js.Uint8Array)()

#% its static functions are inherited
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
own = js.Object.hasOwn
[own(p, "from"), own(p, "of"), own(js.Uint8Array, "from"), own(js.Uint8Array, "of"), own(js.Uint8Array, "BYTES_PER_ELEMENT"), own(p, "BYTES_PER_ELEMENT"), "from" in dir(js.Uint8Array)]

#% its static functions make what they are called on
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
made = js.Reflect.apply(p.of, js.Int16Array, js.Array.of(1, 70000))
[made.constructor.name, made.to_py().tolist(), js.Reflect.apply(getattr(p, "from"), js.Float32Array, js.Array.of("12")).constructor.name]

#% its static functions on itself
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
p.of(1)

#% its static functions on something else
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
js.Reflect.apply(p.of, js.Object.new(), js.Array.of(1))

#% its static functions on another class
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
js.Reflect.apply(p.of, js.Array, js.Array.of(1))

#% instances of it
import js, fixtures
p = js.Object.getPrototypeOf(js.Uint8Array)
[fixtures.is_instance(js.Uint8Array.new(1), p), fixtures.is_instance(js.BigInt64Array.new(1), p), fixtures.is_instance(js.Array.new(1), p), fixtures.is_instance(js.DataView.new(js.ArrayBuffer.new(1)), p)]

#% static functions of errors are inherited
import js
[hasattr(js.TypeError, "isError"), js.Object.hasOwn(js.Error, "isError"), js.Object.hasOwn(js.TypeError, "isError")]

#% from on another class
import js
p = js.Object.getPrototypeOf(js.Uint8Array)
js.Reflect.apply(getattr(p, "from"), js.Map, js.Array.of(js.Array.new()))

#% collections made for another class
import js, fixtures
m = js.Reflect.construct(js.Map, js.Array.new(), js.Date)
[m.constructor.name, fixtures.is_instance(m, js.Date), fixtures.is_instance(m, js.Map), js.Reflect.apply(js.Map.prototype.has, m, js.Array.of(1))]

#% iterables that fail midway
import js, fixtures
r = []
for make in (js.Map, js.Set, js.WeakSet, js.WeakMap):
    try:
        make.new(fixtures.fail_after(0))
    except Exception as e:
        r.append(str(e))
r

#% Error.isError
import js, fixtures
isError = js.Error.isError
[isError(js.TypeError.new("x")), isError(js.DOMException.new("x")), isError(js.Object.create(js.Error.prototype)), isError(1), isError(fixtures.custom_error("x") if callable(fixtures.custom_error) else fixtures.custom_error), js.Error.isError.length]
