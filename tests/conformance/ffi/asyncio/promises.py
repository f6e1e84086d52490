#% await a value, a promise of it and a promise of a promise
from js import Promise
[await Promise.resolve(1), await Promise.resolve(Promise.resolve("two")), await Promise.resolve()]

#% what the Promise function is
from js import Promise
from pyodide.ffi import JsCallable
[Promise.name, Promise.length, isinstance(Promise, JsCallable), [getattr(Promise, n).length for n in ("all", "allSettled", "any", "race", "reject", "resolve")], Promise.withResolvers.length]

#% Promise without new
from js import Promise
Promise(lambda *args: None)

#% a promise without an executor
from js import Promise
Promise.new()

#% a promise with a number for an executor
from js import Promise
Promise.new(5)

#% a promise with an object for an executor
from js import Object, Promise
Promise.new(Object.new())

#% an executor that throws
from js import Promise
from pyodide.ffi import create_once_callable
async def main():
    def executor(resolve, reject):
        raise ValueError("in the executor")
    try:
        await Promise.new(create_once_callable(executor))
    except BaseException as error:
        return [type(error).__name__, str(error)]
await main()

#% only the first settlement counts
from js import Promise
log = []
def executor(resolve, reject):
    resolve(1)
    resolve(2)
    reject(3)
promise = Promise.new(executor)
log.append(await promise)
log.append(await promise)
log

#% settling later, from Python
from js import Promise
import asyncio
r = Promise.withResolvers()
asyncio.get_event_loop().call_later(0.01, r.resolve, "late")
await r.promise

#% withResolvers gives functions and a promise
from js import Object, Promise
from pyodide.ffi import JsPromise
r = Promise.withResolvers()
[list(Object.keys(r)), isinstance(r.promise, JsPromise), r.resolve.length, r.resolve.name]

#% a promise is itself under Promise.resolve
from js import Promise
from fixtures import same, pending
p = pending()
q = Promise.new(lambda resolve, reject: None)
[same(q, q), q.constructor.name, q.typeof, str(q)]

#% then passes the value and returns a promise of 0
from js import Promise
p = Promise.withResolvers()
p.resolve(3)
q = p.promise.then(lambda v: v * 2)
[await q, q.constructor.name]

#% then with a rejection handler
from js import Error, Promise
p = Promise.withResolvers()
p.reject(Error.new("no"))
await p.promise.then(None, lambda e: [type(e).__name__, str(e)])

#% catch leaves values alone
from js import Promise
p = Promise.withResolvers()
p.resolve(3)
await p.promise.catch(lambda e: "caught")

#% catch handles and the chain goes on
from js import Promise
p = Promise.withResolvers()
p.reject(Promise.new)
q = p.promise.catch(lambda e: 5).then(lambda v: v + 1)
await q

#% finally passes values and reasons on
from js import Error, Promise
log = []
a, b = Promise.withResolvers(), Promise.withResolvers()
a.resolve("v")
b.reject(Error.new("r"))
log.append(await a.promise.finally_(lambda: log.append("fa")))
try:
    await b.promise.finally_(lambda: log.append("fb"))
except Exception as error:
    log.append(repr(error))
log

#% finally with a handler that raises replaces the outcome
from js import Promise
def boom():
    raise KeyError("boom")
a = Promise.withResolvers()
a.resolve("v")
await a.promise.finally_(boom)

#% finally waits for what its handler returns
from js import Promise, setTimeout
from pyodide.ffi import create_once_callable
log = []
a = Promise.withResolvers()
a.resolve("v")
def handler():
    inner = Promise.withResolvers()
    setTimeout(create_once_callable(lambda: (log.append("inner"), inner.resolve(1))), 5)
    return inner.promise
log.append(await a.promise.finally_(handler))
log

#% a handler that raises gives -1
from js import Promise
a = Promise.withResolvers()
a.resolve("v")
await a.promise.then(lambda v: 1 // 0)

#% a handler that returns a coroutine is not followed
import asyncio
from js import Promise
async def double(v):
    await asyncio.sleep(0)
    return 2 * v
a = Promise.withResolvers()
a.resolve(4)
await a.promise.then(double)

#% a rejection with an error becomes a JsException
from js import Promise, TypeError
from pyodide.ffi import JsException
try:
    await Promise.reject(TypeError.new("bad type"))
except JsException as error:
    result = [error.name, error.message, str(error), repr(error)]
result

#% a handler that raises is reported, and the promise is fulfilled
from js import Promise
from pyodide.ffi import create_once_callable
class Mine(Exception):
    pass
original = Mine("a", 2)
def executor(resolve, reject):
    raise original
p = Promise.withResolvers()
p.resolve(1)
def fail(_):
    raise original
result = "fulfilled"
try:
    await p.promise.then(fail)
except Mine as error:
    result = [error is original, error.args]
result

#% a promise awaited by many
import asyncio
from js import Promise
r = Promise.withResolvers()
async def wait(n):
    return n, await r.promise
tasks = [asyncio.create_task(wait(n)) for n in range(3)]
await asyncio.sleep(0)
r.resolve("x")
await asyncio.gather(*tasks)

#% resolving with itself
from js import Promise
r = Promise.withResolvers()
r.resolve(r.promise)
await r.promise

#% resolving with a promise that rejects later
from js import Error, Promise, setTimeout
a, b = Promise.withResolvers(), Promise.withResolvers()
a.resolve(b.promise)
setTimeout(b.reject, 2, Error.new("later"))
await a.promise

#% thenables are followed
from js import Object, Promise
from pyodide.ffi import create_proxy
log = []
def then(resolve, reject):
    log.append("then")
    resolve("from then")
    reject("ignored")
p = create_proxy(then)
thenable = Object.new()
thenable.then = p
log.append(await Promise.resolve(thenable))
p.destroy()
log

#% a thenable that throws rejects
from js import Object, Promise
from pyodide.ffi import create_proxy
def then(resolve, reject):
    raise ValueError("in then")
p = create_proxy(then)
thenable = Object.new()
thenable.then = p
try:
    result = await Promise.resolve(thenable)
except ValueError as error:
    result = str(error)
p.destroy()
result

#% a thenable that throws after it resolved
from js import Object, Promise
from pyodide.ffi import create_proxy
def then(resolve, reject):
    resolve(1)
    raise ValueError("too late")
p = create_proxy(then)
thenable = Object.new()
thenable.then = p
result = await Promise.resolve(thenable)
p.destroy()
result

#% an object with a then that is no function is a value
from js import Object, Promise
o = Object.new()
o.then = 5
(await Promise.resolve(o)).then

#% fixtures: await what host functions give
from fixtures import async_add, later, rejected, resolved
log = [await resolved(4), await async_add(2, 3), await later(5, "v")]
try:
    await rejected("why")
except Exception as error:
    log.append([type(error).__name__, str(error)])
log

#% all keeps the order of its input
from fixtures import later
from js import Promise
from pyodide.ffi import to_js
(await Promise.all(to_js([later(8, "a"), later(2, "b"), "c"]))).to_py()

#% all of nothing
from js import Array, Promise
(await Promise.all(Array.new())).to_py()

#% all fails with the first rejection
from js import Error, Promise
from pyodide.ffi import to_js
a, b = Promise.withResolvers(), Promise.withResolvers()
b.reject(Error.new("b"))
a.reject(Error.new("a"))
await Promise.all(to_js([a.promise, b.promise]))

#% all of something that is not iterable
from js import Promise
result = []
for value in (5, None, True, 2.5):
    try:
        await Promise.all(value)
    except Exception as error:
        result.append(str(error))
try:
    await Promise.race()
except Exception as error:
    result.append(str(error))
result

#% all of an object that is not iterable
from js import Object, Promise
await Promise.all(Object.new())

#% all of a string
from js import Promise
(await Promise.all("abc")).to_py()

#% allSettled
from js import Error, Promise
from pyodide.ffi import to_js
a, b = Promise.withResolvers(), Promise.withResolvers()
a.resolve(1)
b.reject(Error.new("b"))
found = await Promise.allSettled(to_js([a.promise, b.promise, 7]))
[[str(o.status), o.object_keys().to_py(), o.value if hasattr(o, "value") else str(o.reason)] for o in found]

#% race takes the first
from fixtures import later
from js import Promise
from pyodide.ffi import to_js
await Promise.race(to_js([later(20, "slow"), later(1, "fast")]))

#% race prefers what is settled already, in order
from js import Promise
from pyodide.ffi import to_js
a, b = Promise.withResolvers(), Promise.withResolvers()
b.resolve("b")
a.resolve("a")
[await Promise.race(to_js([a.promise, b.promise])), await Promise.race(to_js([b.promise, a.promise, 3]))]

#% any takes the first success
from js import Error, Promise
from pyodide.ffi import to_js
a = Promise.withResolvers()
a.reject(Error.new("a"))
await Promise.any(to_js([a.promise, 6]))

#% any fails with all reasons
from js import Error, Promise
from pyodide.ffi import JsException, to_js
a, b = Promise.withResolvers(), Promise.withResolvers()
b.reject(Error.new("b"))
a.reject(Error.new("a"))
try:
    await Promise.any(to_js([a.promise, b.promise]))
except JsException as error:
    result = [error.name, error.message, [str(e) for e in error.errors]]
result

#% any of nothing
from js import Array, Promise
await Promise.any(Array.new())

#% try calls at once and catches
from js import Promise
attempt = getattr(Promise, "try")
log = []
p = attempt(lambda *a: (log.append(a), 3)[1], 1, 2)
log.append("after")
log.append(await p)
try:
    await attempt(lambda: 1 // 0)
except ZeroDivisionError as error:
    log.append(str(error))
log

#% try with no function
from js import Promise
await getattr(Promise, "try")(5)

#% resolve returns the same promise
from fixtures import same
from js import Promise, Object
o = Object.new()
r = Promise.withResolvers()
o.p = r.promise
o.q = Promise.resolve.call(Promise, o.p) if False else o.p
same(o.p, o.q)

#% then without handlers copies the outcome
from js import Error, Promise
a, b = Promise.withResolvers(), Promise.withResolvers()
a.resolve(1)
b.reject(Error.new("x"))
log = [await a.promise.then(None, None)]
try:
    await b.promise.then(None, None)
except Exception as e:
    log.append(str(e))
log

#% cancelling the awaiting task leaves the promise alone
import asyncio
from js import Promise
r = Promise.withResolvers()
async def wait():
    return await r.promise
task = asyncio.create_task(wait())
await asyncio.sleep(0)
task.cancel()
log = []
try:
    await task
except asyncio.CancelledError:
    log.append("cancelled")
r.resolve(5)
log.append(await r.promise)
log

#% a promise inside wait_for
import asyncio
from js import Promise
r = Promise.withResolvers()
async def wait():
    return await r.promise
try:
    await asyncio.wait_for(wait(), 0.2)
except TimeoutError as error:
    result = [type(error).__name__, str(error)]
result

#% ensure_future of a promise
import asyncio
from js import Promise
r = Promise.withResolvers()
fut = asyncio.ensure_future(r.promise)
asyncio.get_event_loop().call_soon(r.resolve, "v")
[type(fut).__name__, await fut]

#% gather of promises and coroutines
import asyncio
from fixtures import later
async def coroutine():
    return "c"
await asyncio.gather(later(3, "a"), coroutine(), later(1, "b"))
