#% Python objects come back as the same object
import fixtures
class T:
    pass
values = [T(), [], {}, (), (1,), b"b", set(), frozenset(), object(), T, len, print, lambda: 1, range(3), Ellipsis, NotImplemented, 1j, iter([])]
[fixtures.identity(x) is x for x in values]

#% strings and numbers come back equal
import fixtures
values = ["", "s", 1, 1.5, True, None, 2**60, -5]
[fixtures.identity(x) == x for x in values]

#% JavaScript objects come back as the same object
import fixtures, js
values = [fixtures.plain(), js.Array.new(), fixtures.add, fixtures.map(), js.globalThis, fixtures.Point]
[fixtures.identity(x) == x for x in values] + [fixtures.same(x, fixtures.identity(x)) for x in values]

#% an error comes back as the same object
import fixtures
x = fixtures.error("Error", "e")
[fixtures.same(fixtures.identity(x), x), fixtures.identity(x) == x, type(fixtures.identity(x))]

#% a global of JavaScript
import js
js.conformance_value = [1, 2]
x = js.conformance_value
del js.conformance_value
[x, hasattr(js, "conformance_value")]

#% a global that is a number, a string, nothing
import js
from pyodide.ffi import jsnull
found = []
for value in (1, "s", None, jsnull, 2**60, 1.5, False):
    js.conformance_value = value
    found.append(js.conformance_value)
del js.conformance_value
found

#% a global that is kept alive
import js
class T:
    pass
t = T()
js.conformance_value = t
same = js.conformance_value is t
del js.conformance_value
same

#% a global that was never set
import js
js.conformance_nothing

#% deleting a global that was never set
import js
del js.conformance_nothing

#% importing from js
from js import Object, Array
[Object, Array]

#% importing what js has not
from js import conformance_nothing

#% attributes of an object
import js
from pyodide.ffi import create_proxy
o = js.Object.new()
p = create_proxy([1])
o.list = p
o.list.append(2)
[o.list, o.list is o.list]

#% mutable objects are shared
import js, fixtures
x = [1]
fixtures.call_method(x, "append", 2)
x

#% items set from JavaScript
import fixtures
x = {"a": 1}
fixtures.call_method(x, "set", "b", 2)
[x, fixtures.call_method(x, "get", "a"), fixtures.call_method(x, "has", "z")]

#% attributes set from JavaScript
import fixtures
class T:
    pass
t = T()
fixtures.set_property(t, "x", 5)
[t.x, fixtures.get_property(t, "x"), fixtures.get_property(t, "missing")]

#% reserved words have an underscore
import fixtures
x = fixtures.with_keywords()
[x.class_, getattr(x, "from"), x.from_, x.lambda__, hasattr(x, "then__"), x.then_, getattr(x, "with space"), hasattr(x, "__dunder__")]

#% setting reserved words
import js
x = js.Object.new()
x.global_ = 1
x.lambda_ = 2
setattr(x, "class", 3)
[sorted(x.object_keys()), js.JSON.stringify(x)]

#% keyword arguments become a last object
import fixtures
[fixtures.inspect(fixtures.arguments_of(1, 2, a=3, b="x")), fixtures.inspect(fixtures.arguments_of(a=None)), fixtures.inspect(fixtures.arguments_of(**{}))]

#% keyword arguments are converted one by one
import fixtures
fixtures.inspect(fixtures.arguments_of(x=[1], y=(2,), z={"a": 1}, f=fixtures.add))

#% too many and too few arguments
import fixtures
[fixtures.add(1, 2, 3), str(fixtures.add(1)), fixtures.argument_count(*range(50))]

#% Python containers among arguments
import fixtures
[fixtures.inspect(x) for x in ([1], (1,), {"a": 1}, {1}, b"x", range(2), ValueError("v"), int, len)]

#% a result that is a list
import fixtures
def f():
    return [1, 2]
r = fixtures.call_with(f)
[r, type(r)]

#% a result that was converted
import fixtures
from pyodide.ffi import to_js
fixtures.inspect(fixtures.call_with(lambda: to_js({"a": [1]})))

#% arguments that Python gets
import fixtures
seen = []
fixtures.call_with(lambda *args: seen.append(args), 1, "s", None, [1], fixtures.add, fixtures.null_value, True)
[[type(x).__name__ for x in seen[0]], seen[0][:4]]

#% missing arguments are an error in Python
import fixtures
fixtures.call_with(lambda a: a)

#% surplus arguments are an error in Python
import fixtures
fixtures.call_with(lambda: 1, 5)

#% repr and str of proxies
import js, fixtures
[(repr(x), str(x)) for x in (js.Object.new(), js.Array.of(1, js.Array.of(2, 3)), fixtures.map(), fixtures.set(), fixtures.Point.new(1, 2), fixtures.with_symbols(), js.Array.new(), fixtures.typed("Uint8Array", [1, 2]), fixtures.array_buffer([1]), fixtures.resolved(1))]

#% repr and str of errors
import fixtures
x = fixtures.error("TypeError", "message")
[repr(x), str(x), x.name, x.message]

#% repr of an object with toString
import js, fixtures
x = js.Object.new()
from pyodide.ffi import create_proxy
x.toString = p = create_proxy(lambda: "my text")
r = [repr(x), str(x)]
p.destroy()
r

#% repr of an object whose toString throws
import js, fixtures
x = js.Object.new()
x.toString = fixtures.throw_value
repr(x)

#% equality and hashes
import js, fixtures
a, b = js.Object.new(), js.Object.new()
[a == a, a == b, a != b, a == fixtures.identity(a), hash(a) == hash(fixtures.identity(a)), a == 1, a == None, len({a, b, fixtures.identity(a)})]

#% order is not offered
import js
js.Object.new() < js.Object.new()

#% identity of proxies
import js, fixtures
a = js.Object.new()
[a is fixtures.identity(a), a.js_id == fixtures.identity(a).js_id, a.js_id == js.Object.new().js_id]

#% truth
import js, fixtures
[bool(x) for x in (js.Object.new(), js.Array.new(), js.Array.of(0), fixtures.set([]), fixtures.set(), fixtures.map([]), fixtures.add, fixtures.typed("Uint8Array", []), fixtures.array_buffer([]), fixtures.null_value, fixtures.undefined_value, fixtures.symbol)]

#% a bound method
import fixtures
class T:
    def __init__(self):
        self.x = 5
    def get(self):
        return self.x
fixtures.call_with(T().get)

#% callbacks that call back
import fixtures
def f(n):
    return 1 if n == 0 else n * fixtures.call_with(f, n - 1)
f(20)

#% symbols
import fixtures
x = fixtures.symbol
[x, fixtures.type_of(x), fixtures.same(x, fixtures.identity(x)), str(x), x == fixtures.symbol]

#% an object given to JavaScript twice is one proxy or two
import fixtures
x = [1]
r = fixtures.arguments_of(x, x)
fixtures.inspect(r)

#% a Python object as the key of a Map
import js
from pyodide.ffi import create_proxy
m = js.Map.new()
k = create_proxy(())
m.set(k, "v")
[m.get(k), m.size, m.has(())]

#% collections from JavaScript in Python functions
import js
from pyodide.ffi import to_js
x = to_js([3, 1, 2])
[sorted(x), list(x), sum(x), max(x), len(x), 3 in x, list(reversed(x)), x.index(1), x.count(2)]

#% items of a Map
import fixtures
m = fixtures.map()
[dict(m), list(m), list(m.items()), list(m.keys()), list(m.values()), len(m), "a" in m, m["a"], m.get("zz", 5)]

#% a missing key of a Map
import fixtures
fixtures.map()["zz"]

#% changing a Map
import fixtures
m = fixtures.map()
m["new"] = 1
del m["a"]
m.to_py()
