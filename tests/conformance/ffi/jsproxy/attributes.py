#% reading, setting and deleting attributes
from fixtures import plain
o = plain()
o.a = 5
o.added = "new"
del o.b
[o.a, o.added, hasattr(o, "b"), hasattr(o, "d"), o.d, list(o.object_keys())]

#% a missing attribute
from fixtures import plain
plain().nothing

#% a getter that throws is no missing attribute
from fixtures import throwing_getter
o = throwing_getter()
[o.good, hasattr(o, "good"), o.bad]

#% hasattr does not hide what a getter throws
from fixtures import throwing_getter
hasattr(throwing_getter(), "bad")

#% getattr with a default
from fixtures import plain, throwing_getter
out = [getattr(plain(), "nothing", "default"), getattr(plain(), "a", "default"), getattr(plain(), "d", "default")]
try:
    getattr(throwing_getter(), "bad", "default")
except Exception as error:
    out.append([type(error).__name__, str(error)])
out

#% deleting what is not there
from fixtures import plain
o = plain()
del o.nothing
list(o.object_keys())

#% reserved words get an underscore
from fixtures import with_keywords
o = with_keywords()
[o.class_, o.from_, o.lambda__, o.then_, getattr(o, "class"), getattr(o, "with space"), o.__dunder__]

#% a word with underscores that is not reserved is taken as it is
from fixtures import with_keywords
with_keywords().then__

#% one underscore too many
from fixtures import with_keywords
o = with_keywords()
[hasattr(o, "class__"), hasattr(o, "lambda_"), hasattr(o, "lambda__"), hasattr(o, "from")]

#% setting and deleting reserved words
from fixtures import with_keywords
o = with_keywords()
o.class_ = "changed"
setattr(o, "from", "set")
o.async_ = "added"
o.await__ = "with an underscore of its own"
del o.lambda__
list(o.object_entries().to_py())

#% all reserved words and the soft ones
import keyword
from pyodide.ffi import to_js
from js import Object
o = to_js({word: index for index, word in enumerate(keyword.kwlist + keyword.softkwlist)}, dict_converter=Object.fromEntries)
{
    "hard": [getattr(o, word + "_") for word in keyword.kwlist],
    "soft": [getattr(o, word) for word in keyword.softkwlist],
    "missing": [hasattr(o, word + "_") for word in keyword.softkwlist],
    "dir": sorted(set(dir(o)) & {word + "_" for word in keyword.kwlist + keyword.softkwlist}),
}

#% dir of a plain object
from fixtures import plain
sorted(dir(plain()))

#% dir leaves array indices out
from fixtures import sparse, with_keywords
a = sparse()
setattr(a, ":", 1)
setattr(a, "/", 2)
setattr(a, "1x", 3)
a.abcd = 4
[[name for name in dir(a) if name in (":", "/", "1x", "abcd", "0", "1", "2", "length")], [n for n in dir(with_keywords()) if n.strip("_") in ("class", "from", "lambda", "then", "with space", "dunder")]]

#% dir of a class instance and of its subclass
from fixtures import Point3
p = Point3.new(1, 2, 3)
[name for name in dir(p) if not name.startswith("__")]

#% dir of a function
from fixtures import add
[name for name in dir(add) if not name.startswith("__") and name not in ("arguments", "caller")]

#% dir of an array
from pyodide.ffi import to_js
[name for name in dir(to_js([1, 2])) if not name.startswith("__")]

#% dir of a map
from fixtures import map
[name for name in dir(map()) if not name.startswith("__")]

#% dir of a promise
from js import Promise
[name for name in dir(Promise.new(lambda a, b: None)) if not name.startswith("__")]

#% dir of an error
from fixtures import error
[name for name in dir(error("TypeError", "oops")) if not name.startswith("__")]

#% dir of a generator
from fixtures import count_to
g = count_to(2)
[name for name in dir(g) if not name.startswith("__")]

#% dir of an object without a prototype
from fixtures import null_prototype
sorted(name for name in dir(null_prototype()) if not name.startswith("__"))

#% attributes of Python's own win over the object's
from pyodide.ffi import to_js
from js import Object
o = to_js({"typeof": 7, "js_id": 8, "to_py": 9, "object_keys": 10, "free": 11}, dict_converter=Object.fromEntries)
[o.typeof, type(o.js_id).__name__, callable(o.to_py), callable(o.object_keys), o.free, o.as_py_json()["typeof"]]

#% names that Python's module machinery sets stay in Python
from fixtures import plain
o = plain()
o.__name__ = "a name"
o.__spec__ = None
o.__other__ = 3
[o.__name__, o.__spec__, o.__other__, list(o.object_keys())]

#% names outside ASCII
from fixtures import plain
o = plain()
o.\u03b1 = 1
setattr(o, "\U0001f600", 2)
setattr(o, "", 3)
[o.\u03b1, getattr(o, "\U0001f600"), getattr(o, ""), list(o.object_keys())[-3:]]

#% an attribute named by a lone surrogate cannot be looked up
from fixtures import plain
getattr(plain(), "\ud800")

#% inherited attributes are read and shadowed
from fixtures import inheriting
o = inheriting()
before = [o.inherited, o.own, list(o.object_keys())]
o.inherited = "own now"
during = [o.inherited, list(o.object_keys())]
del o.inherited
[before, during, o.inherited]

#% accessors
from fixtures import with_accessor
o = with_accessor()
out = [o.value]
o.value = 21
out.append(o.value)
out.append(list(o.object_keys()))
out

#% setting what has only a getter
from fixtures import with_accessor
with_accessor().constant = 1

#% setting a property of a frozen object
from fixtures import frozen
frozen().a = 2

#% deleting a property of a frozen object
from fixtures import frozen
del frozen().a

#% setting the size of a map
from fixtures import map
map().size = 7

#% setting the length of an array
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
a.length = 1
b = to_js([1])
b.length = 3
[a.to_py(), b.to_py(), len(b)]

#% a negative length for an array
from pyodide.ffi import to_js
to_js([1]).length = -1

#% attributes of symbols are reached by get
from fixtures import with_symbols
o = with_symbols()
[o.visible, str(o), list(o.object_keys())]

#% attributes of functions
from fixtures import add, Point
[add.name, add.length, Point.name, Point.length, Point.made, add.typeof, Point.typeof]

#% keys of an array is hidden, entries and values are not
from pyodide.ffi import to_js
a = to_js(["x"])
[hasattr(a, "keys"), hasattr(a, "entries"), hasattr(a, "values"), [list(e) for e in a.entries()], list(a.values())]

#% keys of a typed array is hidden
from fixtures import typed
hasattr(typed("Uint8Array", [1]), "keys")

#% keys of a set and of a plain object
from fixtures import set as make_set, plain
[list(make_set().keys()), hasattr(plain(), "keys")]

#% setting an attribute to a container passes a proxy
from fixtures import plain, inspect
o = plain()
l = [1]
o.e = l
[o.e is l, inspect(o)]

#% vars and slots
from fixtures import plain
out = []
for act in (lambda: vars(plain()), lambda: plain().__dict__, lambda: plain().__slots__):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% a method taken off its object keeps it as this
from fixtures import Point
p = Point.new(3, 4)
scale = p.scale
q = scale(2)
[q.x, q.y, scale.name]

#% functions as attributes of Python classes are methods
from fixtures import get_property, this_of
class A:
    x = 5
    of = this_of
a = A()
[a.of() is a, type(A.of).__name__]
