#% setTimeout passes its arguments
import asyncio
from js import setTimeout
from pyodide.ffi import create_once_callable as once
log = []
setTimeout(once(lambda *a: log.append(a)), 1, "a", 2, None)
await asyncio.sleep(0.02)
log

#% setTimeout without a delay
import asyncio
from js import setTimeout
from pyodide.ffi import create_once_callable as once
log = []
setTimeout(once(lambda *a: log.append(a)))
await asyncio.sleep(0.02)
log

#% timers run by their delay, then in order
import asyncio
from js import setTimeout
from pyodide.ffi import create_once_callable as once
log = []
for name, delay in (("c", 40), ("a", 1), ("b", 20), ("a2", 1), ("z", 0), ("text", "1"), ("nan", "x"), ("negative", -5)):
    setTimeout(once(lambda name=name: log.append(name)), delay)
await asyncio.sleep(0.08)
log

#% clearTimeout
import asyncio
from js import clearTimeout, setTimeout
from pyodide.ffi import create_proxy
log = []
p = create_proxy(lambda: log.append("no"))
q = create_proxy(lambda: log.append("yes"))
timer = setTimeout(p, 1)
setTimeout(q, 1)
clearTimeout(timer)
clearTimeout(timer)
await asyncio.sleep(0.02)
p.destroy()
q.destroy()
log

#% clearing what is no timer does nothing
from js import clearTimeout
[clearTimeout(), clearTimeout(None), clearTimeout("x"), clearTimeout(123456), clearTimeout(1.5)]

#% setInterval repeats until it is cleared
import asyncio
from js import clearInterval, setInterval
from pyodide.ffi import create_proxy
log = []
done = asyncio.get_event_loop().create_future()
def tick(word):
    log.append(word)
    if len(log) == 3:
        clearInterval(timer)
        done.set_result(None)
p = create_proxy(tick)
timer = setInterval(p, 1, "tick")
await done
await asyncio.sleep(0.01)
p.destroy()
log

#% clearTimeout stops an interval, too
import asyncio
from js import clearTimeout, setInterval
from pyodide.ffi import create_proxy
log = []
p = create_proxy(lambda: log.append(1))
timer = setInterval(p, 1)
clearTimeout(timer)
await asyncio.sleep(0.01)
p.destroy()
log

#% setImmediate passes its arguments and can be cleared
import asyncio
from js import clearImmediate, setImmediate
from pyodide.ffi import create_proxy
log = []
p = create_proxy(lambda *a: log.append(a))
setImmediate(p, 1, 2)
clearImmediate(setImmediate(p, 3))
await asyncio.sleep(0.01)
p.destroy()
log

#% callbacks must be functions
import js
result = []
for name in ("setTimeout", "setInterval", "setImmediate", "queueMicrotask"):
    for args in ((), (5,), ("alert(1)",), (js.Object.new(),), (None,)):
        try:
            getattr(js, name)(*args)
        except Exception as error:
            result.append([name, str(error), error.name, error.code])
result

#% names and lengths
import js
[[f.name, f.length] for f in (js.setTimeout, js.setInterval, js.setImmediate, js.queueMicrotask, js.clearTimeout, js.clearInterval)]

#% what setTimeout returns
from js import clearTimeout, setTimeout
from pyodide.ffi import create_proxy
p = create_proxy(lambda: None)
timer = setTimeout(p, 1000)
clearTimeout(timer)
p.destroy()
type(timer).__name__

#% wrappers: set_timeout
import asyncio
from pyodide.ffi.wrappers import TIMEOUTS, set_timeout
log = []
before = len(TIMEOUTS)
set_timeout(lambda: log.append("called"), 1)
log.append(len(TIMEOUTS) - before)
await asyncio.sleep(0.02)
log.append(len(TIMEOUTS) - before)
log

#% wrappers: clear_timeout
import asyncio
from pyodide.ffi.wrappers import TIMEOUTS, clear_timeout, set_timeout
log = []
before = len(TIMEOUTS)
timer = set_timeout(lambda: log.append("called"), 1)
clear_timeout(timer)
await asyncio.sleep(0.02)
clear_timeout(timer)
log.append(len(TIMEOUTS) - before)
log

#% wrappers: set_interval and clear_interval
import asyncio
from pyodide.ffi.wrappers import INTERVAL_CALLBACKS, clear_interval, set_interval
log = []
done = asyncio.get_event_loop().create_future()
def tick():
    log.append("tick")
    if len(log) == 3:
        done.set_result(None)
before = len(INTERVAL_CALLBACKS)
timer = set_interval(tick, 1)
log_size = len(INTERVAL_CALLBACKS) - before
await done
clear_interval(timer)
await asyncio.sleep(0.01)
[log, log_size, len(INTERVAL_CALLBACKS) - before]

#% a Python function without create_proxy is gone when the timer fires
import asyncio
from fixtures import later
from js import Promise, setTimeout
log = []
def called():
    log.append("called")
setTimeout(called, 1) if False else None
log

#% a once callable can be called once
from pyodide.ffi import create_once_callable
from fixtures import call_with
f = create_once_callable(lambda x: x + 1)
log = [f(1)]
try:
    f(2)
except Exception as error:
    log.append(str(error))
log

#% queueMicrotask runs before the next await returns
import asyncio
from js import queueMicrotask
from pyodide.ffi import create_once_callable as once
log = []
queueMicrotask(once(lambda *a: log.append(a)))
log.append("sync")
await asyncio.sleep(0)
log
