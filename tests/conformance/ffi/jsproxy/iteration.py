#% iterating iterables
from fixtures import map, set as make_set, iterable, typed, count_to
from pyodide.ffi import to_js
[list(x) for x in (to_js([1, 2]), map(), make_set(), iterable(to_js(["x"])), typed("Uint8Array", [3]), count_to(3), to_js([5]).values(), map().values())]

#% an iterator without Symbol.iterator
from fixtures import iterator
from pyodide.ffi import to_js
i = iterator(to_js([1, 2, 3]))
[next(i), iter(i) is i, list(i), list(i)]

#% the value of the end of an iterator
from fixtures import iterator
from pyodide.ffi import to_js
i = iterator(to_js([]))
try:
    next(i)
except StopIteration as stop:
    result = stop.value
result

#% next with a default
from fixtures import iterator
from pyodide.ffi import to_js
next(iterator(to_js([])), "default")

#% iterating what is not iterable
from fixtures import plain
iter(plain())

#% next of what is no iterator
from pyodide.ffi import to_js
next(to_js([1]))

#% an iterator whose next gives no object
from fixtures import stepping
next(stepping(5))

#% an iterator whose next gives an object without done
from fixtures import stepping, plain
next(stepping(plain()))

#% an iterator whose next gives a promise
from fixtures import stepping
from js import Promise
next(stepping(Promise.new(lambda a, b: None)))

#% an iterator whose next gives undefined
from fixtures import stepping
next(stepping(None))

#% an iterator whose next gives a function
from fixtures import stepping, add
next(stepping(add))

#% an iterator whose done is no boolean
from fixtures import stepping
from js import Object
from pyodide.ffi import to_js
out = []
for done in (0, "", 1, "no", None):
    step = to_js({"done": done, "value": 7}, dict_converter=Object.fromEntries)
    try:
        out.append(next(stepping(step)))
    except StopIteration as stop:
        out.append(["stop", stop.value])
    except TypeError as error:
        out.append(str(error))
out

#% entries and nested iteration
from pyodide.ffi import to_js
from fixtures import map
a = to_js([[1, 2], [3]])
[[list(x) for x in a], [(i, list(v)) for i, v in a.entries()], [(k, v) for k, v in map().entries()], [x for row in a for x in row]]

#% iterators are exhausted
from pyodide.ffi import to_js
i = to_js([1, 2]).values()
[list(i), list(i), next(i, "end")]

#% iterators of JavaScript in itertools
import itertools
from fixtures import count_to, stubborn
[list(itertools.islice(stubborn(), 2)), list(itertools.chain(count_to(2), count_to(1))), [list(g) for g in itertools.tee(count_to(2))], list(enumerate(count_to(2), 5)), list(zip(count_to(3), "ab"))]

#% an iterable of Python in JavaScript and back
from fixtures import spread, collect
[spread([1, 2]).to_py(), spread({"a": 1, "b": 2}).to_py(), spread(x * x for x in range(3)).to_py(), spread("ab").to_py(), spread((1,)).to_py(), (await collect([1, 2])).to_py()]

#% an exception while JavaScript iterates
from fixtures import spread
def numbers():
    yield 1
    raise LookupError("broken")
spread(numbers())

#% containment by has and includes
from fixtures import container
c = container()
["held" in c, "else" in c]

#% containment in what offers none
from fixtures import plain
"a" in plain()
