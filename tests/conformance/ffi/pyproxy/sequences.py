#% slice, at and join
from pyodide.ffi import create_proxy
p = create_proxy([1, 2, 3, "x", None])
p.slice(1), p.slice(1, 3), p.slice(-2), p.slice(), p.at(0), p.at(-1), p.at(9), p.join(), p.join("; ")
#% join of nested lists and other objects
from pyodide.ffi import create_proxy
create_proxy([[1, 2], {"a": 1}, None, True, 2.5]).join(" ")
#% indexOf, lastIndexOf and includes
from pyodide.ffi import create_proxy
p = create_proxy([1, 2, 1, "a", None, 3])
p.indexOf(1), p.indexOf(1, 1), p.indexOf("b"), p.indexOf(3, -1), p.lastIndexOf(1), p.lastIndexOf(1, 1), p.lastIndexOf(1, -5), p.includes("a"), p.includes("b"), p.includes(None)
#% indexOf of an object in a list
from pyodide.ffi import create_proxy
inner = []
create_proxy([inner]).indexOf(inner), create_proxy([inner]).includes(inner)
#% forEach with this
import fixtures, js
from pyodide.ffi import create_proxy
log = []
p = create_proxy(["a", "b"])
p.forEach(lambda value, index, array: log.append((value, index, array.length))), log
#% map, filter, some and every
from pyodide.ffi import create_proxy
p = create_proxy([1, 2, 3, 4])
p.map(lambda v, i, a: v * i), p.filter(lambda v, i, a: v % 2), p.some(lambda v, i, a: v > 3), p.every(lambda v, i, a: v > 3)
#% map gives a JavaScript array
import js
from pyodide.ffi import create_proxy
js.Array.isArray(create_proxy((1, 2)).map(lambda v, i, a: [v]))
#% filter keeps objects as they are
from pyodide.ffi import create_proxy
inner = [1]
create_proxy([inner, 2]).filter(lambda v, i, a: True).to_py()
#% callbacks that raise
from pyodide.ffi import create_proxy
def fail(*args): raise ValueError("stop here")
create_proxy([1]).map(fail)
#% reduce and reduceRight
from pyodide.ffi import create_proxy
p = create_proxy(["a", "b", "c"])
add = lambda acc, v, i, a: f"{acc}{v}{i}"
p.reduce(add), p.reduce(add, "="), p.reduceRight(add), p.reduceRight(add, "=")
#% reduce of an empty list
from pyodide.ffi import create_proxy
create_proxy([]).reduce(lambda a, b, i, x: a)
#% concat spreads lists, tuples and arrays
import js
from pyodide.ffi import create_proxy
create_proxy([1]).concat(create_proxy((2, 3)), js.Array.of(4, 5), 6, "ab", create_proxy({"a": 1})).length, create_proxy([1]).concat(create_proxy((2, 3)), js.Array.of(4), 6)
#% entries, keys and values
from pyodide.ffi import create_proxy
p = create_proxy(["a", "b"])
[list(e) for e in p.entries()], list(p.keys()), list(p.values())
#% entries as an iterator
import fixtures
from pyodide.ffi import create_proxy
e = create_proxy(["a"]).entries()
fixtures.tag_of(e), e.next().done, e.next().done
#% find and findIndex
from pyodide.ffi import create_proxy
p = create_proxy([3, 5, 8])
p.find(lambda v, i, a: v > 4), p.find(lambda v, i, a: v > 9), p.findIndex(lambda v, i, a: v > 4), p.findIndex(lambda v, i, a: v > 9)
#% push, pop, shift and unshift
from pyodide.ffi import create_proxy
target = [1]
p = create_proxy(target)
p.push(2, 3), p.pop(), p.unshift("a", "b"), p.shift(), target
#% push keeps objects
from pyodide.ffi import create_proxy
target, inner = [], [1]
create_proxy(target).push(inner)
target[0] is inner
#% pop and shift of an empty list
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy([])
fixtures.inspect(p.pop()), fixtures.inspect(p.shift())
#% splice
from pyodide.ffi import create_proxy
target = list("abcdef")
p = create_proxy(target)
p.splice(1, 2, "X", "Y", "Z"), p.splice(-1), p.splice(2, 0, "i"), p.splice(100, 1, "end"), target
#% splice with odd arguments
from pyodide.ffi import create_proxy
target = list("abcdef")
p = create_proxy(target)
p.splice(), target
#% splice of negative positions
from pyodide.ffi import create_proxy
target = list("abcdef")
p = create_proxy(target)
p.splice(-3, 1), p.splice(-1, 1, "q"), target
#% splice of fractions
from pyodide.ffi import create_proxy
target = list("abcdef")
create_proxy(target).splice(1.9, 1.9), target
#% reverse
from pyodide.ffi import create_proxy
target = [1, 2, 3]
p = create_proxy(target)
p.reverse().length, target
#% sort by JavaScript's order
from pyodide.ffi import create_proxy
target = [10, 9, 1, 2.5, -3, True, "a", "B"]
create_proxy(target).sort().length, target
#% sort with a comparator
from pyodide.ffi import create_proxy
target = [3, 10, 1, 2]
create_proxy(target).sort(lambda a, b: b - a), target
#% sort puts None last
from pyodide.ffi import create_proxy
target = [None, 3, None, 1]
create_proxy(target).sort(), target
#% sort with a comparator that raises
from pyodide.ffi import create_proxy
def compare(a, b): raise KeyError("cannot compare")
create_proxy([2, 1]).sort(compare)
#% fill and copyWithin
from pyodide.ffi import create_proxy
a, b, c = [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]
create_proxy(a).fill(0, 1, 3).length, a, create_proxy(b).copyWithin(0, 3).length, b, create_proxy(c).copyWithin(1, 0, 3).length, c
#% indices
import fixtures
from pyodide.ffi import create_proxy
target = ["a", "b"]
p = create_proxy(target)
fixtures.get_property(p, "0"), fixtures.get_property(p, 1), fixtures.inspect(fixtures.get_property(p, 2)), fixtures.inspect(fixtures.get_property(p, "-1"))
#% indices with leading zeros
import fixtures
from pyodide.ffi import create_proxy
fixtures.get_property(create_proxy(["a", "b"]), "01")
#% setting indices
import fixtures
from pyodide.ffi import create_proxy
target = ["a", "b"]
fixtures.set_property(create_proxy(target), "1", "B"), target
#% setting an index out of range
import fixtures
from pyodide.ffi import create_proxy
fixtures.set_property(create_proxy([]), "0", 1)
#% setting an index of a tuple
import fixtures
from pyodide.ffi import create_proxy
fixtures.set_property(create_proxy((1,)), "0", 2)
#% setting the length
import fixtures
from pyodide.ffi import create_proxy
fixtures.set_property(create_proxy([1, 2]), "length", 0)
#% a sequence class of one's own
import collections.abc
from pyodide.ffi import create_proxy
class Squares(collections.abc.Sequence):
    def __len__(self): return 4
    def __getitem__(self, index):
        if not 0 <= index < 4: raise IndexError(index)
        return index * index
p = create_proxy(Squares())
p.map(lambda v, i, a: v + 1), p.slice(1, 3), hasattr(p, "push"), p.includes(9), p.join("")
#% deque is a mutable sequence without sort
import collections
from pyodide.ffi import create_proxy
d = collections.deque([3, 1])
p = create_proxy(d)
p.push(5), p.pop(), p.shift(), d
#% sort of a deque
import collections
from pyodide.ffi import create_proxy
create_proxy(collections.deque([3, 1])).sort()
#% range and str are sequences
from pyodide.ffi import create_proxy
create_proxy(range(3)).map(lambda v, i, a: v), create_proxy(range(5)).slice(-2), create_proxy(range(3)).indexOf(2)
#% bytes and memoryview as sequences
from pyodide.ffi import create_proxy
create_proxy(b"ab").map(lambda v, i, a: v), create_proxy(memoryview(b"ab")).slice(1), create_proxy(bytearray(b"ab")).push(99)
#% spreading and Array.from
import fixtures, js
from pyodide.ffi import create_proxy
js.Array.from_(create_proxy([1, 2])), fixtures.spread(create_proxy((3, 4)))
#% changing the list in a callback
from pyodide.ffi import create_proxy
target = [1, 2, 3]
p = create_proxy(target)
seen = []
def visit(value, index, array):
    seen.append(value)
    if index == 0: target.pop()
p.forEach(visit), seen
#% a callback that is no function
from pyodide.ffi import create_proxy
create_proxy([1]).map(5)
#% Array concat spreads proxies of sequences
import js
from pyodide.ffi import create_proxy
js.Array.of(1).concat(create_proxy([2, 3]))
#% toJSON and JSON.stringify
import js
from pyodide.ffi import create_proxy
create_proxy([1, "a", [2]]).toJSON().length, js.JSON.stringify(create_proxy([1, "a", [2], {"k": (None, True)}]))
#% deleting indices
import js
from pyodide.ffi import create_proxy
target = [1, 2, 3]
p = create_proxy(target)
js.Reflect.deleteProperty(p, "0"), js.Reflect.deleteProperty(p, "7"), target
#% array methods called on a proxy from the prototype
import js
from pyodide.ffi import create_proxy
js.Array.prototype.slice.call(create_proxy([1, 2, 3]), 1), js.Array.prototype.join.call(create_proxy((1, 2)), "+")
#% callbacks of other kinds that are no functions
from pyodide.ffi import create_proxy, jsnull
import js
messages = []
for wrong in (None, jsnull, "text", True, 2.5, js.Object.new(), js.Array.new(), 2**70, js.Symbol.iterator):
    try:
        create_proxy([1]).filter(wrong)
    except Exception as error:
        messages.append(str(error))
messages
