#% calling with arguments
import fixtures
from pyodide.ffi import create_proxy
def f(*args, **kwargs): return (args, kwargs)
fixtures.call_with(create_proxy(f), 1, "a", None, 2.5, [1])
#% apply and call drop this
import js
from pyodide.ffi import create_proxy
p = create_proxy(lambda *args: args)
p.apply(js.Object.new(), js.Array.of(1, 2)), p.call(js.Object.new(), 3, 4), p.apply(None), p.apply(None, None)
#% apply with something else than a list
from pyodide.ffi import create_proxy
create_proxy(lambda *args: args).apply(None, 5)
#% apply with an array-like
import js, fixtures
from pyodide.ffi import create_proxy
create_proxy(lambda *args: args).apply(None, fixtures.array_like())
#% apply with a proxy of a list
from pyodide.ffi import create_proxy
create_proxy(lambda *args: args).apply(None, create_proxy([1, 2]))
#% callKwargs
import js
from pyodide.ffi import create_proxy, to_js
p = create_proxy(lambda *args, **kwargs: (args, kwargs))
o = js.Object.fromEntries(to_js([["a", 1], ["b", 2]]))
p.callKwargs(1, o), p.callKwargs(o), p.callKwargs(js.Object.new())
#% callKwargs without arguments
from pyodide.ffi import create_proxy
create_proxy(print).callKwargs()
#% callKwargs with a last argument that is no object
from pyodide.ffi import create_proxy
create_proxy(print).callKwargs(1, 2)
#% callKwargs with a proxy of a dict
from pyodide.ffi import create_proxy
create_proxy(print).callKwargs(create_proxy({"a": 1}))
#% callKwargs with None
from pyodide.ffi import create_proxy
create_proxy(print).callKwargs(None)
#% callKwargs with a Map
import js
from pyodide.ffi import create_proxy
create_proxy(print).callKwargs(js.Map.new())
#% callKwargs with an unknown name
import js
from pyodide.ffi import create_proxy, to_js
create_proxy(lambda a: a).callKwargs(js.Object.fromEntries(to_js([["b", 2]])))
#% callKwargs given an argument twice
import js
from pyodide.ffi import create_proxy, to_js
def f(a): return a
create_proxy(f).callKwargs(1, js.Object.fromEntries(to_js([["a", 2]])))
#% callRelaxed drops what is too much
from pyodide.ffi import create_proxy
def f(a, b=2): return (a, b)
p = create_proxy(f)
p.callRelaxed(1, 5, 7, 9), p.callRelaxed(1)
#% callRelaxed with too few arguments
from pyodide.ffi import create_proxy
def f(a, b): return (a, b)
create_proxy(f).callRelaxed(1)
#% callKwargsRelaxed
import js
from pyodide.ffi import create_proxy, to_js
def f(a, *, k=0): return (a, k)
create_proxy(f).callKwargsRelaxed(1, 2, js.Object.fromEntries(to_js([["k", 3], ["zz", 4]])))
#% callWithOptions
import js
from pyodide.ffi import create_proxy, to_js
def f(a, *, k=0): return (a, k)
p = create_proxy(f)
options = lambda **kw: js.Object.fromEntries(to_js(list(kw.items())))
p.callWithOptions(options(), 1), p.callWithOptions(options(relaxed=True), 1, 2), p.callWithOptions(options(kwargs=True), 1, options(k=5)), p.callWithOptions(options(kwargs=True, relaxed=True), 1, 2, options(k=5, z=1))
#% callWithOptions kwargs without arguments
import js
from pyodide.ffi import create_proxy, to_js
create_proxy(print).callWithOptions(js.Object.fromEntries(to_js([["kwargs", True]])))
#% callWithOptions without options
from pyodide.ffi import create_proxy
create_proxy(print).callWithOptions()
#% bind
import fixtures
from pyodide.ffi import create_proxy
p = create_proxy(lambda *args: args)
q = fixtures.call_method(p, "bind", None, 1)
fixtures.call_with(fixtures.call_method(p, "bind", None, 1), 2), fixtures.call_with(fixtures.call_method(fixtures.call_method(p, "bind", None, 1, 2), "bind", None, 3), 4)
#% captureThis passes this
import js, fixtures
from pyodide.ffi import create_proxy
o = js.Object.new()
o.x = 3
p = create_proxy(lambda this, *args: (this.x, *args))
o.m = p.captureThis()
o.m(1)
#% a method as a property of an object
import js
from pyodide.ffi import create_proxy
o = js.Object.new()
o.m = create_proxy(lambda *args: args)
o.m(1, 2)
#% a function that raises
import fixtures
from pyodide.ffi import create_proxy
def f(): raise ValueError("from Python")
fixtures.call_catching(create_proxy(f))
#% a wrong number of arguments
import fixtures
from pyodide.ffi import create_proxy
fixtures.call_with(create_proxy(lambda a: a))
#% a coroutine function called from JavaScript gives a promise
import fixtures
from pyodide.ffi import create_proxy
async def f(x): return [x]
r = fixtures.call_with(create_proxy(f), 5)
type(r).__name__, await r
#% a coroutine called from JavaScript runs at once
import fixtures, asyncio
from pyodide.ffi import create_proxy
log = []
async def f():
    log.append("started")
fixtures.keep(create_proxy(f))
fixtures.call_with(fixtures.kept())
await asyncio.sleep(0)
await asyncio.sleep(0)
log
#% awaiting the proxy of a coroutine
import fixtures
from pyodide.ffi import create_proxy
async def f(): return 7
p = create_proxy(f())
r = await p.then(lambda v: v + 1)
r
#% catch and finally of the proxy of a coroutine
import fixtures
from pyodide.ffi import create_proxy
async def f(): raise ValueError("caught")
log = []
p = create_proxy(f())
r = await p.catch(lambda e: str(type(e).__name__)).finally_(lambda: log.append("done"))
r, log
#% a proxy of a coroutine is used up by then
from pyodide.ffi import create_proxy
async def f(): return 7
p = create_proxy(f())
first = await p.then(lambda v: v)
second = await p.then(lambda v: v * 2)
first, second, p.type
#% a future and a task
import asyncio
from pyodide.ffi import create_proxy
future = asyncio.get_event_loop().create_future()
p = create_proxy(future)
promise = p.then(lambda v: ("got", v))
future.set_result(3)
await promise
#% default arguments see undefined as None
import fixtures
from pyodide.ffi import create_proxy
fixtures.call_with(create_proxy(lambda a, b="default": (a, b)), fixtures.undefined_value, fixtures.undefined_value)
#% calling a class
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __init__(self, x): self.x = x
fixtures.call_with(create_proxy(A), 4).x
#% calling an object with __call__
import fixtures
from pyodide.ffi import create_proxy
class A:
    def __call__(self, *args): return args
fixtures.call_with(create_proxy(A()), 1, 2)
#% a result that is a container is the object itself in Python
import fixtures
from pyodide.ffi import create_proxy
inner = {"a": 1}
fixtures.call_with(create_proxy(lambda: inner)) is inner
#% what JavaScript sees of a result
import fixtures
from pyodide.ffi import create_proxy
[fixtures.inspect(fixtures.call_with(create_proxy(f))) for f in (lambda: 1, lambda: None, lambda: "s", lambda: 2**70, lambda: True, lambda: 1.5)]
#% bind of a proxy in JavaScript
import js, fixtures
from pyodide.ffi import create_proxy
p = create_proxy(lambda *args: args)
js.Reflect.apply(js.Reflect.get(p, "bind"), p, js.Array.of(None, 7))
#% captureThis then bind
import js
from pyodide.ffi import create_proxy, to_js
o = js.Object.new()
o.x = 3
p = create_proxy(lambda this, *args: (this.x, *args))
js.globalThis.boundOne = js.Reflect.apply(js.Reflect.get(js.Reflect.apply(js.Reflect.get(p, "captureThis"), p, js.Array.new()), "bind"), p, js.Array.of(o, 1))
js.boundOne(2)
