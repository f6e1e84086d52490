#% indexing
from pyodide.ffi import to_js
a = to_js(["a", "b", "c"])
[a[0], a[-1], a[2], a[-3]]

#% an index out of range
from pyodide.ffi import to_js
to_js([1])[1]

#% a negative index out of range
from pyodide.ffi import to_js
to_js([1])[-2]

#% an index that is no integer
from pyodide.ffi import to_js
out = []
for index in ("0", 1.0, None, (0, 1), True):
    try:
        out.append(to_js([1, 2])[index])
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% an index object
from pyodide.ffi import to_js
class Two:
    def __index__(self):
        return 2
to_js([1, 2, 3])[Two()]

#% an index too large for an int
from pyodide.ffi import to_js
to_js([1])[2**70]

#% holes
from fixtures import sparse
a = sparse()
out = [len(a), a[0], a[2]]
try:
    a[1]
except IndexError as error:
    out.append(str(error))
out.append(a.to_py())
out.append(list(a))
del a[1]
out.append(a.to_py())
out

#% assigning elements
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
a[0] = "x"
a[-1] = None
a[1] += 5
a.to_py()

#% assigning behind the end
from pyodide.ffi import to_js
to_js([1])[1] = 2

#% deleting elements
from pyodide.ffi import to_js
a = to_js([1, 2, 3, 4])
del a[0]
del a[-1]
out = [a.to_py(), len(a)]
try:
    del a[5]
except IndexError as error:
    out.append(str(error))
out

#% slices
from pyodide.ffi import to_js
l = list(range(10))
a = to_js(l)
slices = [slice(a_, b, c) for a_ in (None, 0, 2, -3, 12, -12) for b in (None, 0, 5, -2, 12, -12) for c in (None, 1, 2, -1, -3)]
[a[s].to_py() == l[s] for s in slices].count(False)

#% a slice is an array of its own
from pyodide.ffi import to_js
a = to_js([1, [2], 3])
s = a[0:2]
s[0] = "changed"
[a[0], s[1] == a[1], type(s).__name__, s.constructor.name]

#% a slice with step zero
from pyodide.ffi import to_js
to_js([1])[::0]

#% assigning slices
from pyodide.ffi import to_js
def assign(s, values):
    a, l = to_js(list(range(6))), list(range(6))
    out = []
    for target in (a, l):
        try:
            target[s] = values
        except Exception as error:
            out.append([type(error).__name__, str(error)])
    return out or [a.to_py(), a.to_py() == l]
[
    assign(slice(1, 3), ["x", "y", "z"]), assign(slice(None), []), assign(slice(4, 2), ["in"]), assign(slice(None, None, 2), "abc"),
    assign(slice(None, None, -1), range(6)), assign(slice(0, 4, 2), [1, 2, 3, 4]), assign(slice(0, 4, 2), []), assign(slice(None), 1),
    assign(slice(5, 2, -1), (7, 8, 9)), assign(slice(10, 20), [1]), assign(slice(-2, None), iter([1, 2, 3])),
]

#% deleting slices
from pyodide.ffi import to_js
out = []
for s in (slice(None), slice(1, 3), slice(None, None, 2), slice(None, None, -2), slice(3, 1), slice(4, 0, -1), slice(-2, None), slice(8, 9)):
    a, l = to_js(list(range(6))), list(range(6))
    del a[s]
    del l[s]
    out.append(a.to_py() == l)
out

#% append, extend, insert, pop, remove, reverse
from pyodide.ffi import to_js
a = to_js([3])
a.append(4)
a.extend([5, 6])
a.extend(x for x in (7,))
a.insert(0, "first")
a.insert(-1, "before last")
a.insert(100, "end")
out = [a.to_py(), a.pop(), a.pop(0), a.pop(-2)]
a.remove(4)
a.reverse()
out + [a.to_py()]

#% what append and the like return
from pyodide.ffi import to_js
a = to_js([1])
[a.append(2), a.extend([3]), a.insert(0, 0), a.remove(3), a.reverse(), a.push(9), a.unshift(8)]

#% pop of an empty array
from pyodide.ffi import to_js
to_js([]).pop()

#% pop with a bad index
from pyodide.ffi import to_js
to_js([1]).pop(3)

#% pop with something else
from pyodide.ffi import to_js
to_js([1]).pop("x")

#% remove what is not there
from pyodide.ffi import to_js
to_js([1, 2]).remove(3)

#% index
from pyodide.ffi import to_js
a = to_js([5, 7, 9, -1, 3, 5])
out = [a.index(5), a.index(5, 1), a.index(-1, -4), a.index(9, 0, 3)]
for args in ((8,), (5, 1, -1), (5, 6), ("5",)):
    try:
        out.append(a.index(*args))
    except ValueError as error:
        out.append(str(error))
out

#% index and count compare containers of Python
from pyodide.ffi import to_js, create_proxy
a = to_js([1])
p, q = create_proxy([1, 2]), create_proxy([])
a.append(p)
a.append(q)
a.append(p)
[a.index([1, 2]), a.count([1, 2]), a.count([]), a.count([3])]

#% count
from pyodide.ffi import to_js
a = to_js([1, 2, 1, "1", True, 1.0, None, float("nan")])
[a.count(1), a.count("1"), a.count(True), a.count(None), a.count(float("nan")), a.count(5)]

#% containment
from pyodide.ffi import to_js
a = to_js([1, "x", None, float("nan"), [1]])
[1 in a, 2 in a, "x" in a, None in a, float("nan") in a, [1] in a, True in a, a[4] in a, 1.0 in a, "1" in a]

#% addition and repetition
from pyodide.ffi import to_js
a, b = to_js([1, [2]]), to_js([3])
r = a + b
[r.to_py(), (a + [4, "x"]).to_py(), (a + (5,)).to_py(), (a * 2).to_py(), (a * 0).to_py(), (b * -1).to_py(), type(r).__name__, a.to_py()]

#% addition to a list
from pyodide.ffi import to_js
[1] + to_js([2])

#% repetition from the left
from pyodide.ffi import to_js
(2 * to_js([1])).to_py()

#% in place addition and repetition
from pyodide.ffi import to_js
a = b = to_js([1, 2])
a += [3]
a += to_js([4])
a *= 2
[a is b, a.to_py(), a == b]

#% repetition of nested arrays flattens
from pyodide.ffi import to_js
(to_js([[1, 2], 3]) * 2).to_py()

#% reversed
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
r = reversed(a)
[list(reversed(a)), next(r), r.constructor.name, str(r), r.__length_hint__() if hasattr(r, "__length_hint__") else None, list(r)]

#% a reversed iterator sees changes
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
r = reversed(a)
next(r)
a[1] = "changed"
a.append(4)
list(r)

#% unpacking and iteration
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
first, *rest = a
[first, rest, [*a], list(zip(a, "abc")), dict(enumerate(a)), sum(a), max(a), sorted(a, reverse=True), tuple(a), set(a), ",".join(map(str, a))]

#% iterating while appending
from pyodide.ffi import to_js
a = to_js([1])
out = []
for x in a:
    out.append(x)
    if len(a) < 4:
        a.append(x + 1)
out

#% pattern matching
from pyodide.ffi import to_js
from fixtures import typed, map as make_map, plain, array_like
def describe(value):
    match value:
        case [1, x, *rest]:
            return ["sequence", x, len(rest)]
        case {"a": x, **more}:
            return ["mapping", x, len(more)]
        case []:
            return "empty"
        case _:
            return "other"
[describe(v) for v in (to_js([1, 2, 3]), typed("Uint8Array", [1, 5]), make_map(), plain(), plain().as_py_json(), to_js([]), array_like(), "1", to_js([1]))]

#% array methods by their JavaScript names
from pyodide.ffi import to_js
a = to_js([3, 1, 2])
[a.sort().to_py(), a.slice(1).to_py(), a.join("-"), a.indexOf(2), a.includes(3), a.concat([9], to_js([8])).length, a.at(-1), a.map(lambda x, i, arr: x * i).to_py(), a.filter(lambda x, *_: x > 1).to_py(), a.splice(0, 1).to_py(), a.fill(0).to_py()]

#% sequence classes
from collections.abc import Sequence, MutableSequence, Iterable, Sized, Collection, Reversible, Container, Hashable
from pyodide.ffi import to_js
from fixtures import typed, sparse
import js
make_like = lambda: js.Object.create(to_js({"length": 1}, dict_converter=js.Object.fromEntries)) if hasattr(js.Object, "create") else None
[[issubclass(type(x), c) for c in (Sequence, MutableSequence, Iterable, Sized, Collection, Reversible, Container, Hashable)] for x in (to_js([1]), typed("Uint8Array", [1]))]

#% a typed array as a sequence
from fixtures import typed
a = typed("Int16Array", [5, -7, 9])
a[1] = 300000
a[-1] = 1.9
out = [a[0], a[1], a[2], a[-1], len(a), list(a), list(reversed(a)), a.index(5), a.count(1), 5 in a, 6 in a]
a.reverse()
out + [list(a)]

#% what a typed array does not offer
from fixtures import typed
out = []
def attempt(act):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
a = typed("Uint8Array", [1, 2])
attempt(lambda: a[0:1])
attempt(lambda: a.__setitem__(slice(0, 1), [1]))
attempt(lambda: a.__delitem__(0))
attempt(lambda: a.__delitem__(slice(0, 1)))
attempt(lambda: a[5])
attempt(lambda: a.__setitem__(5, 1))
attempt(lambda: a["x"])
attempt(lambda: a + [1])
attempt(lambda: a * 2)
attempt(lambda: hasattr(a, "append"))
attempt(lambda: hasattr(a, "extend"))
attempt(lambda: a.__setitem__(0, "text"))
out

#% array-like objects
from fixtures import array_like_iterable
from pyodide.ffi import to_js
a = array_like_iterable(to_js([1, 2, 3, 4]))
out = [len(a), a[0], a[-1], list(a), a[1:3].to_py(), a[::2].to_py(), (a + [5]).to_py(), (a * 2).to_py(), list(reversed(a)), 2 in a]
for act in (lambda: a.__setitem__(0, 1), lambda: a.__delitem__(0), lambda: a["x"], lambda: a.append(1), lambda: a.index(1)):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% assigning to an element of an array-like object
from fixtures import array_like_iterable
from pyodide.ffi import to_js
a = array_like_iterable(to_js([1, 2]))
a[0] = 1

#% an object with length that is not iterable
from fixtures import array_like
array_like()[0]

#% operator and copy
import operator, copy
from pyodide.ffi import to_js
a = to_js([1, [2]])
out = [operator.getitem(a, 0), operator.length_hint(a), operator.concat(a, [3]).to_py(), operator.countOf(a, 1), operator.indexOf(a, 1), operator.contains(a, 5)]
for act in (lambda: copy.copy(a), lambda: copy.deepcopy(a)):
    try:
        c = act()
        out.append([c == a, c.to_py()])
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% a copy of an array is shallow
from pyodide.ffi import to_js
a = to_js([1, [2]])
out = []
for name in ("copy", "clear", "sort"):
    out.append(hasattr(a, name))
b = a.slice()
b[1].append(3)
[out, a.to_py()]
