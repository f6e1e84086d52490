#% the running loop
import asyncio
from pyodide.webloop import WebLoop
loop = asyncio.get_running_loop()
[type(loop).__name__, loop is asyncio.get_event_loop(), loop.is_running(), loop.is_closed(), loop.get_debug(), isinstance(loop, asyncio.AbstractEventLoop), isinstance(loop, WebLoop)]

#% lifecycle methods do nothing
import asyncio
loop = asyncio.get_event_loop()
[loop.stop(), loop.close(), loop.run_forever(), loop.is_closed(), loop.is_running(), await loop.shutdown_default_executor(), loop.set_default_executor(None)]

#% call_soon with arguments and a context
import asyncio, contextvars
loop = asyncio.get_event_loop()
var = contextvars.ContextVar("var", default="unset")
context = contextvars.copy_context()
context.run(var.set, "inside")
log = []
loop.call_soon(lambda *a: log.append([a, var.get()]), 1, 2)
loop.call_soon(lambda: log.append(var.get()), context=context)
await asyncio.sleep(0.005)
log

#% handles can be cancelled
import asyncio
loop = asyncio.get_event_loop()
log = []
h = loop.call_soon(log.append, "no")
k = loop.call_later(0.001, log.append, "no")
h.cancel()
k.cancel()
loop.call_soon(log.append, "yes")
await asyncio.sleep(0.01)
[log, h.cancelled(), type(h).__name__, type(k).__name__]

#% call_later orders by delay
import asyncio
loop = asyncio.get_event_loop()
log = []
for delay in (0.03, 0.01, 0.02):
    loop.call_later(delay, log.append, delay)
await asyncio.sleep(0.06)
log

#% call_later refuses the past
import asyncio
asyncio.get_event_loop().call_later(-1, print)

#% call_later with an infinite delay
import asyncio, math
h = asyncio.get_event_loop().call_later(math.inf, print, "never")
[h.cancelled(), await asyncio.sleep(0.002)]

#% call_at
import asyncio
loop = asyncio.get_event_loop()
log = []
now = loop.time()
loop.call_at(now + 0.02, log.append, "second")
loop.call_at(now + 0.005, log.append, "first")
await asyncio.sleep(0.05)
[log, loop.time() > now]

#% call_soon_threadsafe
import asyncio
loop = asyncio.get_event_loop()
log = []
loop.call_soon_threadsafe(log.append, 1)
await asyncio.sleep(0)
log

#% an exception in a callback is reported
import asyncio
loop = asyncio.get_event_loop()
seen = []
loop.set_exception_handler(lambda loop, context: seen.append([context["message"].split(" at 0x")[0].split("<function")[0], repr(context["exception"])]))
try:
    loop.call_soon(lambda: 1 / 0)
    await asyncio.sleep(0.005)
finally:
    loop.set_exception_handler(None)
seen

#% an exception of a task that nobody awaits is reported
import asyncio
loop = asyncio.get_event_loop()
seen = []
loop.set_exception_handler(lambda loop, context: seen.append([sorted(context), repr(context["exception"])]))
async def fail():
    raise ValueError("unseen")
try:
    asyncio.create_task(fail())
    await asyncio.sleep(0.005)
finally:
    loop.set_exception_handler(None)
seen

#% a cancelled task is not reported
import asyncio
loop = asyncio.get_event_loop()
seen = []
loop.set_exception_handler(lambda loop, context: seen.append(context))
try:
    t = asyncio.create_task(asyncio.sleep(1))
    await asyncio.sleep(0)
    t.cancel()
    await asyncio.sleep(0.005)
finally:
    loop.set_exception_handler(None)
[seen, t.cancelled()]

#% the default exception handler writes to stderr
import asyncio, contextlib, io
loop = asyncio.get_event_loop()
err = io.StringIO()
with contextlib.redirect_stderr(err):
    loop.call_exception_handler({"message": "the message", "exception": ValueError("v"), "b": 2, "a": 1})
    loop.call_exception_handler({})
err.getvalue()

#% an exception handler that fails
import asyncio, contextlib, io
loop = asyncio.get_event_loop()
def bad(loop, context):
    raise KeyError("in the handler")
loop.set_exception_handler(bad)
err = io.StringIO()
try:
    with contextlib.redirect_stderr(err):
        loop.call_exception_handler({"message": "m"})
finally:
    loop.set_exception_handler(None)
text = err.getvalue()
["Unhandled error in exception handler" in text, "KeyError: 'in the handler'" in text, loop.get_exception_handler()]

#% exception handlers must be callable
import asyncio
asyncio.get_event_loop().set_exception_handler(5)

#% task factories
import asyncio
loop = asyncio.get_event_loop()
made = []
def factory(loop, coro, **kwargs):
    task = asyncio.Task(coro, loop=loop)
    made.append(type(task).__name__)
    return task
loop.set_task_factory(factory)
try:
    result = [await asyncio.create_task(asyncio.sleep(0, "r"), name="named"), loop.get_task_factory() is factory]
finally:
    loop.set_task_factory(None)
result + made

#% a task factory must be callable
import asyncio
asyncio.get_event_loop().set_task_factory(5)

#% run_in_executor runs at once, in this thread
import asyncio, threading
from concurrent.futures import ThreadPoolExecutor
loop = asyncio.get_event_loop()
log = []
a = loop.run_in_executor(None, lambda x: (log.append("ran"), x, threading.current_thread().name)[1:], 5)
log.append("after")
b = loop.run_in_executor(ThreadPoolExecutor(), lambda: 1 / 0)
result = [type(a).__name__, await a]
try:
    await b
except ZeroDivisionError as error:
    result.append(str(error))
result + log

#% to_thread
import asyncio
await asyncio.to_thread(lambda a, b: a + b, 1, b=2)

#% threads cannot start
import threading
threading.Thread(target=print).start()

#% subprocesses are refused
import asyncio
result = []
for make in (lambda: asyncio.create_subprocess_exec("ls"), lambda: asyncio.create_subprocess_shell("ls")):
    try:
        await make()
    except BaseException as error:
        result.append([type(error).__name__, str(error)])
result

#% what a loop without descriptors refuses
import asyncio
loop = asyncio.get_event_loop()
result = []
for call in (
    lambda: loop.add_reader(0, print),
    lambda: loop.add_writer(1, print),
    lambda: loop.remove_reader(0),
    lambda: loop.remove_writer(1),
    lambda: loop.add_signal_handler(2, print),
    lambda: loop.remove_signal_handler(2),
    lambda: loop.connect_read_pipe(None, None),
    lambda: loop.connect_write_pipe(None, None),
    lambda: loop.sendfile(None, None),
    lambda: loop.create_server(None),
    lambda: loop.create_unix_connection(None, "/x"),
    lambda: loop.create_unix_server(None, "/x"),
    lambda: loop.connect_accepted_socket(None, None),
    lambda: loop.create_datagram_endpoint(None),
    lambda: loop.start_tls(None, None, None),
    lambda: loop.sock_accept(None),
    lambda: loop.sock_recvfrom(None, 1),
    lambda: loop.sock_sendto(None, b"", None),
    lambda: loop.sock_sendfile(None, None),
):
    try:
        made = call()
        if asyncio.iscoroutine(made):
            made = await made
        result.append(made)
    except NotImplementedError as error:
        result.append(str(error))
result

#% futures of the loop
import asyncio
from pyodide.webloop import PyodideFuture, PyodideTask
loop = asyncio.get_event_loop()
fut = loop.create_future()
task = asyncio.create_task(asyncio.sleep(0))
result = [type(fut).__name__, type(task).__name__, isinstance(task, PyodideFuture), isinstance(task, asyncio.Task), fut.get_loop() is loop]
fut.cancel()
await task
result

#% PyodideFuture.then
from pyodide.webloop import PyodideFuture
async def double(x):
    return 2 * x
a = PyodideFuture()
b = a.then(lambda x: x + 1).then(double)
a.set_result(4)
[await b, type(b).__name__]

#% PyodideFuture.then with awaitables of awaitables
import asyncio
from pyodide.webloop import PyodideFuture
async def deeper(x):
    await asyncio.sleep(0)
    return deeper(x - 1) if x else "bottom"
a = PyodideFuture()
b = a.then(deeper)
a.set_result(3)
await b

#% PyodideFuture.catch
from pyodide.webloop import PyodideFuture
a = PyodideFuture()
b = a.catch(lambda error: repr(error))
a.set_exception(ValueError("x"))
await b

#% PyodideFuture.then passes exceptions on
from pyodide.webloop import PyodideFuture
a = PyodideFuture()
b = a.then(lambda x: "not called").then(None, None)
a.set_exception(ValueError("x"))
await b

#% PyodideFuture.then with a handler that raises
from pyodide.webloop import PyodideFuture
a = PyodideFuture()
b = a.then(lambda x: x / 0)
a.set_result(1)
await b

#% PyodideFuture.finally_
from pyodide.webloop import PyodideFuture
log = []
a, b, c = PyodideFuture(), PyodideFuture(), PyodideFuture()
fa = a.finally_(lambda: log.append("a"))
fb = b.finally_(lambda: log.append("b"))
def fail():
    raise KeyError("c")
fc = c.finally_(fail)
a.set_result(1)
b.set_exception(ValueError("b"))
c.set_result(3)
log.append(await fa)
for f in (fb, fc):
    try:
        await f
    except Exception as error:
        log.append(repr(error))
log

#% cancelling a future cancels what was chained to it
import asyncio
from pyodide.webloop import PyodideFuture
log = []
a = PyodideFuture()
b, c = a.then(lambda x: log.append("then")), a.finally_(lambda: log.append("finally"))
a.cancel()
for f in (b, c):
    try:
        await f
    except asyncio.CancelledError:
        log.append("cancelled")
log

#% then of a task
import asyncio
async def work():
    await asyncio.sleep(0)
    return "work"
await asyncio.create_task(work()).then(lambda v: v.upper())

#% a future of Python as a promise of JavaScript
import asyncio
from fixtures import await_call
async def work(x):
    await asyncio.sleep(0.001)
    return x + 1
await await_call(work, 4)

#% an exception of Python through JavaScript and back
from fixtures import await_call
class Mine(Exception):
    pass
async def work():
    raise Mine("lost")
try:
    await await_call(work)
except Exception as error:
    result = [type(error).__name__, "Mine: lost" in str(error)]
result

#% new_event_loop
import asyncio
loop = asyncio.get_event_loop()
other = asyncio.new_event_loop()
result = [type(other).__name__, other is loop, asyncio.get_event_loop() is other]
asyncio.set_event_loop(loop)
asyncio._set_running_loop(loop)
result

#% asynchronous generators are closed
import asyncio, gc
log = []
async def numbers():
    try:
        yield 1
        yield 2
    finally:
        log.append("closed")
async for n in numbers():
    break
gc.collect()
await asyncio.sleep(0.005)
log

#% shutdown_asyncgens
import asyncio
log = []
mine = asyncio.get_running_loop()
loop = asyncio.new_event_loop()
asyncio._set_running_loop(mine)
async def numbers():
    try:
        yield 1
        yield 2
    finally:
        log.append("closed")
g = numbers()
log.append(await g.__anext__())
await g.aclose()
log

#% in progress and no in progress handlers
import asyncio
loop = asyncio.get_event_loop()
before = loop._in_progress
t = asyncio.create_task(asyncio.sleep(0))
during = loop._in_progress - before
await t
[during, t.done()]

#% the loop policy
import asyncio
from pyodide.webloop import WebLoopPolicy
policy = asyncio.get_event_loop_policy()
[type(policy).__name__, isinstance(policy, WebLoopPolicy)]
