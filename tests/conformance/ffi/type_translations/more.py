#% strings are read as JavaScript numbers only by JavaScript
import js
[js.Math.max("10", 9), js.Math.abs(-5), js.Math.floor(-1.5)]

#% an integer as a property name
import fixtures
x = fixtures.plain()
fixtures.set_property(x, 5, "five")
[fixtures.get_property(x, 5), fixtures.get_property(x, "5"), fixtures.get_property(x, 5.0), x.object_keys().to_py()]

#% what is not converted by to_js at depth 0 inside containers
import fixtures
from pyodide.ffi import to_js
x = {"a": [1]}
r = to_js(x, depth=1)
[r.a is x["a"], fixtures.inspect(r)]

#% to_js of a proxy of Python
import fixtures
from pyodide.ffi import create_proxy, to_js
x = [1, 2]
p = create_proxy(x)
[to_js(p) is p, fixtures.inspect(to_js([p])), p.unwrap() is x]

#% create_proxy of what converts
from pyodide.ffi import create_proxy
[create_proxy(x) for x in (1, "s", None)]

#% create_proxy keeps the object
import fixtures
from pyodide.ffi import create_proxy
class T:
    pass
t = T()
p = create_proxy(t)
found = [fixtures.identity(p) is p, fixtures.identity(p) == p, p.unwrap() is t, fixtures.inspect(p)]
p.destroy()
found

#% create_proxy with roundtrip
import fixtures
from pyodide.ffi import create_proxy
class T:
    pass
t = T()
p = create_proxy(t, roundtrip=True)
q = fixtures.identity(p)
found = [q is t, type(q), q == p, q.unwrap() is t]
p.destroy()
found

#% create_proxy with capture_this
import fixtures
from pyodide.ffi import create_proxy
import js
def f(this, x):
    return [this.name, x]
p = create_proxy(f, capture_this=True)
o = js.Object.new()
o.name = "o"
o.f = p
found = list(fixtures.call_method(o, "f", 5))
p.destroy()
found

#% a destroyed proxy
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
p.append(2)

#% destroying twice
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
p.destroy()

#% methods of a proxy of a list
import fixtures
from pyodide.ffi import create_proxy
x = [3, 1]
p = create_proxy(x)
found = [p.type, p.length, fixtures.call_method(p, "get", 0), fixtures.call_method(p, "toString"), p.sort(), x]
p.destroy()
found

#% toJs of a proxy
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": [1, (2,)]})
found = fixtures.inspect(p.toJs()), fixtures.inspect(p.toJs(depth=1))
p.destroy()
found

#% JSON of Python objects
import js
from pyodide.ffi import to_js
class T:
    x = 1
[js.JSON.stringify(to_js({"a": [1, None, True], "b": {"c": "d"}})), js.JSON.stringify([1, 2]), js.JSON.stringify({"a": 1}), js.JSON.stringify("s"), js.JSON.stringify(1.5)]

#% JSON of a big integer
import js
js.JSON.stringify(2**60)

#% JSON of a cycle
import js, fixtures
js.JSON.stringify(fixtures.cyclic())

#% Object functions
import js, fixtures
x = fixtures.plain()
[js.Object.keys(x).to_py(), js.Object.entries(fixtures.map()).to_py(), js.Object.assign(js.Object.new(), x).to_py(), js.Object.fromEntries([["k", 1]]).to_py(), getattr(js.Object, "is")(1, 1), js.Object.is_(1, 1)]

#% Array functions
import js, fixtures
from_ = getattr(js.Array, "from")
[js.Array.isArray(fixtures.sparse()), js.Array.isArray([1]), from_([1, 2]).to_py(), from_("a\U0001f600").to_py(), from_(fixtures.set()).to_py(), from_(fixtures.array_like()).to_py(), js.Array.of(1, 2).to_py(), js.Array.new(3).length]

#% new with a Python list
import js
[js.Set.new([1, 1, 2]).size, js.Map.new([[1, 2], (3, 4)]).to_py(), js.Array.new(1, 2).to_py(), js.Map.new({"a": 1}.items()).to_py()]

#% a Map with a dict
import js
js.Map.new({"ab": 1}).to_py()

#% a Set of a string
import js
sorted(js.Set.new("hello").to_py())

#% same by Object.is
import fixtures, js
is_ = getattr(js.Object, "is")
[is_(1, 1.0), is_(float("nan"), float("nan")), is_(0, -0.0), is_("a", "a"), is_(None, None), is_(None, fixtures.null_value), is_(2**60, 2**60), is_(5, js.BigInt(5)), is_([], [])]

#% a Map tells keys apart as JavaScript does
import js
m = js.Map.new()
for key in (1, 1.0, True, "1", None, float("nan"), 0, -0.0, js.BigInt(1), 2**60):
    m.set(key, repr(key))
[m.size, [(type(key).__name__, m.get(key)) for key in m]]

#% an object with numbers as names
import js
x = js.Object.new()
x["5"] = 1

#% an Array by index
import js
x = js.Array.of(1, 2, 3)
x[0] = "zero"
x[-1] = "last"
[x.to_py(), x[1:].to_py()]

#% an index out of range
import js
js.Array.of(1)[1]

#% an index that is no number
import js
js.Array.of(1)["a"]

#% length of an Array
import js
x = js.Array.of(1, 2, 3)
x.length = 1
[x.to_py(), len(x)]

#% an Array that is too long
import js
js.Array.new(-1)

#% hashing a mutable value as a key
import fixtures
x = fixtures.plain()
{x: 1}[x]

#% hashing an Array
import js
hash(js.Array.new())

#% pickling a JsProxy
import js, pickle
pickle.dumps(js.Object.new())

#% copying a JsProxy
import js, copy
x = js.Object.new()
copy.copy(x)

#% a weak reference to a JsProxy
import js, weakref
x = js.Object.new()
r = weakref.ref(x)
r() is x

#% formatting a JsProxy
import js
f"{js.Array.of(1, 2)}", f"{js.Object.new()!r}", "%s" % js.Array.of(3)

#% adding proxies
import js
js.Array.of(1) + js.Array.of(2)

#% adding lists to an Array
import js
x = js.Array.of(1)
x += [2]
[type(x), list(x), list(js.Array.of(1) + [2])]

#% an Array times a number
import js
list(js.Array.of(1, 2) * 2)

#% a JsProxy as a number
import js
int(js.Array.of(5))

#% a JsProxy as an index
import js
[1, 2][js.Object.new()]

#% a JsProxy as a context manager
import js
with js.Object.new():
    pass

#% a JsProxy that cannot be iterated
import js
list(js.Object.new())

#% a JsProxy without a length
import js
len(js.Object.new())

#% a JsProxy that cannot be called
import js
js.Object.new()()

#% a JsProxy without items
import js
js.Object.new()["a"]

#% two values where one is expected
import fixtures
def f(*args, **kwargs):
    return [len(args), kwargs]
fixtures.call_with(f, 1, 2)

#% a number for every width of integer array
import js
found = []
for name in ("Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array", "Float32Array"):
    array = getattr(js, name).new(1)
    row = []
    for value in (300, -1, 1.7, 2**31, float("nan"), float("inf"), "12", True):
        array[0] = value
        row.append(array[0])
    found.append(row)
found

#% big integers in typed arrays
import js
x = js.BigInt64Array.new(2)
x[0] = js.BigInt(5)
x[1] = 2**63 - 1
[x[0], x[1], type(x[0])]

#% a plain number in an array of big integers
import js
x = js.BigInt64Array.new(1)
x[0] = 5

#% dates are not converted
import js
x = js.Date.new(0)
[type(x.to_py()).__name__, x.getTime(), x.toISOString()]

#% exceptions as values
import fixtures
e = ValueError("v")
[fixtures.identity(e) is e, fixtures.inspect(e), fixtures.type_of(e)]

#% classes as values
import fixtures
class T:
    def __init__(self, x=0):
        self.x = x
[fixtures.identity(T) is T, fixtures.call_with(T, 5).x, fixtures.type_of(T)]

#% a module as a value
import fixtures, math
[fixtures.identity(math) is math, fixtures.inspect(math), fixtures.call_method(math, "floor", 1.5)]

#% a coroutine as a value
import fixtures
async def f():
    return 5
c = f()
[fixtures.identity(c) is c, await c]

#% iterators as values
import fixtures
[fixtures.spread([1, 2]).to_py(), fixtures.spread((1,)).to_py(), fixtures.spread({"a": 1}).to_py(), sorted(fixtures.spread({1, 2})), fixtures.spread(range(3)).to_py(), fixtures.spread(x for x in (4, 5)).to_py(), fixtures.spread("ab").to_py()]

#% spreading what cannot be
import fixtures
[fixtures.call_catching(fixtures.spread, x) for x in (5, None, object(), fixtures.plain())]

#% is_instance of built-in classes
import js, fixtures
[fixtures.is_instance(js.Array.new(), js.Array), fixtures.is_instance(js.Map.new(), js.Object), fixtures.is_instance(fixtures.error("TypeError", "t"), js.Error), fixtures.is_instance(fixtures.add, js.Function), fixtures.is_instance(5, js.Number)]

#% tags
import js, fixtures
[fixtures.tag_of(x) for x in (None, fixtures.null_value, True, 1, "s", 2**60, js.Array.new(), js.Object.new(), fixtures.add, js.Map.new(), js.Set.new(), fixtures.error("Error", "e"), fixtures.with_symbols(), fixtures.symbol, fixtures.array_buffer([]), fixtures.typed("Int8Array", []), js.JSON, js.Math)]

#% names of constructors
import js, fixtures
[fixtures.constructor_name(x) for x in (True, 1, "s", 2**60, js.Array.new(), js.Object.new(), fixtures.add, js.Map.new(), fixtures.error("RangeError", "e"), fixtures.Point.new(1, 2), fixtures.symbol, [1], {}, (1,), len, ValueError())]

#% bound functions
import fixtures, js
from pyodide.ffi import jsnull
f = fixtures.add.bind(None, 1)
g = fixtures.arguments_of.bind(None, 1).bind(None, 2, 3)
[f(2), g(4).to_py(), f.name, f.length, f.bind().name, js.Array.bind(None, 1, 2).new(3).to_py(), f.toString()]
