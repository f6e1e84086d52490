#% type flags
from _pyodide_core import js_flags
from fixtures import plain, map, set as make_set, typed, array_buffer, error, add, Point, count_to, async_count_to, iterator, iterable, async_iterable, array_like, array_like_iterable, disposable, async_disposable, getter_object, container, symbol, both_iterable, stepping, async_stepping, custom_error, thenable
from pyodide.ffi import to_js
from js import Promise
import js
def flags(x):
    return sorted(name for name, bit in js_flags.items() if bit and type(x)._js_type_flags & bit == bit)
{
    name: flags(x)
    for name, x in dict(
        plain=plain(), array=to_js([]), map=map(), set=make_set(), typed=typed("Uint8Array", []), floats=typed("Float64Array", []), buffer=array_buffer([]),
        error=error("Error", ""), custom=custom_error("", 1), function=add, cls=Point, instance=Point.new(1, 2), generator=count_to(1), agenerator=async_count_to(1),
        iterator=iterator(to_js([])), iterable=iterable(to_js([])), aiterable=async_iterable(to_js([])), like=array_like(), like2=array_like_iterable(to_js([])),
        disposable=disposable(), adisposable=async_disposable(), getter=getter_object(), container=container(), symbol=symbol, both=both_iterable(),
        stepping=stepping(1), astepping=async_stepping(1), promise=Promise.new(lambda a, b: None), values=to_js([]).values(), js=js, view=js.DataView.new(array_buffer([1])),
        json=plain().as_py_json(), jsonlist=to_js([]).as_py_json(), objmap=plain().as_object_map(), globals=js.JSON, rev=reversed(to_js([])), weak=plain().to_weakref(),
    ).items()
}

#% type flags of double proxies
from _pyodide_core import js_flags
from pyodide.ffi import create_proxy
import asyncio
def flags(x):
    return sorted(name for name, bit in js_flags.items() if bit and type(x)._js_type_flags & bit == bit)
async def coroutine(): pass
async def agen(): yield 1
class A:
    name = message = stack = "x"
class C:
    def __enter__(self): pass
    def __exit__(self, *a): pass
    def __contains__(self, x): return True
c = coroutine()
out = {
    name: flags(create_proxy(x))
    for name, x in dict(
        list=[1], tuple=(1,), dict={}, set={1}, str_iter=iter("a"), gen=(x for x in ()), agen=agen(), function=len, cls=A, instance=A(), c=C(),
        coroutine=c, exception=ValueError("v"), bytes=b"", memory=memoryview(b""), object=object(), range=range(3), module=asyncio,
    ).items()
}
c.close()
out

#% the names of the flags
from _pyodide_core import js_flags
sorted((name, bit) for name, bit in js_flags.items())

#% types of proxies
from fixtures import plain, map, error, count_to
from pyodide.ffi import to_js, JsProxy
[[type(x).__name__, type(x).__qualname__, type(x).__module__, type(x).__mro__[1].__name__, isinstance(x, JsProxy)] for x in (plain(), to_js([]), map(), error("Error", "e"), count_to(1))]

#% values of the same shape have the same type
from fixtures import plain, nested, map, add, this_of
from pyodide.ffi import to_js
[type(plain()) is type(nested()), type(map()) is type(to_js([])), type(add) is type(this_of), type(to_js([])) is type(to_js([1])), type(plain()) is type(plain().as_py_json())]

#% classes of pyodide.ffi
import pyodide.ffi as ffi
from fixtures import plain, map, set as make_set, typed, array_buffer, error, add, count_to, async_count_to, iterator, iterable, async_iterable, array_like, array_like_iterable, both_iterable, getter_object
from pyodide.ffi import to_js, create_proxy, create_once_callable
from js import Promise
classes = [getattr(ffi, n) for n in sorted(ffi.__all__) if n.startswith("Js") and isinstance(getattr(ffi, n), type) and n not in ("JsNull", "JsBigInt")]
out = {}
for name, x in dict(
    plain=plain(), array=to_js([]), map=map(), set=make_set(), typed=typed("Uint8Array", []), buffer=array_buffer([]), error=error("Error", ""), function=add,
    generator=count_to(1), agenerator=async_count_to(1), iterator=iterator(to_js([])), iterable=iterable(to_js([])), aiterable=async_iterable(to_js([])), like=array_like(),
    like2=array_like_iterable(to_js([])), both=both_iterable(), getter=getter_object(), promise=Promise.new(lambda a, b: None), double=create_proxy([]), call=create_proxy(len),
    once=create_once_callable(len), objmap=plain().as_object_map(), json=plain().as_py_json(), list=[], none=None,
).items():
    out[name] = [c.__name__ for c in classes if isinstance(x, c)]
out

#% issubclass between the classes
import pyodide.ffi as ffi
names = [n for n in sorted(ffi.__all__) if n.startswith("Js") and isinstance(getattr(ffi, n), type) and n not in ("JsNull", "JsBigInt")]
{a: [b for b in names if issubclass(getattr(ffi, a), getattr(ffi, b))] for a in names}

#% the classes cannot be instantiated
import pyodide.ffi as ffi
out = []
for name in ("JsProxy", "JsArray", "JsMap", "JsMutableMap", "JsPromise", "JsCallable", "JsGenerator", "JsBuffer", "JsDoubleProxy", "JsTypedArray", "JsOnceCallable", "JsWeakRef"):
    try:
        out.append(getattr(ffi, name)())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% generic classes
from pyodide.ffi import JsArray, JsMap, JsPromise, JsCallable
[str(JsArray[int]), str(JsMap[str, int]), str(JsPromise[int])]

#% the type of a proxy cannot be called
from fixtures import plain
type(plain())()

#% isinstance with a union and a tuple
from pyodide.ffi import JsArray, JsMap, JsProxy, to_js
from fixtures import map
[isinstance(map(), (JsArray, JsMap)), isinstance(map(), JsArray | JsMap), isinstance(to_js([]), JsMap | None), issubclass(type(map()), JsProxy)]

#% buffers have their methods, others do not
from fixtures import typed, array_buffer, plain
from pyodide.ffi import to_js
names = ("assign", "assign_to", "to_memoryview", "to_bytes", "to_string", "to_file", "from_file", "_into_file")
[[hasattr(x, n) for n in names] for x in (typed("Uint8Array", []), array_buffer([]), plain(), to_js([]))]

#% promises: then
from js import Promise
p = Promise.new(lambda resolve, reject: resolve(5))
q = p.then(lambda v: v + 1)
[await q, await p.then(lambda v: [v]), await p, type(q).__name__, p.typeof]

#% promises: then with two callbacks
from js import Promise
p = Promise.new(lambda resolve, reject: reject(ValueError("no") and "reason"))
q = p.then(lambda v: "kept", lambda e: f"rejected with {e}")
await q

#% promises: catch and finally_
from js import Promise
from fixtures import error
out = []
p = Promise.new(lambda resolve, reject: reject(error("TypeError", "oops")))
out.append(await p.catch(lambda e: e.message))
r = p.finally_(lambda: out.append("finally"))
try:
    await r
except Exception as e:
    out.append([type(e).__name__, str(e)])
s = Promise.new(lambda resolve, reject: resolve("fine"))
out.append(await s.finally_(lambda: "ignored"))
out.append(await s.catch(lambda e: "not called"))
out

#% promises: a callback that raises
from js import Promise
p = Promise.new(lambda resolve, reject: resolve(5))
def fail(v):
    raise KeyError(v)
await p.then(fail)

#% promises: a callback that is awaitable
from js import Promise
import asyncio
p = Promise.new(lambda resolve, reject: resolve(5))
async def later(v):
    await asyncio.sleep(0)
    return v * 2
await p.then(later)

#% promises: a callback that is no function
from js import Promise
p = Promise.new(lambda resolve, reject: resolve(5))
p.then(5)

#% promises: then without callbacks
from js import Promise
p = Promise.new(lambda resolve, reject: resolve(5))
out = []
for act in (lambda: p.then(None), lambda: p.then(), lambda: p.catch(), lambda: p.finally_()):
    try:
        out.append(await act())
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% awaiting twice
from js import Promise
p = Promise.new(lambda resolve, reject: resolve('text'))
a, b = await p, await p
[a is b, a]

#% awaiting a thenable
from fixtures import get_property, thenable
import js
from pyodide.ffi import to_js
o = to_js({"t": 1}, dict_converter=js.Object.fromEntries)
[await thenable("value")]

#% awaiting what is no promise
from fixtures import plain
await plain()

#% errors are exceptions
from fixtures import error, custom_error
from pyodide.ffi import JsException
e = error("RangeError", "oops")
c = custom_error("bad", 7)
[isinstance(e, Exception), isinstance(e, JsException), e.name, e.message, str(e), repr(e), e.args, c.code, c.name, str(c), e.typeof, bool(e)]

#% errors can be raised and caught
from fixtures import error
e = error("RangeError", "oops")
try:
    raise e
except Exception as caught:
    out = [caught is e, caught == e, caught.message, caught.js_error == e]
out

#% errors as causes, with notes
from fixtures import error
e = error("RangeError", "oops")
e.add_note("a note")
raise ValueError("outer") from e

#% attributes of errors
from fixtures import error
e = error("TypeError", "oops")
e.extra = 5
e.message = "changed"
[e.extra, e.message, str(e), list(e.object_keys()), hasattr(e, "stack"), e.__traceback__, e.__cause__, e.__context__]

#% error-like objects are errors
from js import Object
from pyodide.ffi import to_js, JsException
make = lambda **kw: to_js(kw, dict_converter=Object.fromEntries)
a, b = make(name="N", message="m", stack="s"), make(name="N", message="m")
[isinstance(a, JsException), isinstance(b, JsException), str(a)]

#% raising a proxy that is no error
from fixtures import plain
raise plain()

#% JsException by hand
from pyodide.ffi import JsException
e = JsException("MyError", "my message", "my stack")
[type(e).__name__, e.name, e.message, e.stack, str(e), e.constructor.name, isinstance(e, Exception)]

#% pickling
import pickle
from fixtures import error, plain
e = pickle.loads(pickle.dumps(error("RangeError", "oops")))
out = [e.name, e.message, str(e), type(e).__name__]
try:
    pickle.dumps(plain())
except Exception as error_:
    out.append([type(error_).__name__, str(error_)])
out

#% once callables
from pyodide.ffi import create_once_callable
from fixtures import call_with
f = create_once_callable(lambda x: x * 2)
out = [f.typeof, call_with(f, 21)]
try:
    call_with(f, 1)
except Exception as error:
    out.append([type(error).__name__, str(error)])
out

#% a once callable that is destroyed
from pyodide.ffi import create_once_callable
from fixtures import call_with
f = create_once_callable(len)
f.destroy()
call_with(f, [1])

#% double proxies
from pyodide.ffi import create_proxy
l, f = [1, 2], lambda x: x + 1
p, q = create_proxy(l), create_proxy(f)
[p.unwrap() is l, q.unwrap() is f, q(1), len(p), p.typeof, q.typeof, p.constructor.name, p == create_proxy(l), p.toString(), p.type, list(p), p.destroy(), q.destroy()]

#% a destroyed double proxy
from pyodide.ffi import create_proxy
p = create_proxy([1])
p.destroy()
out = []
for act in (lambda: p.unwrap(), lambda: str(p), lambda: p.type, lambda: len(p), lambda: p.copy(), lambda: p.destroy(), lambda: list(p), lambda: bool(p), lambda: p == p, lambda: p.typeof):
    try:
        out.append(act())
    except Exception as error:
        out.append([type(error).__name__, str(error).splitlines()[0]])
out

#% attributes of double proxies
from pyodide.ffi import create_proxy
class A:
    x = 1
a = A()
p = create_proxy(a)
p.y = 5
out = [p.x, a.y, p.y, hasattr(p, "z"), "x" in dir(p)]
del p.y
out + [hasattr(a, "y")]

#% symbols
from fixtures import symbol, type_of, plain, get_property, set_property
import js
o = plain()
set_property(o, symbol, "by symbol")
[symbol.typeof, str(symbol), repr(symbol), symbol == symbol, symbol.description, get_property(o, symbol), symbol.toString(), bool(symbol), js.Symbol.iterator.typeof]

#% well-known symbols with Reflect
import js
from fixtures import get_property
from pyodide.ffi import to_js
a = to_js([1, 2])
it = js.Reflect.get(a, js.Symbol.iterator).call(a)
[it.next().value, get_property(a, js.Symbol.iterator).name, js.Reflect.has(a, js.Symbol.iterator), js.Reflect.has(a, js.Symbol.asyncIterator)]

#% the module js
import js
[js.typeof, str(js), js.globalThis == js.globalThis, js.globalThis.globalThis == js.globalThis, hasattr(js, "no_such_global"), js.Object is js.Object, js.Object == js.Object, type(js).__name__ in ("JsProxy", "pyodide.ffi.JsProxy")]

#% globals can be set and deleted
import js
js.my_global = [1, 2]
from js import my_global
out = [my_global, js.my_global is my_global, "my_global" in dir(js)]
del js.my_global
out + [hasattr(js, "my_global")]

#% importing what is not there
from js import no_such_global

#% importing a submodule
from js.Array import isArray
import js.JSON as J
[isArray([1]), J.stringify(5)]

#% importing from what is no module
import js.Array.nothing

#% a module made from an object
import sys
from pyodide.ffi import register_js_module, unregister_js_module, to_js
from js import Object
register_js_module("my_js_module", to_js({"x": 1, "inner": {"y": 2}}, dict_converter=Object.fromEntries))
import my_js_module
from my_js_module import x
from my_js_module.inner import y
out = [x, y, my_js_module.__name__, my_js_module.x, "my_js_module" in sys.modules]
unregister_js_module("my_js_module")
for name in [n for n in sys.modules if n.startswith("my_js_module")]:
    del sys.modules[name]
try:
    import my_js_module
except ImportError as error:
    out.append([type(error).__name__, str(error)])
out

#% star import of a module made from an object
from pyodide.ffi import register_js_module, unregister_js_module, to_js
from js import Object
register_js_module("my_star_module", to_js({"star_x": 1, "star_y": 2, "_hidden": 3}, dict_converter=Object.fromEntries))
ns = {}
exec("from my_star_module import *", ns)
unregister_js_module("my_star_module")
import sys
del sys.modules["my_star_module"]
sorted(k for k in ns if "star" in k or "hidden" in k)
#% attributes of Python objects and the flags of their double proxies
from _pyodide_core import js_flags
from pyodide.ffi import create_proxy
def flags(x):
    return sorted(name for name, bit in js_flags.items() if bit and type(x)._js_type_flags & bit == bit)
def make(*names):
    return type("A", (), {n: lambda self, *a: None for n in names})()
[[n, flags(create_proxy(make(n)))] for n in ("next", "then", "get", "set", "has", "includes", "length", "size", "__iter__", "__len__", "__getitem__", "__await__", "__anext__", "__aiter__", "__next__", "destroy", "throw")]
