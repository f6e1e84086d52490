#% a list becomes an Array
from pyodide.ffi import to_js
to_js([1, 2.5, "three", None, True])

#% a tuple becomes an Array
from pyodide.ffi import to_js
to_js((1, (2, 3)))

#% a dict becomes an Object
from pyodide.ffi import to_js
to_js({"a": 1, "b": {"c": [2]}})

#% keys of a dict become property names
from pyodide.ffi import to_js
to_js({1: "one", 2.5: "two and a half", True: "yes", None: "nothing", "s": "text"})

#% integer keys come first
from pyodide.ffi import to_js
list(to_js({"b": 1, 10: 2, "a": 3, 2: 4, -1: 5}).object_keys())

#% keys that collide
from pyodide.ffi import to_js
to_js({1: 7, "1": 9})

#% keys that collide with what every object has
from pyodide.ffi import to_js
to_js({"toString": 1})

#% keys that are a big integer
from pyodide.ffi import to_js
to_js({2**70: 1})

#% a key that cannot be one
from pyodide.ffi import to_js
to_js({(2, 2): 0})

#% a frozenset as a key
from pyodide.ffi import to_js
to_js({frozenset(): 0})

#% an object as a key
from pyodide.ffi import to_js
class Key:
    def __repr__(self):
        return "a key"
to_js({Key(): 0})

#% a set becomes a Set
from pyodide.ffi import to_js
to_js({1}), to_js(frozenset(["x"])), to_js(set())

#% a set with what cannot be in one
from pyodide.ffi import to_js
to_js({(2, 2)})

#% 1 and "1" are apart in a Set
from pyodide.ffi import to_js
import fixtures
sorted(fixtures.inspect(x) for x in to_js({1, "1"}))

#% nested containers
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js([{"a": [{1, 2} - {2}, (3, [4])]}, []]))

#% immutable values come back as they are
from pyodide.ffi import to_js
s, i, f = "text", 2**80, 1.5
[to_js(s) is s, to_js(i) is i, to_js(f) is f, to_js(True), to_js(None)]

#% a JsProxy comes back as it is
from pyodide.ffi import to_js
import fixtures
x = fixtures.plain()
[to_js(x) is x, to_js([x])[0] == x]

#% bytes become a Uint8Array
from pyodide.ffi import to_js
to_js(b"\x00\x01\xff"), to_js(bytearray(b"ab")), to_js(memoryview(b"cd"))

#% arrays become typed arrays
from pyodide.ffi import to_js
import array, fixtures
[fixtures.inspect(to_js(array.array(code, [1, 2]))) for code in "bBhHiIlLqQfd"]

#% an array of characters
from pyodide.ffi import to_js
import array, fixtures
fixtures.inspect(to_js(array.array("w", "ab")))

#% memoryviews of other formats
from pyodide.ffi import to_js
import fixtures
view = memoryview(bytes([1, 0, 1, 0]))
[fixtures.inspect(to_js(view.cast("?"))), fixtures.inspect(to_js(view.cast("H"))), fixtures.inspect(to_js(view.cast("c")))]

#% a memoryview of two dimensions
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js(memoryview(bytes(range(6))).cast("B", (2, 3))))

#% a memoryview with a stride
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js(memoryview(bytes(range(6)))[::2]))

#% ranges are proxied
from pyodide.ffi import to_js
to_js(range(3)).unwrap()

#% generators are proxied
from pyodide.ffi import to_js
p = to_js(x for x in (1, 2))
list(p.unwrap())

#% other objects are double proxies
from pyodide.ffi import to_js
class Plain:
    def __repr__(self):
        return "a plain object"
x = Plain()
p = to_js(x)
[p, type(p), p.unwrap() is x]

#% a function is a double proxy
from pyodide.ffi import to_js
def f(x):
    return x + 1
p = to_js(f)
[p, p.unwrap() is f, p(3)]

#% dataclasses and named tuples
from pyodide.ffi import to_js
import collections, dataclasses, fixtures
@dataclasses.dataclass
class D:
    x: int
Pair = collections.namedtuple("Pair", "a b")
[fixtures.inspect(to_js(D(1))), fixtures.inspect(to_js(Pair(1, 2)))]

#% subclasses of containers
from pyodide.ffi import to_js
import collections, fixtures
class L(list):
    pass
[fixtures.inspect(to_js(x)) for x in (L([1]), collections.OrderedDict(a=1), collections.defaultdict(int, b=2), collections.Counter("aab"), collections.deque([1]), collections.UserDict(c=3), collections.ChainMap({"d": 4}))]

#% dict subclasses are read through items
from pyodide.ffi import to_js
import fixtures
class D(dict):
    def items(self):
        return [("from", "items")]
fixtures.inspect(to_js(D(a=1)))

#% items that are no tuples
from pyodide.ffi import to_js
class D(dict):
    def items(self):
        return ["ab"]
to_js(D(a=1))

#% items that raise
from pyodide.ffi import to_js
class D(dict):
    def items(self):
        raise ValueError("no items")
to_js(D(a=1))

#% a list that contains itself
from pyodide.ffi import to_js
import fixtures
x = [1]
x.append(x)
fixtures.inspect(to_js(x))

#% a dict that contains itself
from pyodide.ffi import to_js
import fixtures
x = {"a": 1}
x["self"] = x
fixtures.inspect(to_js(x))

#% a list and a dict that contain each other
from pyodide.ffi import to_js
import fixtures
x, y = [1], {"k": 2}
x.append(y)
y["list"] = x
[fixtures.inspect(to_js(x)), fixtures.inspect(to_js(y))]

#% shared containers stay shared
from pyodide.ffi import to_js
import fixtures
a = [1]
b = {"x": 1}
r = to_js([a, a, b, b, [a, b]])
[r[0] == r[1], r[2] == r[3], fixtures.same(r[0], r[4][0]), fixtures.same(r[2], r[4][1]), fixtures.same(r[0], to_js(a))]

#% the result is a copy
from pyodide.ffi import to_js
x = [1, [2]]
y = to_js(x)
y.push(3)
y[1][0] = 9
x.append(4)
[x, y.to_py()]

#% an array where others look
from pyodide.ffi import to_js
import js
x = to_js([3, 1, 2])
[x.length, js.Array.isArray(x), x.sort().to_py(), js.JSON.stringify(x), x.join("-")]

#% ten thousand elements
from pyodide.ffi import to_js
x = to_js(list(range(10000)))
[x.length, x[9999], sum(x), x.to_py() == list(range(10000))]

#% deep nesting
from pyodide.ffi import to_js
x = []
for _ in range(300):
    x = [x]
y = to_js(x)
depth = 0
while y.length:
    y = y[0]
    depth += 1
depth

#% properties that setters of the prototype would see
from pyodide.ffi import to_js
import js, fixtures
fixtures.inspect(to_js({"a": 1, "length": 2, "then": 3, "name": 4}))

#% __proto__ as a key
from pyodide.ffi import to_js
import js
to_js({"__proto__": 1})

#% constructor as a key
from pyodide.ffi import to_js
to_js({"constructor": 1})

#% a key that collides in a nested dict
from pyodide.ffi import to_js
to_js([{"a": {"valueOf": 1}}])

#% floats as keys
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js({1.0: "a", 1e21: "b", 0.1: "c", -0.0: "d", float("inf"): "e", float("nan"): "f"}))

#% keys of subclasses of str and int
from pyodide.ffi import to_js
import enum, fixtures
class S(str):
    pass
class E(enum.IntEnum):
    ONE = 1
class T(enum.StrEnum):
    TWO = "two"
fixtures.inspect(to_js({S("s"): 1, E.ONE: 2, T.TWO: 3}))

#% a list that changes while it is converted
from pyodide.ffi import to_js
import fixtures
x = [1, {"a": 1}, 3]
def convert(entries):
    x.append("late") if len(x) < 6 else None
    return "converted"
fixtures.inspect(to_js(x, dict_converter=convert))

#% __len__ that lies
from pyodide.ffi import to_js
class L(list):
    def __len__(self):
        return 5
to_js(L([1, 2]))

#% __len__ that raises
from pyodide.ffi import to_js
class L(list):
    def __len__(self):
        raise ValueError("no length")
to_js(L([1, 2]))

#% __getitem__ that raises
from pyodide.ffi import to_js
class L(list):
    def __getitem__(self, index):
        raise ValueError("no item")
to_js(L([1, 2]))

#% __iter__ of a set that raises
from pyodide.ffi import to_js
class S(set):
    def __iter__(self):
        raise ValueError("no iteration")
to_js(S({1}))

#% objects with __len__ and __getitem__ are not sequences
from pyodide.ffi import to_js
import fixtures
class T:
    def __len__(self):
        return 2
    def __getitem__(self, index):
        return index
fixtures.inspect(to_js(T()))

#% NaN, infinities and -0 in containers
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js([float("nan"), float("inf"), -0.0, 0.0, 2**53, 2**53 - 1, -2**53, 1e300, True, None]))

#% strings with surrogates in containers
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js(["\ud83d\ude00", "\ud800", {"\ud83d\ude00": "\udc00"}]))

#% interned and repeated values
from pyodide.ffi import to_js
import fixtures
s = "repeated" * 3
fixtures.inspect(to_js([s, s, {"k": s}, {"k": s}, (1, 2), (1, 2), 2**70, 2**70]))

#% empty containers
from pyodide.ffi import to_js
import fixtures
fixtures.inspect(to_js([[], (), {}, set(), frozenset(), "", b""]))
