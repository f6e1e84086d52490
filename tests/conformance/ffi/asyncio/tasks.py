#% gather keeps order and returns exceptions
import asyncio
async def work(n):
    await asyncio.sleep(0.001 * (3 - n))
    if n == 1:
        raise ValueError("one")
    return n
found = await asyncio.gather(*map(work, range(3)), return_exceptions=True)
[repr(v) for v in found]

#% gather raises the first exception
import asyncio
async def work(n):
    await asyncio.sleep(0.05 * n)
    raise ValueError(n)
await asyncio.gather(work(2), work(1))

#% wait for the first
import asyncio
slow, fast = asyncio.create_task(asyncio.sleep(1, "slow")), asyncio.create_task(asyncio.sleep(0.001, "fast"))
done, pending = await asyncio.wait([slow, fast], return_when=asyncio.FIRST_COMPLETED)
slow.cancel()
[[t.result() for t in done], len(pending)]

#% wait with a timeout
import asyncio
t = asyncio.create_task(asyncio.sleep(1))
done, pending = await asyncio.wait([t], timeout=0.003)
t.cancel()
[len(done), len(pending)]

#% as_completed
import asyncio
out = []
for next_one in asyncio.as_completed([asyncio.sleep(0.03, "c"), asyncio.sleep(0.001, "a"), asyncio.sleep(0.015, "b")]):
    out.append(await next_one)
out

#% wait_for
import asyncio
log = [await asyncio.wait_for(asyncio.sleep(0, "in time"), 1)]
async def work():
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
try:
    await asyncio.wait_for(work(), 0.1)
except TimeoutError as error:
    log.append(repr(error))
log

#% timeout and its rescheduling
import asyncio
log = []
try:
    async with asyncio.timeout(0.1):
        await asyncio.sleep(5)
except TimeoutError:
    log.append("timed out")
async with asyncio.timeout(0.1) as scope:
    scope.reschedule(asyncio.get_running_loop().time() + 5)
    await asyncio.sleep(0.01)
    log.append(scope.expired())
async with asyncio.timeout(None):
    log.append("none")
log

#% TaskGroup
import asyncio
results = []
async def work(n):
    await asyncio.sleep(0)
    results.append(n)
    return n
async with asyncio.TaskGroup() as group:
    tasks = [group.create_task(work(n)) for n in range(3)]
[results, [t.result() for t in tasks]]

#% TaskGroup with exceptions
import asyncio
log = []
async def fail(n):
    await asyncio.sleep(0.001)
    raise ValueError(n)
async def wait():
    try:
        await asyncio.sleep(5)
    except asyncio.CancelledError:
        log.append("cancelled")
        raise
try:
    async with asyncio.TaskGroup() as group:
        group.create_task(fail(1))
        group.create_task(wait())
except* ValueError as errors:
    log.append([repr(e) for e in errors.exceptions])
log

#% Queue
import asyncio
queue = asyncio.Queue(maxsize=1)
log = []
async def produce():
    for n in range(3):
        await queue.put(n)
        log.append(f"put {n}")
    await queue.put(None)
async def consume():
    while (item := await queue.get()) is not None:
        log.append(f"got {item}")
await asyncio.gather(produce(), consume())
log

#% Queue shut down
import asyncio
queue = asyncio.Queue()
queue.put_nowait(1)
queue.shutdown()
log = [await queue.get()]
for call in (queue.get, lambda: queue.put(1)):
    try:
        await call()
    except asyncio.QueueShutDown:
        log.append("shut down")
log

#% Lock, in order
import asyncio
lock = asyncio.Lock()
log = []
async def work(n):
    async with lock:
        log.append(f"in {n}")
        await asyncio.sleep(0)
        log.append(f"out {n}")
await asyncio.gather(*map(work, range(3)))
[log, lock.locked()]

#% Event, Condition, Semaphore, Barrier
import asyncio
log = []
event, condition, semaphore, barrier = asyncio.Event(), asyncio.Condition(), asyncio.Semaphore(1), asyncio.Barrier(2)
async def a():
    await event.wait()
    log.append("event")
    async with condition:
        await condition.wait()
        log.append("condition")
    async with semaphore:
        log.append("semaphore")
    await barrier.wait()
    log.append("barrier a")
async def b():
    event.set()
    await asyncio.sleep(0.002)
    async with condition:
        condition.notify_all()
    await barrier.wait()
    log.append("barrier b")
await asyncio.gather(a(), b())
sorted(log)

#% shield
import asyncio
log = []
async def inner():
    await asyncio.sleep(0.1)
    log.append("inner done")
    return 5
task = asyncio.create_task(inner())
async def outer():
    return await asyncio.shield(task)
o = asyncio.create_task(outer())
await asyncio.sleep(0)
await asyncio.sleep(0)
o.cancel()
try:
    await o
except asyncio.CancelledError:
    log.append("outer cancelled")
log.append(await task)
log

#% cancellation with a message, and uncancel
import asyncio
log = []
async def work():
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError as error:
        log.append([error.args, asyncio.current_task().cancelling()])
        asyncio.current_task().uncancel()
        return "survived"
t = asyncio.create_task(work())
await asyncio.sleep(0)
t.cancel("why")
log.append(await t)
log

#% cancelling before the start
import asyncio
log = []
async def work():
    log.append("started")
t = asyncio.create_task(work())
t.cancel()
try:
    await t
except asyncio.CancelledError:
    log.append("cancelled")
log

#% names and the current task
import asyncio
async def work():
    return asyncio.current_task().get_name()
[await asyncio.create_task(work(), name="mine"), asyncio.current_task() is not None]

#% all_tasks
import asyncio
t = asyncio.create_task(asyncio.sleep(0.001), name="sleeper")
names = sorted(x.get_name() for x in asyncio.all_tasks() if x.get_name() == "sleeper")
await t
names

#% eager tasks
import asyncio
log = []
async def work():
    log.append("eager")
    await asyncio.sleep(0)
    log.append("later")
t = asyncio.Task(work(), loop=asyncio.get_running_loop(), eager_start=True)
log.append("after")
await t
log

#% context variables belong to tasks
import asyncio, contextvars
var = contextvars.ContextVar("var", default=0)
async def work(n):
    var.set(n)
    await asyncio.sleep(0.001 * n)
    return var.get()
[await asyncio.gather(*(asyncio.create_task(work(n)) for n in (3, 1, 2))), var.get()]

#% asynchronous generators
import asyncio
async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        got = yield i
        if got:
            yield got
g = count(5)
log = [await anext(g), await g.asend("sent"), await anext(g)]
log.append([x async for x in g])
log.append(await anext(g, "end"))
log

#% asynchronous generators: athrow and aclose
import asyncio
log = []
async def gen():
    try:
        yield 1
    except ValueError as error:
        yield str(error)
    finally:
        log.append("finally")
g = gen()
log.append(await anext(g))
log.append(await g.athrow(ValueError("thrown")))
await g.aclose()
try:
    await anext(g)
except StopAsyncIteration:
    log.append("stopped")
log

#% asynchronous context managers
import contextlib
log = []
@contextlib.asynccontextmanager
async def scope(name):
    log.append(f"enter {name}")
    try:
        yield name.upper()
    finally:
        log.append(f"exit {name}")
async with contextlib.AsyncExitStack() as stack:
    log.append(await stack.enter_async_context(scope("a")))
    log.append(await stack.enter_async_context(scope("b")))
log

#% asynchronous generators of JavaScript
from fixtures import async_count_to
[n async for n in async_count_to(3)]

#% sleep(0) gives way once
import asyncio
log = []
async def work():
    log.append("other")
asyncio.create_task(work())
await asyncio.sleep(0)
log

#% sleep returns its result
import asyncio
[await asyncio.sleep(0.001, "r"), await asyncio.sleep(0, "z"), await asyncio.sleep(-1, "n")]

#% the time that a sleep takes
import asyncio, time
start = time.monotonic()
await asyncio.sleep(0.05)
0.045 <= time.monotonic() - start < 0.5

#% a future that is set twice
import asyncio
fut = asyncio.get_event_loop().create_future()
fut.set_result(1)
fut.set_result(2)

#% a task that awaits itself
import asyncio
async def work():
    await task
task = asyncio.create_task(work())
try:
    await task
except RuntimeError as error:
    result = str(error).partition(":")[0]
result

#% awaiting what is not awaitable
await 5

#% a coroutine awaited twice
import asyncio
c = asyncio.sleep(0, 1)
first = await c
try:
    await c
except RuntimeError as error:
    result = [first, str(error)]
result

#% ensure_future of other things
import asyncio
class Awaitable:
    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "awaited"
result = [await asyncio.ensure_future(Awaitable())]
try:
    asyncio.ensure_future(5)
except TypeError as error:
    result.append(str(error))
result

#% streams need a network
import asyncio
reader = asyncio.StreamReader()
reader.feed_data(b"line\nrest")
reader.feed_eof()
[await reader.readline(), await reader.read()]
