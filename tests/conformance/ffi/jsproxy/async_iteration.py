#% async iteration of a generator
from fixtures import async_count_to
[x async for x in async_count_to(3)]

#% async iteration of an iterable
from fixtures import async_iterable
from pyodide.ffi import to_js
it = async_iterable(to_js(["a", "b"]))
[[x async for x in it], [x async for x in it]]

#% aiter and anext
from fixtures import async_count_to
g = async_count_to(1)
out = [aiter(g) is g, await anext(g)]
try:
    await anext(g)
except StopAsyncIteration as stop:
    out.append([type(stop).__name__, stop.args])
out

#% anext with a default
from fixtures import async_count_to
g = async_count_to(1)
[await anext(g, "default"), await anext(g, "default"), await anext(g, "default")]

#% both kinds of iteration
from fixtures import both_iterable
b = both_iterable()
[list(b), [x async for x in b]]

#% sync iteration of an async iterable
from fixtures import async_iterable
from pyodide.ffi import to_js
list(async_iterable(to_js([])))

#% async iteration of a sync iterable
from pyodide.ffi import to_js
[x async for x in to_js([1])]

#% an async iterator whose next gives no promise
from fixtures import async_stepping, plain
from js import Object
from pyodide.ffi import to_js
out = []
for step in (plain(), 5, None, to_js({"done": False, "value": 1}, dict_converter=Object.fromEntries), to_js({"done": 1, "value": 1}, dict_converter=Object.fromEntries)):
    try:
        out.append(await anext(async_stepping(step)))
    except Exception as error:
        out.append([type(error).__name__, str(error)])
out

#% an async generator
from fixtures import async_echo
g = async_echo()
out = [await g.asend(None), await g.asend("one"), await g.asend(2), await g.athrow(ValueError("v")), await anext(g)]
try:
    await g.asend("stop")
except StopAsyncIteration as stop:
    out.append(stop.args)
try:
    await g.asend("again")
except StopAsyncIteration as stop:
    out.append(stop.args)
out

#% an async generator that throws
from fixtures import async_fail_after
g = async_fail_after(1)
out = [await anext(g)]
try:
    await anext(g)
except Exception as error:
    out.append([type(error).__name__, str(error)])
out + [[x async for x in g]]

#% throwing into an async generator that does not catch
from fixtures import async_count_to
g = async_count_to(3)
await anext(g)
await g.athrow(ValueError("mine"))

#% closing an async generator
from fixtures import async_tidy
from pyodide.ffi import to_js
log = to_js([])
g = async_tidy(log)
[await anext(g), await g.aclose(), log.to_py(), await g.aclose(), log.to_py(), await anext(g, "ended")]

#% closing an async generator that has not started
from fixtures import async_tidy
from pyodide.ffi import to_js
log = to_js([])
g = async_tidy(log)
[await g.aclose(), log.to_py(), [x async for x in g]]

#% closing an async generator that goes on
from fixtures import async_stubborn
g = async_stubborn()
await anext(g)
await g.aclose()

#% throwing GeneratorExit into an async generator
from fixtures import async_tidy
from pyodide.ffi import to_js
log = to_js([])
g = async_tidy(log)
await anext(g)
try:
    out = await g.athrow(GeneratorExit)
except BaseException as error:
    out = [type(error).__name__, error.args]
[out, log.to_py()]

#% athrow with wrong arguments
from fixtures import async_echo
out = []
for args in ((), (5,), (TypeError("x"), "value"), (TypeError, TypeError("given"))):
    g = async_echo()
    await anext(g)
    try:
        out.append(await g.athrow(*args))
    except TypeError as error:
        out.append(str(error))
out

#% requests to an async generator are served in order
import asyncio
from fixtures import async_echo
g = async_echo()
results = await asyncio.gather(g.asend(None), g.asend("a"), g.asend("b"))
results

#% the awaitable of asend is a future
from fixtures import async_echo
a = async_echo().asend(None)
out = [type(a).__name__, a.done()]
out + [await a]

#% async comprehensions, break and else
from fixtures import async_count_to
out = []
async for x in async_count_to(5):
    if x == 2:
        break
    out.append(x)
else:
    out.append("else")
out + [{x: y async for x in async_count_to(2) for y in (x * 2,)}]

#% a Python async generator in JavaScript
from fixtures import collect
async def source():
    yield 1
    yield "two"
(await collect(source())).to_py()

#% contextlib.aclosing
import contextlib
from fixtures import async_tidy, tidy
from pyodide.ffi import to_js
log = to_js([])
async with contextlib.aclosing(async_tidy(log)) as g:
    await anext(g)
with contextlib.closing(tidy(log)) as g:
    next(g)
log.to_py()
