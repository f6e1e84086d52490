#% assign
import js
from pyodide.ffi import to_js

o = to_js({"a": 1}, dict_converter=js.Object.fromEntries)
[js.Object.assign(o, to_js({"b": 2}, dict_converter=js.Object.fromEntries), None, "xy") == o, js.JSON.stringify(o)]

#% assign to null
import js

js.Object.assign(None, js.Object.new())

#% keys, values, entries
import js
from pyodide.ffi import to_js

o = to_js({"b": 1, "2": "x", "a": None, "1": "y"}, dict_converter=js.Object.fromEntries)
[js.Object.keys(o).to_py(), js.Object.values(o).length, [e[0] for e in js.Object.entries(o)], js.Object.keys("ab").to_py(), js.Object.entries(js.Array.of("x")).to_py(), js.Object.keys(5).to_py()]

#% keys of null
import js

js.Object.keys(None)

#% fromEntries
import js

[js.Object.fromEntries([["a", 1], ["b", 2]]).to_py(), js.Object.fromEntries(js.Map.new([["k", "v"]])).to_py()]

#% fromEntries of something else
import js

js.Object.fromEntries(js.Array.of(1))

#% defineProperty
import js
from pyodide.ffi import to_js

def d(**k):
    return to_js(k, dict_converter=js.Object.fromEntries)

o = js.Object.new()
js.Object.defineProperty(o, "hidden", d(value=1))
js.Object.defineProperty(o, "shown", d(value=2, enumerable=True, writable=True, configurable=True))
[js.Object.keys(o).to_py(), o.hidden, js.Object.getOwnPropertyNames(o).to_py(), js.JSON.stringify(o), js.JSON.stringify(js.Object.getOwnPropertyDescriptors(o))]

#% writing a read-only property
import js
from pyodide.ffi import to_js

o = js.Object.new()
js.Object.defineProperty(o, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
o.x = 2

#% deleting a fixed property
import js
from pyodide.ffi import to_js

o = js.Object.new()
js.Object.defineProperty(o, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
del o.x

#% redefining a fixed property
import js
from pyodide.ffi import to_js

o = js.Object.new()
js.Object.defineProperty(o, "x", to_js({"value": 1}, dict_converter=js.Object.fromEntries))
js.Object.defineProperty(o, "x", to_js({"value": 2}, dict_converter=js.Object.fromEntries))

#% descriptors that are wrong
import js
from pyodide.ffi import to_js

def message(*args):
    try:
        return js.Object.defineProperty(*args)
    except Exception as e:
        return str(e)

def d(**k):
    return to_js(k, dict_converter=js.Object.fromEntries)

[message(js.Object.new(), "x", 1), message(1, "x", d()), message(js.Object.new(), "x", d(get=5)), message(js.Object.freeze(js.Object.new()), "x", d())]

#% accessors
import js
from pyodide.ffi import create_proxy, to_js

store = {"v": 1}
get, set_ = create_proxy(lambda: store["v"]), create_proxy(lambda v: store.update(v=v))
o = js.Object.new()
js.Object.defineProperty(o, "x", to_js({"get": get, "set": set_, "enumerable": True}, dict_converter=js.Object.fromEntries))
found = [o.x]
o.x = 5
found += [o.x, store, js.JSON.stringify(o), sorted(js.Object.keys(js.Object.getOwnPropertyDescriptor(o, "x")))]
js.Object.keys(o).to_py()
get.destroy()
set_.destroy()
found

#% a property with only a getter
import js
from pyodide.ffi import create_proxy, to_js

get = create_proxy(lambda: 1)
o = js.Object.new()
js.Object.defineProperty(o, "x", to_js({"get": get}, dict_converter=js.Object.fromEntries))
try:
    o.x = 2
finally:
    get.destroy()

#% freeze
import js

def message(f):
    try:
        return f()
    except Exception as e:
        return str(e)

o = js.Object.fromEntries([["a", 1]])
js.Object.freeze(o)
[js.Object.isFrozen(o), js.Object.isSealed(o), js.Object.isExtensible(o), message(lambda: setattr(o, "a", 2)), message(lambda: setattr(o, "b", 2)), message(lambda: delattr(o, "a")), o.a]

#% seal and preventExtensions
import js

def message(f):
    try:
        return f()
    except Exception as e:
        return str(e)

s = js.Object.seal(js.Object.fromEntries([["a", 1]]))
p = js.Object.preventExtensions(js.Object.fromEntries([["a", 1]]))
s.a = 5
[js.Object.isFrozen(s), js.Object.isSealed(s), js.Object.isSealed(p), js.Object.isExtensible(p), s.a, message(lambda: delattr(s, "a")), message(lambda: setattr(p, "b", 1)), message(lambda: delattr(p, "a")), js.Object.isFrozen(p), js.Object.isFrozen(5), js.Object.freeze(7)]

#% prototypes
import js

o = js.Object.create(None)
p = js.Object.create(js.Object.fromEntries([["inherited", 1]]))
q = js.Object.new()
js.Object.setPrototypeOf(q, p)
[js.Object.getPrototypeOf(o), p.inherited, js.Object.hasOwn(p, "inherited"), q.inherited, js.Object.getPrototypeOf(q) == p, js.Object.getPrototypeOf(js.Array.new()) == js.Array.prototype, js.Object.getPrototypeOf("x") == js.String.prototype, js.Object.keys(q).to_py()]

#% a circle of prototypes
import js

a = js.Object.new()
b = js.Object.create(a)
js.Object.setPrototypeOf(a, b)

#% a prototype that is none
import js

js.Object.create(5)

#% create with properties
import js
from pyodide.ffi import to_js

o = js.Object.create(js.Object.prototype, to_js({"x": {"value": 1, "enumerable": True}, "y": {"value": 2}}, dict_converter=js.Object.fromEntries))
[o.x, o.y, js.Object.keys(o).to_py()]

#% the same value
import js

[js.Object["is"](a, b) for a, b in ((0, -0.0), (float("nan"), float("nan")), ("a", "a"), (1, True), (None, None), (2, 2.0), (0, False))] + [js.Object.is_(js.Object, js.Object)]

#% groupBy
import js
from pyodide.ffi import to_js

g = js.Object.groupBy(to_js([1, 2, 3, 4]), lambda x, i: "odd" if x % 2 else "even")
m = js.Map.groupBy(to_js([1, 2, 3]), lambda x, i: x % 2)
[g.odd.to_py(), g.even.to_py(), js.Object.getPrototypeOf(g), [(k, m.get(k).to_py()) for k in m.keys()]]

#% hasOwn and in
import js

o = js.Object.fromEntries([["a", js.undefined]])
[js.Object.hasOwn(o, "a"), js.Object.hasOwn(o, "toString"), o.hasOwnProperty("a"), js.Reflect.has(o, "toString"), o.propertyIsEnumerable("a"), js.Object.prototype.isPrototypeOf(o), js.Object.hasOwn("ab", "length"), js.Object.hasOwn(js.Array.of(1), 0)]

#% wrapped primitives
import js

[js.Object(1).typeof, js.Object("x").constructor.name, js.Object(True).valueOf(), js.Object(None).constructor.name, js.Object.new(2**60).constructor.name, js.Object(js.Symbol("q")).description, js.Object.prototype.toString.call(js.Object(js.Symbol("q")))]

#% tags
import js

T = js.Object.prototype.toString
[T.call(x) for x in (1, "a", None, True, 2**60, js.undefined, js.Symbol("x"), js.Math, js.JSON, js.Reflect, js.Array.new(), js.Map.new(), js.Set.new(), js.Date.new(0), js.RegExp.new("a"), js.Error.new("x"), js.Object.new(), js.Object, js.WeakMap.new(), js.Promise.resolve(1), js.Object(1), js.Map.new().entries(), js.Set.new().values(), js.Array.new().keys(), js.globalThis)]

#% symbols as keys
import js

s = js.Symbol("s")
o = js.Object.new()
js.Reflect.set(o, s, 1)
[js.Reflect.get(o, s), js.Object.getOwnPropertySymbols(o).length, js.Object.keys(o).to_py(), js.JSON.stringify(o), js.Reflect.ownKeys(o).length, js.Object.assign(js.Object.new(), o) is not None, js.Reflect.get(js.Object.assign(js.Object.new(), o), s)]

#% built-in descriptors
import js

def flags(o, n):
    d = js.Object.getOwnPropertyDescriptor(o, n)
    return [d.writable, d.enumerable, d.configurable] if hasattr(d, "writable") else [hasattr(d, "get"), d.enumerable, d.configurable]

[flags(js.Math, "PI"), flags(js.Math, "abs"), flags(js.Array.of(1), "length"), flags(js.Array.of(1), "0"), flags(js.Array.prototype, "map"), flags(js.Map.prototype, "size"), flags(js.Object, "prototype"), flags("ab", "0"), flags("ab", "length"), flags(js.Number, "MAX_VALUE"), flags(js.Object, "keys"), flags(js.RegExp.new("a"), "lastIndex"), flags(js.Symbol, "iterator"), flags(js.Error.new("x"), "message")]
