#% an Array becomes a list
import js
js.Array.of(1, "two", None, 4.5).to_py()

#% nested data
import fixtures
fixtures.nested().to_py()

#% plain objects become dicts
import fixtures
fixtures.plain().to_py()

#% objects without a prototype become dicts
import fixtures
fixtures.null_prototype().to_py()

#% instances of classes stay proxies
import fixtures
x = fixtures.Point.new(1, 2)
[x.to_py() is x, x.to_py() == x]

#% inherited properties are not part of the dict
import fixtures
fixtures.inheriting().to_py()

#% symbols are not part of the dict
import fixtures
fixtures.with_symbols().to_py()

#% getters are called
import fixtures
fixtures.with_accessor().to_py()

#% a getter that throws
import fixtures
fixtures.throwing_getter().to_py()

#% a frozen object
import fixtures
fixtures.frozen().to_py()

#% something like an array
import fixtures
fixtures.array_like().to_py()

#% an array with a hole
import fixtures
fixtures.sparse().to_py()

#% a Map
import fixtures
fixtures.map().to_py()

#% a Map with an object as key
import fixtures
fixtures.map_with_object_key().to_py()

#% a Map with an array as key
import fixtures, js
fixtures.map([[[1], 2]]).to_py()

#% a Map with a Python tuple as key
import fixtures
m = fixtures.map()
m.set((1, 2), 3)
m.to_py()

#% a Map with 1 and true
import js
js.Map.new([[1, "a"], [True, "b"]]).to_py()

#% a Map with 0 and false
import js
js.Map.new([[0, "a"], [False, "b"]]).to_py()

#% a Map with equal keys for Python
import js
js.Map.new([[1, "a"], [js.BigInt(1), "b"]]).to_py()

#% a Set
import fixtures
fixtures.set().to_py(), fixtures.set([]).to_py()

#% a Set of objects
import fixtures, js
s = js.Set.new()
s.add(js.Object.new())
s.to_py()

#% a Set with 1 and true
import js
js.Set.new([1, True]).to_py()

#% a Set with 0 and false
import js
js.Set.new([0, False]).to_py()

#% a Set of unhashable Python objects
import js
s = js.Set.new()
from pyodide.ffi import create_proxy
p = create_proxy([1])
s.add(p)
try:
    s.to_py()
    found = None
except Exception as error:
    found = type(error).__name__, str(error)
p.destroy()
found

#% a Map with NaN
import js
js.Map.new([[float("nan"), 1]]).to_py()

#% depth
import fixtures
x = fixtures.nested()
[repr(x.to_py(depth=n)) for n in (0, 1, 2, 3, -1)]

#% depth of an Array
import js
from pyodide.ffi import to_js
x = to_js([1, [2, [3]]])
[repr(x.to_py(depth=n)) for n in range(4)]

#% cycles
import fixtures
x = fixtures.cyclic().to_py()
[x["name"], x["list"][0] is x]

#% cycles cut by depth
import fixtures
x = fixtures.cyclic()
[repr(x.to_py(depth=n)) for n in (1, 2, 3)]

#% shared references
import js
from pyodide.ffi import to_js
a = to_js([1])
r = js.Array.of(a, a, js.Array.of(a)).to_py()
[r[0] is r[1], r[0] is r[2][0]]

#% Python objects inside come back themselves
import js
from pyodide.ffi import create_proxy
class T:
    pass
t = T()
p = create_proxy(t)
r = js.Array.of(p, p).to_py()
[r[0] is t, r[1] is t]

#% functions and dates stay proxies
import fixtures, js
[fixtures.add.to_py() == fixtures.add, js.Array.of(fixtures.add).to_py()[0] == fixtures.add, type(js.Date.new(0).to_py()).__name__]

#% typed arrays become memoryviews
import fixtures
[fixtures.typed(name + "Array", [1, 2]).to_py() for name in ("Int8", "Uint8", "Uint8Clamped", "Int16", "Uint16", "Int32", "Uint32", "Float32", "Float64")]

#% an ArrayBuffer becomes a memoryview
import fixtures
fixtures.array_buffer([1, 2, 3]).to_py()

#% typed arrays inside objects
from pyodide.ffi import to_js
import js
js.Array.of(to_js(b"ab")).to_py()

#% errors stay what they are
import fixtures
x = fixtures.error("TypeError", "t")
[x.to_py() is x, type(x)]

#% a default_converter
import fixtures
seen = []
def convert(value, convert, cache):
    seen.append(str(value))
    return ["point", value.x]
[fixtures.Point.new(1, 2).to_py(default_converter=convert), seen]

#% a default_converter that converts parts
import fixtures, js
def convert(value, convert, cache):
    if value.constructor.name == "Point":
        result = []
        cache(value, result)
        result.append(convert(value.x))
        result.append(convert(value.y))
        return result
    return value
p = fixtures.Point.new(1, 2)
p.x = js.Array.of(p, 5)
p.y = fixtures.Point.new(3, 4)
r = p.to_py(default_converter=convert)
[r[0][0] is r, r[0][1], r[1]]

#% a default_converter that gives the object back
import fixtures, js
p = fixtures.Point.new(1, 2)
r = js.Array.of(p).to_py(default_converter=lambda value, convert, cache: value)
[r[0] == p]

#% a default_converter that raises
import fixtures
def convert(value, convert, cache):
    raise ValueError("not this")
fixtures.Point.new(1, 2).to_py(default_converter=convert)

#% a default_converter gets no plain objects
import fixtures
fixtures.plain().to_py(default_converter=lambda value, convert, cache: "default")

#% cache called with no Python object
import fixtures
def convert(value, convert, cache):
    cache(value, 1)
    return 1
fixtures.Point.new(1, 2).to_py(default_converter=convert)

#% to_py takes keywords only
import js
js.Array.new().to_py(1)

#% to_py with an unknown option
import js
js.Array.new().to_py(deep=1)

#% the result is a copy
import js
x = js.Array.of(1, js.Array.of(2))
y = x.to_py()
y.append(3)
y[1].append(4)
[js.JSON.stringify(x), y]

#% names of objects that only JavaScript has
import fixtures
{"global": fixtures.with_keywords().to_py()}

#% hidden properties are not part of the dict
import js
from pyodide.ffi import to_js
shown, hidden = js.Object.new(), js.Object.new()
shown.a, shown.b, hidden.a = 1, 2, 1
js.Object.defineProperty(hidden, "b", to_js({"value": 2, "enumerable": False}))
[js.Array.of(shown, hidden).to_py(), hidden.to_py(), js.JSON.stringify(hidden), hidden.b]

#% an object with a constructor of its own
import js
x = js.Object.new()
x.constructor = 5
y = js.Object.new()
y.constructor = js.Object
z = js.Object.new()
z.constructor = None
[type(x.to_py()).__name__, y.to_py(), type(z.to_py()).__name__]

#% objects made with another prototype
import js, fixtures
a = js.Object.create(fixtures.plain())
a.x = 1
b = js.Object.create(fixtures.Point.new(1, 2))
b.x = 1
[a.to_py(), type(b.to_py()).__name__]

#% subclasses of Array
import js, fixtures
x = js.Reflect.construct(js.Array, [1, 2], fixtures.Point)
[x.to_py(), fixtures.constructor_name(x)]

#% arguments and other tags
import js
from pyodide.ffi import to_js
x = js.Object.new()
js.Reflect.set(x, js.Symbol.toStringTag, "Map")
str(x)

#% extra properties of an Array
import js
x = js.Array.of(1, 2)
x.extra = 3
[x.to_py(), x.extra, x.object_keys().to_py()]

#% a Map and a Set inside themselves
import js
m = js.Map.new()
m.set("m", m)
r = m.to_py()
r["m"] is r

#% wrapped primitives
import js
[js.Object(5).valueOf(), str(js.Object("s")), js.Object("s").length]
