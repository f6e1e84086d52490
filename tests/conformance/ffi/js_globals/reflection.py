#% Reflect on properties
import js

o = js.Object.fromEntries([["a", 1]])
R = js.Reflect
[R.get(o, "a"), R.has(o, "b"), R.set(o, "b", 2), o.b, R.deleteProperty(o, "a"), R.ownKeys(o).to_py(), R.getPrototypeOf(o) == js.Object.prototype, R.isExtensible(o), R.preventExtensions(o), R.set(o, "c", 1), R.isExtensible(o), R.deleteProperty(js.Object.freeze(js.Array.of(1)), "0")]

#% Reflect.defineProperty
import js
from pyodide.ffi import to_js

o = js.Object.new()
d = to_js({"value": 1}, dict_converter=js.Object.fromEntries)
e = to_js({"value": 2}, dict_converter=js.Object.fromEntries)
[js.Reflect.defineProperty(o, "x", d), js.Reflect.defineProperty(o, "x", e), o.x, js.Reflect.set(o, "x", 5), js.Reflect.setPrototypeOf(o, None), js.Reflect.getOwnPropertyDescriptor(o, "x").to_py()]

#% Reflect on something else than an object
import js

js.Reflect.get(1, "x")

#% apply and construct
import js
from pyodide.ffi import to_js

R = js.Reflect
[R.apply(js.Math.max, None, to_js([1, 5, 2])), R.construct(js.Date, to_js([2020, 1, 1])).toISOString(), R.apply(js.String.prototype.slice, "hello", to_js([1, 3])), R.construct(js.Array, to_js([3])).length]

#% apply of something else than a function
import js

js.Reflect.apply(5, None, js.Array.new())

#% construct of something else than a constructor
import js

js.Reflect.construct(js.Math.max, js.Array.new())

#% apply without arguments
import js

js.Reflect.apply(js.Math.max, None, 5)

#% functions
import js

f = js.Math.max
b = f.bind(None, 10)
[f.name, f.length, f.call(None, 1, 2), f.apply(None, js.Array.of(3, 4)), b(5), b.name, b.length, js.Object.prototype.toString.call(f), f.toString(), js.Function.prototype.isPrototypeOf(f), f.typeof]

#% a proxy without traps
import js

t = js.Object.fromEntries([["a", 1]])
p = js.Proxy.new(t, js.Object.new())
p.b = 2
[p.a, t.b, js.Object.keys(p).to_py(), js.JSON.stringify(p), js.Reflect.has(p, "a"), p.constructor.name, js.Object.prototype.toString.call(p)]

#% traps in Python
import js
from pyodide.ffi import create_proxy, to_js

log = []


def set_(target, key, value, receiver):
    log.append(("set", key))
    return js.Reflect.set(target, key, value * 2)


def delete(target, key):
    log.append(("delete", key))
    return True


traps = [create_proxy(f) for f in (set_, delete)]
handler = to_js(dict(zip(["set", "deleteProperty"], traps)), dict_converter=js.Object.fromEntries)
p = js.Proxy.new(js.Object.fromEntries([["a", 1]]), handler)
R = js.Reflect
found = [R.get(p, "a"), R.get(p, "zzz"), R.has(p, "a"), R.set(p, "a", 21), R.get(p, "a"), R.deleteProperty(p, "q"), log]
for t in traps:
    t.destroy()
found

#% a trap that refuses
import js
from pyodide.ffi import create_proxy, to_js

no = create_proxy(lambda *args: False)
p = js.Proxy.new(js.Object.new(), to_js({"set": no}, dict_converter=js.Object.fromEntries))
p.x = 1

#% proxies of functions
import js
from pyodide.ffi import create_proxy, to_js

a = create_proxy(lambda target, this, args: ["applied", len(args)][1] + target(*args))
c = create_proxy(lambda target, args, new: js.Array.of("made", *args))
p = js.Proxy.new(js.Math.max, to_js({"apply": a, "construct": c}, dict_converter=js.Object.fromEntries))
found = [p(1, 7), p.new(5).to_py(), p.typeof, js.Proxy.new(js.Date, js.Object.new()).new(0).toISOString()]
a.destroy(); c.destroy()
found

#% proxies of arrays
import js

p = js.Proxy.new(js.Array.of(3, 1, 2), js.Object.new())
[js.Array.isArray(p), p.length, js.Reflect.get(p, "0"), js.JSON.stringify(p), js.Array.prototype.slice.call(p, 1).to_py() if False else js.Reflect.get(js.Array.prototype, "slice").call(p, 1).to_py(), js.Array.of(0).concat(p).to_py()]

#% a proxy of nothing
import js

js.Proxy.new(1, js.Object.new())

#% Proxy without new
import js

js.Proxy(js.Object.new(), js.Object.new())

#% revoking
import js

r = js.Proxy.revocable(js.Object.fromEntries([["a", 1]]), js.Object.new())
p = r.proxy
found = [p.a]
r.revoke()
js.Reflect.get(p, "a")

#% globalThis
import js

[js.globalThis == js.globalThis.globalThis, js.globalThis.Math == js.Math, js.NaN != js.NaN, js.Infinity, str(js.undefined), js.globalThis.typeof]

#% instances of classes
import js

def I(v, c):
    return js.Reflect.get(c, js.Symbol.hasInstance).call(c, v)

[I(js.Array.new(), js.Array), I(js.Array.new(), js.Object), I(js.Map.new(), js.Set), I(js.Date.new(0), js.Date), I(js.RegExp.new("a"), js.RegExp), I(js.TypeError.new("x"), js.Error), I(js.Math.max, js.Function)]

#% Intl
import js

hasattr(js, "Intl")
