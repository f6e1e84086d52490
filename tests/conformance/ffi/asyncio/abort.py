#% a controller and its signal
from js import AbortController
c = AbortController.new()
[str(c), str(c.signal), c.constructor.name, c.signal.constructor.name, c.signal.aborted, c.signal.reason, c.signal.onabort]

#% abort with the usual reason
from fixtures import same
from js import AbortController
c = AbortController.new()
s = c.signal
c.abort()
[s.aborted, s.reason.name, s.reason.message, s.reason.code, s.reason.constructor.name, str(s.reason), same(s, c.signal)]

#% abort with a reason
from js import AbortController
c = AbortController.new()
c.abort("because")
first = c.signal.reason
c.abort("again")
[first, c.signal.reason]

#% throwIfAborted
from js import AbortController
c = AbortController.new()
log = [c.signal.throwIfAborted()]
c.abort()
try:
    c.signal.throwIfAborted()
except Exception as error:
    log.append([type(error).__name__, error.name, str(error)])
log

#% throwIfAborted with a reason that is no error
from js import AbortSignal
try:
    AbortSignal.abort("text").throwIfAborted()
except Exception as error:
    result = [type(error).__name__, str(error)]
result

#% onabort and listeners run in their order
from js import AbortController
from pyodide.ffi import create_proxy
log = []
c = AbortController.new()
proxies = [create_proxy(lambda e, n=n: log.append([n, e.type, e.isTrusted, e.target.aborted])) for n in range(4)]
c.signal.addEventListener("abort", proxies[0])
c.signal.onabort = proxies[1]
c.signal.addEventListener("abort", proxies[2])
c.signal.onabort = proxies[3]
c.abort()
c.abort()
for p in proxies:
    p.destroy()
log

#% onabort is what was set
from fixtures import same
from js import AbortController
from pyodide.ffi import create_proxy
c = AbortController.new()
p = create_proxy(lambda e: None)
c.signal.onabort = p
result = [c.signal.onabort is p or c.signal.onabort.__name__ if False else callable(c.signal.onabort)]
c.signal.onabort = None
result.append(c.signal.onabort)
c.signal.onabort = 5
result.append(c.signal.onabort)
p.destroy()
result

#% AbortSignal.abort
from js import AbortSignal
[AbortSignal.abort().aborted, AbortSignal.abort().reason.name, AbortSignal.abort("r").reason, AbortSignal.abort(None).reason.name]

#% AbortSignal.timeout
import asyncio
from js import AbortSignal
s = AbortSignal.timeout(5)
before = s.aborted
await asyncio.sleep(0.05)
[before, s.aborted, s.reason.name, s.reason.message, s.reason.code]

#% AbortSignal.timeout calls listeners
import asyncio
from js import AbortSignal
from pyodide.ffi import create_proxy
done = asyncio.get_event_loop().create_future()
p = create_proxy(lambda e: done.set_result(e.target.reason.name))
s = AbortSignal.timeout(1)
s.addEventListener("abort", p)
result = await done
p.destroy()
result

#% AbortSignal.timeout with a wrong delay
from js import AbortSignal, Infinity
result = []
for delay in ((), (-1,), ("5",), (1.5,), (None,), (2**32,), (float("nan"),), (True,)):
    try:
        AbortSignal.timeout(*delay)
        result.append("made")
    except Exception as error:
        result.append([str(error), error.name, error.code])
result

#% AbortSignal.any
from js import AbortController, AbortSignal
from pyodide.ffi import to_js
a, b = AbortController.new(), AbortController.new()
s = AbortSignal.any(to_js([a.signal, b.signal]))
before = s.aborted
b.abort("b")
[before, s.aborted, s.reason]

#% AbortSignal.any of aborted signals
from js import AbortController, AbortSignal
from pyodide.ffi import to_js
a = AbortController.new()
s = AbortSignal.any(to_js([a.signal, AbortSignal.abort("first"), AbortSignal.abort("second")]))
[s.aborted, s.reason]

#% AbortSignal.any of signals made by any
from js import AbortController, AbortSignal
from pyodide.ffi import create_proxy, to_js
log = []
a, b = AbortController.new(), AbortController.new()
s = AbortSignal.any(to_js([a.signal, b.signal]))
t = AbortSignal.any(to_js([s]))
p = create_proxy(lambda e: log.append([s.aborted, t.aborted, t.reason]))
q = create_proxy(lambda e: log.append("t"))
a.signal.addEventListener("abort", p)
s.addEventListener("abort", p)
t.addEventListener("abort", q)
a.abort(7)
p.destroy()
q.destroy()
log

#% AbortSignal.any of nothing and of wrong things
from js import AbortSignal, Object
from pyodide.ffi import to_js
result = [AbortSignal.any(to_js([])).aborted]
for given in (5, to_js([5]), to_js([AbortSignal.abort(), Object.new()])):
    try:
        AbortSignal.any(given)
    except Exception as error:
        result.append([str(error), error.name])
result

#% constructors
import js
result = []
for call in (lambda: js.AbortController(), lambda: js.AbortSignal(), lambda: js.AbortSignal.new()):
    try:
        call()
    except Exception as error:
        result.append([str(error), error.name])
result + [js.AbortController.length, js.AbortSignal.length, js.AbortSignal.name, js.AbortSignal.abort.length, js.AbortSignal.timeout.length, js.AbortSignal.any.length]

#% names of a controller and of a signal
from js import AbortController
public = lambda o: [n for n in dir(o) if not n.startswith("_") and n not in ("js_id",)]
c = AbortController.new()
[public(c), public(c.signal)]

#% a listener added after the abort is not called
from js import AbortController
from pyodide.ffi import create_proxy
log = []
c = AbortController.new()
c.abort()
p = create_proxy(lambda e: log.append("called"))
c.signal.addEventListener("abort", p)
c.abort()
p.destroy()
log

#% a signal can be used as an event target of one's own
from js import AbortController, Event
from pyodide.ffi import create_proxy
log = []
c = AbortController.new()
p = create_proxy(lambda e: log.append([e.type, c.signal.aborted]))
c.signal.addEventListener("abort", p)
c.signal.dispatchEvent(Event.new("abort"))
p.destroy()
log

#% a signal cancels a wait in Python
import asyncio
from js import AbortController
from pyodide.ffi.wrappers import add_event_listener
c = AbortController.new()
async def work():
    try:
        await asyncio.sleep(10)
    except asyncio.CancelledError:
        return "cancelled"
task = asyncio.create_task(work())
await asyncio.sleep(0)
add_event_listener(c.signal, "abort", lambda e: task.cancel())
asyncio.get_event_loop().call_later(0.005, c.abort)
await task
