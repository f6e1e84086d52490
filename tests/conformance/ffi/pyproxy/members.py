#% type of builtins is the bare name, of others with the module
import collections, fractions
from pyodide.ffi import create_proxy
class Mine: pass
[create_proxy(x).type for x in ([], {}, (), len, object(), type, Mine, Mine(), fractions.Fraction(1, 2), collections.OrderedDict())]
#% toString is str
from pyodide.ffi import create_proxy
class Both:
    def __str__(self): return "the str"
    def __repr__(self): return "the repr"
[create_proxy(x).toString() for x in ([1, "a"], {"k": None}, Both(), print)]
#% toString that raises
from pyodide.ffi import create_proxy
class Bad:
    def __str__(self): raise KeyError("no str")
create_proxy(Bad()).toString()
#% String of a proxy in JavaScript
import js
from pyodide.ffi import create_proxy
js.String(create_proxy([1, 2])), js.String(create_proxy(len))
#% typeof and tags
import fixtures
from pyodide.ffi import create_proxy
[(fixtures.type_of(p), fixtures.tag_of(p), fixtures.constructor_name(p)) for p in map(create_proxy, ([], {}, len, object()))]
#% what a plain object offers
from pyodide.ffi import create_proxy
p = create_proxy(object())
names = "copy destroy toJs toString type get set has delete length next then call apply slice push getBuffer asJsJson".split()
[name for name in names if hasattr(p, name)]
#% what a list offers
from pyodide.ffi import create_proxy
p = create_proxy([])
names = "copy destroy toJs toString type get set has delete length next then call apply slice push sort splice getBuffer asJsJson toJSON flat".split()
[name for name in names if hasattr(p, name)]
#% what a tuple offers
from pyodide.ffi import create_proxy
p = create_proxy((1,))
[name for name in "get set has delete length slice push sort map join concat".split() if hasattr(p, name)]
#% what a dict offers
from pyodide.ffi import create_proxy
p = create_proxy({})
[name for name in "get set has delete length slice asJsJson keys items next then".split() if hasattr(p, name)]
#% what a function offers
from pyodide.ffi import create_proxy
p = create_proxy(lambda: 1)
[name for name in "call apply bind captureThis callKwargs callRelaxed callKwargsRelaxed callPromising callPromisingKwargs callWithOptions length name".split() if hasattr(p, name)]
#% what a generator offers
from pyodide.ffi import create_proxy
p = create_proxy(x for x in "ab")
[name for name in "next return throw get length then".split() if hasattr(p, name)]
#% what a coroutine offers
from pyodide.ffi import create_proxy
async def f(): return 1
c = f()
p = create_proxy(c)
r = [name for name in "then catch finally next return throw _ensure_future".split() if hasattr(p, name)]
c.close()
r
#% what bytes and memoryview offer
from pyodide.ffi import create_proxy
[[name for name in "getBuffer get set has length slice".split() if hasattr(create_proxy(x), name)] for x in (b"ab", bytearray(b"ab"), memoryview(b"ab"))]
#% a class with __class_getitem__ has get
from pyodide.ffi import create_proxy
class A:
    def __class_getitem__(cls, item): return f"A[{item}]"
p = create_proxy(A)
hasattr(p, "get"), p.get("x")
#% getitem, setitem, delitem and contains of a class of one's own
from pyodide.ffi import create_proxy
class Box:
    def __init__(self): self.log = []
    def __getitem__(self, key): self.log.append(("get", key)); return key * 2
    def __setitem__(self, key, value): self.log.append(("set", key, value))
    def __delitem__(self, key): self.log.append(("del", key))
    def __contains__(self, key): self.log.append(("in", key)); return True
box = Box()
p = create_proxy(box)
p.get(4), p.has(3), p.set("a", 1), p.delete("b"), box.log
#% get of a missing key is undefined
import fixtures
from pyodide.ffi import create_proxy
fixtures.inspect(create_proxy({"a": 1}).get("b")), fixtures.inspect(create_proxy([1]).get(5)), create_proxy([1, 2]).get(-1)
#% get that raises another error
from pyodide.ffi import create_proxy
class Bad:
    def __getitem__(self, key): raise ValueError(key)
create_proxy(Bad()).get("k")
#% get of a None value
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy({"a": None})
fixtures.inspect(p.get("a")), p.has("a"), p.has("b")
#% set and delete of a tuple are absent
from pyodide.ffi import create_proxy
create_proxy((1, 2)).set(0, 1)
#% delete of a missing key
from pyodide.ffi import create_proxy
create_proxy({}).delete("x")
#% set out of range
from pyodide.ffi import create_proxy
create_proxy([1]).set(4, 1)
#% length
from pyodide.ffi import create_proxy
create_proxy([1, 2]).length, create_proxy({"a": 1}).length, create_proxy(b"abc").length, create_proxy(range(7)).length
#% length that raises
from pyodide.ffi import create_proxy
class Bad:
    def __len__(self): raise ValueError("how long?")
create_proxy(Bad()).length
#% attributes are read, written and deleted
import fixtures
from pyodide.ffi import create_proxy
class A:
    x = 1
a = A()
p = create_proxy(a)
before = fixtures.get_property(p, "x")
fixtures.set_property(p, "x", 5)
fixtures.set_property(p, "new", "n")
del p.new
before, a.x, hasattr(a, "new"), fixtures.inspect(fixtures.get_property(p, "nothing"))
#% attributes through the proxy of a proxy
from pyodide.ffi import create_proxy
class A:
    x = [1, 2]
p = create_proxy(A())
p.x, hasattr(p, "x"), hasattr(p, "y")
#% a dollar sign asks for the attribute
import fixtures
from pyodide.ffi import create_proxy
class A:
    type = "mine"
    copy = 3
p = create_proxy(A())
[fixtures.get_property(p, name) for name in ("$type", "type", "$copy", "$missing")]
#% setting with a dollar sign
import fixtures
from pyodide.ffi import create_proxy
class A: pass
a = A()
p = create_proxy(a)
fixtures.set_property(p, "$type", 1)
fixtures.set_property(p, "$$type", 2)
vars(a)
#% a getter cannot be set
import fixtures
from pyodide.ffi import create_proxy
fixtures.set_property(create_proxy([]), "type", 1)
#% a method of the mixins can be shadowed
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([1])
fixtures.set_property(p, "get", 7)
fixtures.get_property(p, "get")
#% attribute that raises
import fixtures
from pyodide.ffi import create_proxy
class A:
    @property
    def x(self): raise ValueError("no x")
fixtures.get_property(create_proxy(A()), "x")
#% hasattr in JavaScript swallows nothing but AttributeError
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __getattr__(self, name):
        if name == "quiet": raise AttributeError(name)
        raise KeyError(name)
fixtures.inspect(fixtures.get_property(create_proxy(A()), "quiet")), fixtures.get_property(create_proxy(A()), "loud")
#% name and length of a function are Python's
import fixtures
from pyodide.ffi import create_proxy
def f(a, b): pass
f.name = "given"
p = create_proxy(f)
fixtures.inspect(fixtures.get_property(p, "name")), fixtures.inspect(fixtures.get_property(p, "length")), fixtures.inspect(fixtures.get_property(p, "__name__"))
#% inherited names of Object win over attributes
import fixtures
from pyodide.ffi import create_proxy
class A:
    valueOf = 1
    hasOwnProperty = 2
p = create_proxy(A())
fixtures.type_of(fixtures.get_property(p, "valueOf")), fixtures.get_property(p, "$hasOwnProperty")
#% flags
import fixtures
from pyodide.ffi import create_proxy
[fixtures.get_property(create_proxy(x), "$$flags") for x in ([], {}, (), "".join, object(), b"", memoryview(b"a"), iter([]), (i for i in ()))]
#% constructor cannot be called
import fixtures
from pyodide.ffi import create_proxy
fixtures.construct(fixtures.get_property(create_proxy([]), "constructor"))
#% new on the proxy of a class
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __init__(self): self.x = 1
fixtures.construct(create_proxy(A), 1)
#% Object.keys of an object, a list and a dict
import js
from pyodide.ffi import create_proxy
class A:
    x = 1
[list(js.Object.keys(create_proxy(v))) for v in (A(), [5, 6], {"b": 1, "a": 2, 3: 4, 2.5: 0, None: 1, (1,): 2})]
#% Object.entries and values of a dict
import js
from pyodide.ffi import create_proxy
p = create_proxy({"a": 1, "b": "x"})
js.Object.entries(p).to_py(), js.Object.values(p).to_py()
#% Object.assign from a dict
import js
from pyodide.ffi import create_proxy
js.Object.assign(js.Object.new(), create_proxy({"a": 1, "b": 2})).to_py()
#% own names of an object
import js
from pyodide.ffi import create_proxy
class A:
    x = 1
    def m(self): pass
[name for name in js.Object.getOwnPropertyNames(create_proxy(A())) if not name.startswith("__")]
#% own names of a list
import js
from pyodide.ffi import create_proxy
[name for name in js.Object.getOwnPropertyNames(create_proxy([7, 8])) if not name.startswith("__")]
#% own names of a function
import js
from pyodide.ffi import create_proxy
def f(): pass
[name for name in js.Object.getOwnPropertyNames(create_proxy(f)) if not name.startswith("__")]
#% hasOwnProperty
from pyodide.ffi import create_proxy
class A:
    x = 1
create_proxy({"a": 1}).hasOwnProperty("a"), create_proxy({"a": 1}).hasOwnProperty("b"), create_proxy([1]).hasOwnProperty("0"), create_proxy(A()).hasOwnProperty("x")
#% dir of a proxy of a proxy
from pyodide.ffi import create_proxy
class A:
    x = 1
[name for name in dir(create_proxy(A())) if not name.startswith("_")]
#% identity of attribute proxies
import fixtures
from pyodide.ffi import create_proxy
class A:
    x = []
p = create_proxy(A())
fixtures.same(fixtures.get_property(p, "x"), fixtures.get_property(p, "x"))
#% methods are bound
import fixtures
from pyodide.ffi import create_proxy
class A:
    def m(self, *args): return (type(self).__name__, *args)
p = create_proxy(A())
fixtures.call_with(fixtures.get_property(p, "m"), 1), fixtures.call_method(p, "m", 2)
#% instance of Function
import fixtures, js
from pyodide.ffi import create_proxy
[fixtures.is_instance(create_proxy(v), js.Function) for v in (len, [], object)], [fixtures.is_instance(create_proxy(v), js.Object) for v in (len, [])]
#% Array.isArray
import js
from pyodide.ffi import create_proxy
js.Array.isArray(create_proxy([1]))
#% instances of the classes of pyodide.ffi
import fixtures, pyodide_js
from pyodide.ffi import create_proxy
async def coroutine(): pass
async def async_generator(): yield
c = coroutine()
values = [object(), [], (), {}, len, "".join, b"", iter([]), (i for i in ()), async_generator(), c]
names = """PyProxy PyProxyWithLength PyProxyWithGet PyProxyWithSet PyProxyWithHas PyDict PyIterable PyAsyncIterable
PyIterator PyAsyncIterator PyGenerator PyAsyncGenerator PyAwaitable PyCallable PyBuffer PySequence PyMutableSequence""".split()
ffi = pyodide_js.ffi
result = [[name for name in names if fixtures.is_instance(create_proxy(value), getattr(ffi, name))] for value in values]
c.close()
result
#% instances of the classes of pyodide.ffi that are no proxies
import fixtures, pyodide_js, js
[fixtures.is_instance(value, getattr(pyodide_js.ffi, name)) for name in ("PyProxy", "PyDict", "PyCallable") for value in (1, None, "a", js.Array.new(), js.Object)]
#% the classes cannot be constructed
import pyodide_js
pyodide_js.ffi.PyDict.new()
#% names in pyodide_js.ffi
import pyodide_js
sorted(pyodide_js.ffi.object_keys())
#% Reflect.ownKeys of a dict
import js
from pyodide.ffi import create_proxy
[str(name) for name in js.Reflect.ownKeys(create_proxy({"a": 1, "get": 2})) if not str(name).startswith("__")]
#% Reflect.has
import js
from pyodide.ffi import create_proxy
class A:
    x = None
p = create_proxy(A())
[js.Reflect.has(p, name) for name in ("x", "$x", "y", "type", "toString", "get", "constructor", "prototype")]
#% Reflect.has of a function
import js
from pyodide.ffi import create_proxy
p = create_proxy(len)
[js.Reflect.has(p, name) for name in ("call", "prototype", "name", "length", "arguments", "__name__")]
#% Reflect.has of a list
import js
from pyodide.ffi import create_proxy
p = create_proxy([1, 2])
[js.Reflect.has(p, name) for name in ("0", "1", "2", "-1", "00", "length", "append", "push")]
#% Reflect.set and deleteProperty report
import js
from pyodide.ffi import create_proxy
class A: pass
a = A()
p = create_proxy(a)
js.Reflect.set(p, "x", 1), js.Reflect.set(p, "type", 1), js.Reflect.deleteProperty(p, "x"), js.Reflect.deleteProperty(p, "get"), vars(a)
#% deleting a missing attribute
import js
from pyodide.ffi import create_proxy
js.Reflect.deleteProperty(create_proxy(object()), "x")
#% setting an attribute that cannot be set
import js
from pyodide.ffi import create_proxy
js.Reflect.set(create_proxy(object()), "x", 1)
#% prototype of a function cannot be deleted
import js
from pyodide.ffi import create_proxy
js.Reflect.deleteProperty(create_proxy(len), "prototype")
