#% can_run_sync in a coroutine
from pyodide.ffi import can_run_sync
async def work():
    return can_run_sync()
[can_run_sync(), await work()]

#% can_run_sync in functions that JavaScript calls
from fixtures import call_with, identity
from js import Array
from pyodide.ffi import can_run_sync
def f(*args):
    return can_run_sync()
[call_with(f), Array.of(1, 2).map(f).to_py(), can_run_sync()]

#% run_sync in a function that JavaScript calls
import asyncio
from fixtures import call_with
from pyodide.ffi import run_sync
def f(*args):
    try:
        return run_sync(asyncio.sleep(0, "r"))
    except RuntimeError as error:
        return str(error)
call_with(f)

#% can_run_sync in handlers of promises, timers and microtasks
import asyncio
from js import Promise, queueMicrotask, setTimeout
from pyodide.ffi import can_run_sync, create_once_callable as once
log = []
b = Promise.withResolvers()
b.reject(Promise)
b.promise.catch(lambda e: log.append(["catch", can_run_sync()]))
queueMicrotask(once(lambda: log.append(["microtask", can_run_sync()])))
setTimeout(once(lambda: log.append(["timer", can_run_sync()])), 1)
asyncio.get_event_loop().call_soon(lambda: log.append(["call_soon", can_run_sync()]))
await asyncio.sleep(0.03)
sorted(log)

#% run_sync of a coroutine
import asyncio
from pyodide.ffi import run_sync
async def work():
    await asyncio.sleep(0.001)
    return 7
run_sync(work())

#% run_sync of tasks, futures, gathers and promises
import asyncio
from fixtures import later
from js import Promise
from pyodide.ffi import run_sync
async def work(n):
    await asyncio.sleep(0.001)
    return n
loop = asyncio.get_event_loop()
fut = loop.create_future()
loop.call_later(0.001, fut.set_result, "future")
r = Promise.withResolvers()
loop.call_soon(r.resolve, "promise")
[run_sync(asyncio.create_task(work(1))), run_sync(fut), run_sync(r.promise), list(run_sync(asyncio.gather(work(2), later(1, 3)))), run_sync(later(2, "later"))]

#% run_sync of what is not awaitable
from pyodide.ffi import run_sync
result = []
for value in (1, None, [1], iter([1]), (n for n in "x"), print):
    try:
        run_sync(value)
    except TypeError as error:
        result.append(str(error))
result

#% run_sync without arguments
from pyodide.ffi import run_sync
run_sync()

#% an exception in run_sync is the same exception
import asyncio
from pyodide.ffi import run_sync
class Mine(Exception):
    pass
original = Mine("x")
async def work():
    await asyncio.sleep(0)
    raise original
try:
    run_sync(work())
except Mine as error:
    result = [error is original, error.args]
result

#% a rejection in run_sync
from fixtures import rejected
from pyodide.ffi import JsException, run_sync
try:
    run_sync(rejected("bad"))
except JsException as error:
    result = [error.name, error.message]
result

#% cancellation in run_sync
import asyncio
from pyodide.ffi import run_sync
task = asyncio.create_task(asyncio.sleep(1))
asyncio.get_event_loop().call_soon(task.cancel)
try:
    run_sync(task)
except asyncio.CancelledError as error:
    result = type(error).__name__
result

#% a timeout in run_sync
import asyncio
from pyodide.ffi import run_sync
run_sync(asyncio.wait_for(asyncio.sleep(5), 0.1))

#% other tasks run while run_sync waits
import asyncio
from pyodide.ffi import run_sync
log = []
async def other():
    for n in range(3):
        log.append(n)
        await asyncio.sleep(0.001)
task = asyncio.create_task(other())
run_sync(asyncio.sleep(0.05))
log.append("waited")
await task
log

#% the current task is the caller's again
import asyncio
from pyodide.ffi import run_sync
async def inner():
    await asyncio.sleep(0)
    return asyncio.current_task().get_name()
async def outer():
    before = asyncio.current_task().get_name()
    seen = run_sync(asyncio.create_task(inner(), name="inner"))
    return [before, seen, asyncio.current_task().get_name()]
await asyncio.create_task(outer(), name="outer")

#% context variables in run_sync
import asyncio, contextvars
from pyodide.ffi import run_sync
var = contextvars.ContextVar("var", default="unset")
async def inner():
    seen = var.get()
    var.set("inner")
    await asyncio.sleep(0)
    return seen, var.get()
async def outer():
    var.set("outer")
    return [run_sync(inner()), var.get()]
[await asyncio.create_task(outer()), var.get()]

#% the exception being handled is the caller's again
import asyncio, sys
from pyodide.ffi import run_sync
async def inner():
    await asyncio.sleep(0)
    try:
        raise KeyError("inner")
    except KeyError:
        return repr(sys.exception())
try:
    raise ValueError("outer")
except ValueError:
    result = [repr(sys.exception()), run_sync(inner()), repr(sys.exception())]
result

#% run_sync inside of run_sync
import asyncio
from pyodide.ffi import run_sync
async def work(n):
    await asyncio.sleep(0)
    return [n, *run_sync(work(n - 1))] if n else [0]
run_sync(work(5))

#% two waits, the second ends first
import asyncio
from pyodide.ffi import run_sync
log = []
async def work(name, seconds):
    log.append(f"{name} waits")
    run_sync(asyncio.sleep(seconds))
    log.append(f"{name} is back")
await asyncio.gather(work("a", 0.03), work("b", 0.005))
log

#% two waits, the first ends first
import asyncio
from pyodide.ffi import run_sync
log = []
async def work(name, seconds):
    log.append(f"{name} waits")
    run_sync(asyncio.sleep(seconds))
    log.append(f"{name} is back")
await asyncio.gather(work("a", 0.005), work("b", 0.03))
log

#% asyncio.run
import asyncio
async def work():
    await asyncio.sleep(0.001)
    return [asyncio.get_running_loop() is loop, "ran"]
loop = asyncio.get_event_loop()
asyncio.run(work())

#% run_until_complete
import asyncio
async def work():
    await asyncio.sleep(0.001)
    return "complete"
loop = asyncio.get_event_loop()
[loop.run_until_complete(work()), loop.run_until_complete(asyncio.ensure_future(work()))]

#% run_until_complete of a new loop
import asyncio
old = asyncio.get_event_loop()
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
async def work():
    await asyncio.sleep(0)
    return asyncio.get_running_loop() is loop
try:
    result = loop.run_until_complete(work())
finally:
    loop.close()
    asyncio.set_event_loop(old)
result

#% time.sleep lets other tasks run
import asyncio, time
log = []
async def other():
    log.append("other")
task = asyncio.create_task(other())
start = time.monotonic()
time.sleep(0.02)
log.append(time.monotonic() - start >= 0.018)
log

#% time.sleep in a function that JavaScript calls
import asyncio, time
from fixtures import call_with
log = []
async def other():
    log.append("other")
task = asyncio.create_task(other())
def f():
    time.sleep(0.002)
    log.append("slept")
call_with(f)
await task
log

#% run_sync in a synchronous generator
import asyncio
from pyodide.ffi import run_sync
def numbers():
    for n in range(3):
        yield run_sync(asyncio.sleep(0, n))
list(numbers())

#% run_sync in special methods
import asyncio
from pyodide.ffi import run_sync
class Lazy:
    def __getattr__(self, name):
        return run_sync(asyncio.sleep(0, name.upper()))
    def __len__(self):
        return run_sync(asyncio.sleep(0, 3))
    def __lt__(self, other):
        return run_sync(asyncio.sleep(0, True))
[Lazy().name, len(Lazy()), Lazy() < Lazy(), len(sorted([Lazy(), Lazy()]))]

#% run_sync of an asynchronous iterator, step by step
from fixtures import async_count_to
from pyodide.ffi import run_sync
g = async_count_to(3)
out = []
while True:
    try:
        out.append(run_sync(anext(g)))
    except StopAsyncIteration:
        break
out

#% many waits in a row
import asyncio
from pyodide.ffi import run_sync
sum(run_sync(asyncio.sleep(0, n)) for n in range(200))

#% threading.local is shared by waits
import asyncio, threading
from pyodide.ffi import run_sync
local = threading.local()
local.value = "before"
async def inner():
    seen = local.value
    local.value = "inner"
    return seen
[run_sync(inner()), local.value]

#% recursion inside of a wait has all its depth
import asyncio
from pyodide.ffi import run_sync
def depth(n):
    return 1 + depth(n - 1) if n else 0
async def work():
    await asyncio.sleep(0)
    return depth(800)
run_sync(work())

#% an exception with run_sync in its handler
import asyncio
from pyodide.ffi import run_sync
try:
    try:
        1 / 0
    finally:
        run_sync(asyncio.sleep(0))
except ZeroDivisionError as error:
    result = str(error)
result
