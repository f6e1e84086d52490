#% reactions run after the code that queued them, in order
from js import Promise, queueMicrotask
from pyodide.ffi import create_once_callable as once
import asyncio
log = []
r = Promise.withResolvers()
r.resolve(0)
p = r.promise
p.then(lambda v: log.append("then 1"))
queueMicrotask(once(lambda: log.append("micro")))
p.then(lambda v: log.append("then 2"))
log.append("sync")
await asyncio.sleep(0)
log

#% chains interleave
from js import Promise
import asyncio
log = []
def chain(name):
    r = Promise.withResolvers()
    r.resolve(0)
    p = r.promise
    for step in range(4):
        p = p.then(lambda v, step=step: log.append(f"{name}{step}"))
    return p
a, b = chain("a"), chain("b")
await asyncio.sleep(0.005)
log

#% ticks of then, catch and finally
from fixtures import boxed_method, identity, resolved, rejected, ticks
from js import Promise, RangeError
p = boxed_method(Promise, "resolve", 1).value
q = boxed_method(Promise, "reject", RangeError.new("x")).value
def then(promise, *args):
    return boxed_method(promise, *args).value
(await ticks(8, "p", p, "q", q, "then", then(p, "then", identity), "missing", then(p, "then"), "catch", then(q, "catch", identity), "passed", then(q, "then", identity), "finally", then(p, "finally", identity), "finally of q", then(q, "finally", identity), "no finally", then(p, "finally"))).to_py()

#% ticks of promises and thenables returned by handlers
from fixtures import boxed_method, identity, ticks
from js import Object, Promise
from pyodide.ffi import create_proxy
p = boxed_method(Promise, "resolve", 1).value
make = Promise.resolve.bind(Promise)
hold = create_proxy(lambda resolve, reject: resolve(1))
thenable = Object.new()
thenable.then = hold
give = Object.new()
resolver = boxed_method(Promise, "withResolvers").value
found = await ticks(9, "value", boxed_method(p, "then", identity).value, "promise", boxed_method(p, "then", make).value, "thenable", boxed_method(Promise, "resolve", thenable).value)
hold.destroy()
found.to_py()

#% ticks of resolving with promises
from fixtures import boxed_method, ticks
from js import Promise
def resolvers(value):
    r = Promise.withResolvers()
    r.resolve(value)
    return r.promise
p = boxed_method(Promise, "resolve", 1).value
(await ticks(8, "same", boxed_method(Promise, "resolve", p).value, "resolved with", resolvers(p), "twice", resolvers(resolvers(p)))).to_py()

#% ticks of all, allSettled, any and race
from fixtures import boxed_method, ticks
from js import Array, Promise, RangeError
p = boxed_method(Promise, "resolve", 1).value
q = boxed_method(Promise, "reject", RangeError.new("x")).value
items = Array.of(p, 2, boxed_method(Promise, "resolve", 3).value)
failing = Array.of(p, q)
none = Array.new()
named = []
for name in ("all", "allSettled", "any", "race"):
    for label, given in (("items", items), ("failing", failing), ("none", none)):
        if (name, label) != ("race", "none"):
            named += [f"{name} {label}", boxed_method(Promise, name, given).value]
(await ticks(8, *named)).to_py()

#% ticks of all of promises that settle in turn
from fixtures import boxed_method, identity, ticks
from js import Array, Promise
p = boxed_method(Promise, "resolve", 1).value
chain = [p]
for _ in range(4):
    chain.append(boxed_method(chain[-1], "then", identity).value)
(await ticks(9, "all", boxed_method(Promise, "all", Array.of(*chain)).value, "race", boxed_method(Promise, "race", Array.of(*chain[::-1])).value)).to_py()

#% ticks of try
from fixtures import boxed_method, identity, ticks
from js import Promise
p = boxed_method(Promise, "resolve", 1).value
(await ticks(6, "value", boxed_method(Promise, "try", identity, 1).value, "promise", boxed_method(Promise, "try", identity, p).value, "nothing", boxed_method(Promise, "try", 5).value)).to_py()

#% awaiting in Python: the promises settle in their order
import asyncio
from js import Promise
from pyodide.ffi import to_js
log = []
def resolved(value):
    r = Promise.withResolvers()
    r.resolve(value)
    return r.promise
for name in ("all", "race", "any", "allSettled"):
    items = to_js([resolved(1), resolved(2)])
    asyncio.ensure_future(getattr(Promise, name)(items)).add_done_callback(lambda f, name=name: log.append(name))
await asyncio.sleep(0.01)
log

#% microtasks queued by microtasks run before the next task
from js import queueMicrotask, setTimeout
from pyodide.ffi import create_once_callable as once
import asyncio
log = []
def deeper(n):
    log.append(n)
    if n:
        queueMicrotask(once(lambda: deeper(n - 1)))
setTimeout(once(lambda: log.append("timer")), 0)
queueMicrotask(once(lambda: deeper(5)))
await asyncio.sleep(0.02)
log

#% microtasks run between two timers
from js import queueMicrotask, setTimeout
from pyodide.ffi import create_once_callable as once
import asyncio
log = []
def timer(n):
    log.append(f"timer {n}")
    queueMicrotask(once(lambda: log.append(f"micro {n}")))
for n in range(3):
    setTimeout(once(lambda n=n: timer(n)), 1)
await asyncio.sleep(0.02)
log

#% asyncio callbacks run in the order of call_soon
import asyncio
loop = asyncio.get_event_loop()
log = []
for n in range(5):
    loop.call_soon(log.append, n)
await asyncio.sleep(0)
await asyncio.sleep(0)
log

#% promises settle before call_soon callbacks
import asyncio
from js import Promise
log = []
r = Promise.withResolvers()
r.resolve(1)
asyncio.get_event_loop().call_soon(lambda: log.append("call_soon"))
r.promise.then(lambda v: log.append("then"))
await asyncio.sleep(0.005)
log

#% call_soon runs before a timer of JavaScript
import asyncio
from js import setTimeout
from pyodide.ffi import create_once_callable as once
log = []
setTimeout(once(lambda: log.append("timer")), 30)
asyncio.get_event_loop().call_soon(lambda: log.append("call_soon"))
await asyncio.sleep(0.06)
log

#% tasks take turns
import asyncio
log = []
async def run(name):
    for step in range(3):
        log.append(f"{name}{step}")
        await asyncio.sleep(0)
await asyncio.gather(run("a"), run("b"), run("c"))
log

#% tasks start after the code that made them
import asyncio
log = []
async def run(name):
    log.append(name)
t = asyncio.create_task(run("task"))
log.append("sync")
await t
log

#% immediate callbacks and call_soon
import asyncio
from js import setImmediate
from pyodide.ffi import create_once_callable as once
log = []
loop = asyncio.get_event_loop()
setImmediate(once(lambda: log.append("immediate 1")))
loop.call_soon(lambda: log.append("soon 1"))
setImmediate(once(lambda: log.append("immediate 2")))
loop.call_soon(lambda: log.append("soon 2"))
await asyncio.sleep(0.01)
log

#% an immediate callback that sets another one
import asyncio
from js import Promise, setImmediate
from pyodide.ffi import create_once_callable as once
log = []
r = Promise.withResolvers()
def first():
    log.append("first")
    setImmediate(once(third))
def third():
    log.append("third")
    r.resolve(0)
setImmediate(once(first))
setImmediate(once(lambda: log.append("second")))
await r.promise
log

#% rejections take the long way to Python
import asyncio
from js import Error, Promise
log = []
a, b = Promise.withResolvers(), Promise.withResolvers()
a.reject(Error.new("x"))
b.resolve(1)
a.promise.then(None, lambda e: log.append("rejected"))
b.promise.then(lambda v: log.append("fulfilled"))
asyncio.get_event_loop().call_soon(lambda: log.append("soon"))
await asyncio.sleep(0.01)
log

#% an async function called by JavaScript starts later
import asyncio
from js import queueMicrotask
from pyodide.ffi import create_once_callable as once
log = []
async def task():
    log.append("task")
queueMicrotask(once(task))
queueMicrotask(once(lambda: log.append("micro")))
log.append("sync")
await asyncio.sleep(0.01)
log

#% done callbacks of futures run later, in order
import asyncio
fut = asyncio.get_event_loop().create_future()
log = []
fut.add_done_callback(lambda f: log.append("one"))
fut.add_done_callback(lambda f: log.append("two"))
fut.set_result(1)
log.append("sync")
await asyncio.sleep(0)
await asyncio.sleep(0)
log

#% awaiting a settled promise gives way
import asyncio
from js import Promise
log = []
async def other():
    log.append("other")
async def main():
    r = Promise.withResolvers()
    r.resolve(1)
    asyncio.create_task(other())
    log.append("before")
    await r.promise
    log.append("after")
await main()
log
