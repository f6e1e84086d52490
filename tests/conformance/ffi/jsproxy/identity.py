#% equality is identity of the object
from fixtures import plain
o = plain()
p = o.e
[o == o, o == plain(), o.e == p, o.e is p, o != o, o != plain(), o == 1, o != 1, o == None]

#% order of JavaScript objects
from js import Object
from pyodide.ffi import to_js
a, b = to_js([1]), to_js([2])
[a < b, a > b, a <= b, a >= b, to_js(["b"]) < to_js(["a"])]

#% order of plain objects
from fixtures import plain
a, b = plain(), plain()
[a < b, a <= b, a >= b, a > b]

#% order against something of Python
from fixtures import plain
plain() < 1

#% js_id
from fixtures import plain
o, p = plain(), plain()
[o.e.js_id == o.e.js_id, o.js_id == p.js_id, type(o.js_id).__name__]

#% hash
from fixtures import plain
o = plain()
[hash(o.e) == hash(o.e), hash(o) == hash(o), len({o, o}), {o: 1}[o]]

#% equal proxies in a set
from fixtures import plain
o = plain()
[len({o.e, o.e}), o.e in {o.e}]

#% hashing what Python calls mutable
from fixtures import map, set as make_set
from pyodide.ffi import to_js
out = []
for make in (lambda: to_js([1]), map, make_set):
    try:
        out.append(type(hash(make())).__name__)
    except TypeError as error:
        out.append(str(error))
out

#% truth
from fixtures import plain, map, set as make_set, typed, array_buffer, add, Point, resolved, error, array_like, null_prototype
from pyodide.ffi import to_js
from js import Object, Promise
[bool(x) for x in (
    plain(), Object.new(), to_js([]), to_js([1]), map([]), map(), make_set([]), make_set(), typed("Uint8Array", []),
    typed("Uint8Array", [0]), array_buffer([]), array_buffer([1]), add, Point, Point.new(1, 2), Promise.new(lambda a, b: None),
    error("Error", ""), array_like(), null_prototype(), to_js({"size": 0}, dict_converter=Object.fromEntries),
    to_js({"length": 0}, dict_converter=Object.fromEntries), to_js({"byteLength": 0}, dict_converter=Object.fromEntries),
    to_js({"size": False}, dict_converter=Object.fromEntries),
)]

#% length
from fixtures import map, set as make_set, typed, array_like, sparse
from pyodide.ffi import to_js
from js import Object
make = lambda **kw: to_js(kw, dict_converter=Object.fromEntries)
[len(x) for x in (map(), make_set(), typed("Float64Array", [1, 2, 3]), array_like(), sparse(), to_js([]), make(size=3), make(length=4), make(size=5, length=6), make(size="7", length=8))]

#% no length
from fixtures import plain
len(plain())

#% a length that is no number
from pyodide.ffi import to_js
from js import Object
len(to_js({"length": "three"}, dict_converter=Object.fromEntries))

#% lengths out of range
from pyodide.ffi import to_js
from js import Object
out = []
for value in (-1, -(2**31), -(2**40), 2**31 - 1, 2**31, 2**53, 1e300, float("inf"), float("nan"), 2.5):
    try:
        out.append(len(to_js({"length": value}, dict_converter=Object.fromEntries)))
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% the length of a function
from fixtures import add
len(add)

#% text of values
from fixtures import plain, map, set as make_set, typed, array_buffer, Point, resolved, error, null_prototype, with_symbols, count_to, sparse, nested, async_count_to, custom_error
from pyodide.ffi import to_js
from js import Promise
[str(x) for x in (
    plain(), to_js([1, [2, "three"], None]), map(), make_set(), typed("Int16Array", [1, -2]), array_buffer([1]),
    Point.new(1, 2), Promise.new(lambda a, b: None), null_prototype(), with_symbols(), count_to(1), async_count_to(1), sparse(), nested(),
    to_js([]), error("RangeError", "oops"), custom_error("failed", 7),
)]

#% str and repr are the same
from fixtures import plain
from pyodide.ffi import to_js
[repr(plain()), f"{plain()}", "%s %r" % (to_js([1, 2]), to_js([3])), format(plain(), "")]

#% text of iterators
from fixtures import map, set as make_set
from pyodide.ffi import to_js
[str(x) for x in (to_js([1]).values(), to_js([1]).entries(), map().entries(), map().js_keys() if hasattr(map(), "js_keys") else "", make_set().values(), to_js("ab"))]

#% text of a built-in function and of a method
import js
[str(js.Array), str(js.parseInt), str(js.Math.max), str(js.Map.prototype.forEach)]

#% a format that is not empty
from fixtures import plain
format(plain(), ">5")

#% a toString of its own
from fixtures import plain
from pyodide.ffi import create_proxy
o = plain()
o.toString = create_proxy(lambda: "my own text")
[str(o), repr(o)]

#% a toString that throws
from fixtures import plain, throw_error
o = plain()
o.toString = throw_error
str(o)

#% a toString that is no function
from fixtures import plain
o = plain()
o.toString = 7
[str(o)]

#% a toString that gives no string
from fixtures import plain, identity
from pyodide.ffi import create_proxy
o = plain()
o.toString = create_proxy(lambda: 42)
[str(o)]

#% typeof and constructor
from fixtures import plain, map, set as make_set, typed, array_buffer, add, Point, Point3, resolved, error, count_to, symbol, custom_error, async_count_to, this_of
from pyodide.ffi import to_js
from js import Promise
[(x.typeof, x.constructor.name) for x in (
    plain(), to_js([]), map(), make_set(), typed("Uint8ClampedArray", []), array_buffer([]), add, Point, Point.new(1, 2),
    Point3.new(1, 2, 3), Promise.new(lambda a, b: None), error("URIError", ""), custom_error("", 1), symbol, this_of,
)]

#% the constructor is the global
import js
from fixtures import plain, map, set as make_set, typed, error, resolved, add, Point, Point3
from pyodide.ffi import to_js
[
    plain().constructor == js.Object, to_js([]).constructor == js.Array, map().constructor == js.Map,
    make_set().constructor == js.Set, typed("Int8Array", []).constructor == js.Int8Array,
    error("TypeError", "").constructor == js.TypeError, js.Promise.new(lambda a, b: None).constructor == js.Promise, add.constructor == js.Function,
    Point.constructor == js.Function, Point.new(1, 2).constructor == Point, Point3.new(1, 2, 3).constructor == Point3,
    js.Map.constructor == js.Function, js.Object.constructor == js.Function,
]

#% instanceof
import js
from fixtures import is_instance, plain, map, error, Point, Point3, add, typed, resolved, custom_error, CustomError, null_prototype
from pyodide.ffi import to_js
p = Point3.new(1, 2, 3)
[
    is_instance(p, Point3), is_instance(p, Point), is_instance(Point.new(1, 2), Point3), is_instance(p, js.Object),
    is_instance(plain(), js.Object), is_instance(plain(), js.Map), is_instance(map(), js.Map), is_instance(map(), js.Object),
    is_instance(to_js([]), js.Array), is_instance(error("TypeError", ""), js.TypeError), is_instance(error("TypeError", ""), js.Error),
    is_instance(error("TypeError", ""), js.RangeError), is_instance(add, js.Function), is_instance(Point, js.Function),
    is_instance(typed("Int8Array", []), js.Int8Array), is_instance(typed("Int8Array", []), js.Uint8Array),
    is_instance(js.Promise.new(lambda a, b: None), js.Promise), is_instance(custom_error("", 1), CustomError), is_instance(custom_error("", 1), js.Error),
    is_instance(null_prototype(), js.Object), is_instance(1, js.Number), is_instance("", js.String), is_instance(p, js.Function),
]

#% instanceof something that is no class
from fixtures import is_instance, plain
is_instance(plain(), plain())

#% isinstance with a JavaScript class
import js
from fixtures import map
isinstance(map(), js.Map)

#% issubclass with a JavaScript class
import js
from pyodide.ffi import JsMap
issubclass(JsMap, js.Map)

#% prototypes
import js
from fixtures import plain, map, Point, Point3
from pyodide.ffi import to_js
P = js.Object.getPrototypeOf
[
    P(plain()) == js.Object.prototype, P(map()) == js.Map.prototype, P(to_js([])) == js.Array.prototype,
    P(Point3.new(1, 2, 3)) == Point3.prototype, P(Point3.prototype) == Point.prototype, P(Point3) == Point,
    P(Point.prototype) == js.Object.prototype, P(js.TypeError.prototype) == js.Error.prototype, P(js.TypeError) == js.Error,
    P(js.Map.prototype) == js.Object.prototype, P(P(js.Int8Array.prototype)) == js.Object.prototype,
]

#% the prototype of Object.prototype
import js
js.Object.getPrototypeOf(js.Object.prototype)

#% methods borrowed from a prototype
import js
from fixtures import array_like
from pyodide.ffi import to_js
[js.Array.prototype.slice.call(to_js([1, 2, 3]), 1).to_py(), js.Object.prototype.toString.call(array_like()), js.Object.prototype.hasOwnProperty.call(array_like(), "0"), js.Array.prototype.concat.call(to_js([1]), 2).to_py()]

#% a method of another class
import js
from fixtures import plain
js.Set.prototype.add.call(plain(), 1)

#% weak references
from fixtures import plain
o = plain()
r = o.to_weakref()
[r.deref() == o, r.typeof, r.constructor.name, str(r)]
