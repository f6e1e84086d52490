#% accessors of an object map
from fixtures import with_accessor, throwing_getter
m = with_accessor().as_object_map()
m["value"] = 4
out = [m["value"], m["constant"], list(m.items()), m.to_py()]
t = throwing_getter().as_py_json()
try:
    t["bad"]
except Exception as error:
    out.append([type(error).__name__, str(error)])
out

#% to_py of an object whose getter throws
from fixtures import throwing_getter
throwing_getter().to_py()

#% to_py with accessors
from fixtures import with_accessor, Point
[with_accessor().to_py(), type(Point.new(1, 2).to_py()).__name__]

#% holes in repetition, index and count
from fixtures import sparse
a = sparse()
out = [(a * 2).to_py(), (a + [5]).to_py(), a.index(None), a.count(None), None in a, a[:].to_py(), a[::2].to_py(), len(a[:])]
a *= 2
out + [a.to_py(), len(a)]

#% holes in slices with a step
from fixtures import sparse
s = sparse()[::-1]
[len(s), s.to_py(), s[1]]

#% deleting an attribute leaves a hole
from pyodide.ffi import to_js
a = to_js([1, 2, 3])
delattr(a, "1")
out = [len(a), a.to_py()]
try:
    a[1]
except IndexError as error:
    out.append(str(error))
out

#% deleting the length of an array
from pyodide.ffi import to_js
del to_js([1]).length

#% setting the length to something that is no number
from pyodide.ffi import to_js
a = to_js([1, 2])
out = []
for value in (1.5, "1", None, True, 2**32, "x"):
    try:
        a.length = value
        out.append(len(a))
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% properties of an array that are no indices
from pyodide.ffi import to_js
a = to_js([1])
setattr(a, "-1", "minus")
setattr(a, "01", "leading zero")
setattr(a, "1.5", "fraction")
setattr(a, "4294967295", "too large")
[len(a), list(a.object_keys()), a.to_py()]

#% reading a property of a primitive by a method
from js import Object
from pyodide.ffi import to_js
[Object.keys("ab").to_py(), Object.keys(5).to_py(), Object.entries(to_js(["x"])).to_py(), Object.is_(float("nan"), float("nan")) if hasattr(Object, "is_") else None]

#% Object.keys of nothing
from js import Object
Object.keys(None)

#% calling with a this of another kind
import js
js.Map.prototype.forEach.call(5, len)

#% Function.prototype.apply with bad arguments
from fixtures import add
add.apply(None, 5)

#% apply with an array-like object
from fixtures import arguments_of, array_like
[arguments_of.apply(None, array_like()).to_py(), arguments_of.apply().to_py(), arguments_of.apply(None, None).to_py()]

#% Reflect.construct and Reflect.apply
import js
from fixtures import Point, add
from pyodide.ffi import to_js
p = js.Reflect.construct(Point, to_js([1, 2]))
[p.x, p.constructor.name, js.Reflect.apply(add, None, to_js([3, 4]))]

#% new of a bound function and of a proxy
from fixtures import Point
B = Point.bind(None, 1)
p = B.new(2)
[p.x, p.y, p.constructor.name, B.name]

#% new of a built-in without new
import js
out = []
for name in ("Map", "Set", "Promise", "ArrayBuffer", "Uint8Array", "WeakMap"):
    try:
        getattr(js, name)()
        out.append("called")
    except Exception as error:
        out.append(str(error))
out + [js.Array(3).length, js.Object().typeof, js.Error("x").message, js.String(5), js.Boolean(""), js.Number("7")]

#% new of what takes wrong arguments
import js
out = []
for make in (lambda: js.Map.new(5), lambda: js.Set.new(5), lambda: js.Promise.new(5), lambda: js.Promise.new(), lambda: js.Map.new([1]), lambda: js.Array.new(-1), lambda: js.ArrayBuffer.new(-1)):
    try:
        make()
        out.append("made")
    except Exception as error:
        out.append(str(error))
out

#% a prototype can be changed
import js
from fixtures import plain, Point
o = plain()
js.Object.setPrototypeOf(o, Point.prototype)
o.x, o.y = 1, 2
[o.sum, o.constructor.name, o.scale(2).x, type(o.to_py()).__name__]

#% __proto__ by its name
from fixtures import plain, Point
import js
o = plain()
o.__proto__ = Point.prototype
out = [getattr(o, "__proto__") == Point.prototype, o.constructor.name, "__proto__" in dir(o)]
o.__proto__ = None
out.append(o.constructor.name)
js.Object.setPrototypeOf(o, to_js_null) if False else None
out

#% a circle of prototypes
from fixtures import plain
a, b = plain(), plain()
a.__proto__ = b
b.__proto__ = a

#% a getter made by a Python function
from fixtures import plain
from pyodide.ffi import create_proxy
o = plain()
read = create_proxy(lambda: "read")
written = []
write = create_proxy(written.append)
o.__defineGetter__("computed", read)
o.__defineSetter__("computed", write)
o.computed = 5
[o.computed, written, o.__lookupGetter__("computed") == read, list(o.object_keys())[-1]]

#% defineProperty
import js
from fixtures import plain
from pyodide.ffi import to_js, create_proxy
o = plain()
describe = lambda **kw: to_js(kw, dict_converter=js.Object.fromEntries)
js.Object.defineProperty(o, "hidden", describe(value=1))
js.Object.defineProperty(o, "seen", describe(value=2, enumerable=True, writable=True))
o.seen = 3
out = [o.hidden, o.seen, list(o.object_keys()), "hidden" in dir(o)]
try:
    o.hidden = 5
except Exception as error:
    out.append(str(error))
try:
    del o.hidden
except Exception as error:
    out.append(str(error))
out

#% sealing and freezing
import js
from fixtures import plain
from pyodide.ffi import to_js
o, a = js.Object.seal(plain()), js.Object.freeze(to_js([1, 2]))
out = [js.Object.isSealed(o), js.Object.isFrozen(o), js.Object.isFrozen(a)]
o.a = 5
def attempt(act):
    try:
        act()
        out.append("done")
    except Exception as error:
        out.append([type(error).__name__, str(error)])
attempt(lambda: setattr(o, "new", 1))
attempt(lambda: delattr(o, "a"))
attempt(lambda: a.__setitem__(0, 5))
attempt(lambda: a.pop())
attempt(lambda: a.reverse())
attempt(lambda: a.insert(0, 1))
attempt(lambda: a.__delitem__(1))
out + [o.a, a.to_py()]

#% methods of Object
import js
from fixtures import plain, inheriting, Point
from pyodide.ffi import to_js
o = js.Object.create(plain())
o.own = 1
merged = js.Object.assign(js.Object.new(), plain(), to_js({"z": 9}, dict_converter=js.Object.fromEntries))
[o.a, list(js.Object.keys(o)), list(merged.object_keys()), sorted(js.Object.getOwnPropertyNames(Point.prototype).to_py()), js.Object.hasOwn(inheriting(), "inherited"), js.Object.getOwnPropertyDescriptor(plain(), "a").to_py(), o.hasOwnProperty("a"), o.propertyIsEnumerable("own"), plain().valueOf().a]

#% JSON of objects with accessors and classes
from js import JSON
from fixtures import with_accessor, Point, map, set as make_set, sparse
[JSON.stringify(x) for x in (with_accessor(), Point.new(1, 2), map(), make_set(), sparse())]

#% structuredClone of objects
import js
from fixtures import nested, Point, error
n = js.structuredClone(nested())
p = js.structuredClone(Point.new(1, 2))
e = js.structuredClone(error("RangeError", "oops"))
[n.last.x.y, n.map.size, n.list[1][1][0], p.constructor.name, p.x, e.name, str(e)]

#% an async function that is called but not awaited
from fixtures import async_add
f = async_add(1, 2)
out = [type(f).__name__, f.done()]
out + [await f]

#% an async function awaited twice
from fixtures import async_add
f = async_add(1, 2)
[await f, await f]

#% arguments of an async function live until it is done
from fixtures import await_call
import asyncio
seen = []
async def work(l):
    await asyncio.sleep(0)
    l.append(len(l))
    return list(l)
items = [1, 2]
[await await_call(work, items), items]

#% a coroutine function as a callback
from fixtures import call_with
async def work(x):
    return x * 2
r = call_with(work, 4)
await r

#% the result of a call that returns a container of Python is that container
from fixtures import call_with
d = {"k": [1]}
r = call_with(lambda: d)
r is d

#% a lambda that returns itself
from fixtures import call_with
f = lambda: f
call_with(f) is f

#% callbacks kept without a proxy are gone
from fixtures import keep, kept
keep(lambda: 1)
f = kept()
try:
    f()
    out = "called"
except Exception as error:
    out = [type(error).__name__, str(error).splitlines()[0]]
out

#% a proxy kept with create_proxy works
from fixtures import keep, kept
from pyodide.ffi import create_proxy
p = create_proxy(lambda x: x + 1)
keep(p)
[kept()(1), kept() is p.unwrap() or kept() == p]

#% sorting by a Python function
from pyodide.ffi import to_js
a = to_js([3, 1, 2])
[a.sort(lambda x, y: y - x).to_py(), a.toSorted().to_py(), a.findLast(lambda x, *_: x > 1), a.reduce(lambda total, x, *_: total + x)]

#% a comparison that raises
from pyodide.ffi import to_js
def compare(x, y):
    raise RuntimeError("no order")
to_js([2, 1]).sort(compare)

#% exceptions keep their identity through JavaScript
from fixtures import call_with, rethrow
e = KeyError("mine")
def fail():
    raise e
out = []
for call in (call_with, rethrow):
    try:
        call(fail)
    except Exception as error:
        out.append(error is e)
out

#% an exception group through JavaScript
from fixtures import call_with
def fail():
    raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])
call_with(fail)

#% methods of promises by their JavaScript names
from js import Promise
from pyodide.ffi import to_js
out = [
    list(await Promise.all([Promise.resolve(1), 2])),
    [r.status for r in await Promise.allSettled([Promise.resolve(1), Promise.reject(2)])],
    await Promise.race([Promise.resolve("first"), Promise.new(lambda *a: None)]),
    await Promise.any([Promise.reject(1), Promise.resolve("any")]),
]
out

#% withResolvers
from js import Promise
w = Promise.withResolvers()
w.resolve("resolved")
[await w.promise, sorted(w.object_keys())]

#% iterator helpers
from pyodide.ffi import to_js, create_proxy
f, g = create_proxy(lambda x, n: x * n), create_proxy(lambda x, _: x != 2)
v = lambda: to_js([1, 2, 3, 4]).values()
[v().map(f).toArray().to_py(), v().take(2).toArray().to_py(), v().filter(g).toArray().to_py(), list(v().drop(3)), v().reduce(lambda a, b, *_: a + b)]
