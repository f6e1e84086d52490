#% iterating iterables
from fixtures import map, set as make_set, iterable, typed, count_to
from pyodide.ffi import to_js
[list(x) for x in (to_js([1, 2]), map(), make_set(), iterable(to_js(["x"])), typed("Uint8Array", [3]), count_to(3), to_js([5]).values(), map().values())]

#% an iterator without Symbol.iterator
from fixtures import iterator
from pyodide.ffi import to_js
i = iterator(to_js([1, 2, 3]))
[next(i), iter(i) is i, list(i), list(i)]

#% the value of the end of an iterator
from fixtures import iterator
from pyodide.ffi import to_js
i = iterator(to_js([]))
try:
    next(i)
except StopIteration as stop:
    result = stop.value
result

#% next with a default
from fixtures import iterator
from pyodide.ffi import to_js
next(iterator(to_js([])), "default")

#% iterating what is not iterable
from fixtures import plain
iter(plain())

#% next of what is no iterator
from pyodide.ffi import to_js
next(to_js([1]))

#% an iterator whose next gives no object
from fixtures import stepping
next(stepping(5))

#% an iterator whose next gives an object without done
from fixtures import stepping, plain
next(stepping(plain()))

#% an iterator whose next gives a promise
from fixtures import stepping
from js import Promise
next(stepping(Promise.new(lambda a, b: None)))

#% an iterator whose next gives undefined
from fixtures import stepping
next(stepping(None))

#% an iterator whose next gives a function
from fixtures import stepping, add
next(stepping(add))

#% an iterator whose done is no boolean
from fixtures import stepping
from js import Object
from pyodide.ffi import to_js
out = []
for done in (0, "", 1, "no", None):
    step = to_js({"done": done, "value": 7}, dict_converter=Object.fromEntries)
    try:
        out.append(next(stepping(step)))
    except StopIteration as stop:
        out.append(["stop", stop.value])
    except TypeError as error:
        out.append(str(error))
out

#% entries and nested iteration
from pyodide.ffi import to_js
from fixtures import map
a = to_js([[1, 2], [3]])
[[list(x) for x in a], [(i, list(v)) for i, v in a.entries()], [(k, v) for k, v in map().entries()], [x for row in a for x in row]]

#% iterators are exhausted
from pyodide.ffi import to_js
i = to_js([1, 2]).values()
[list(i), list(i), next(i, "end")]

#% iterators of JavaScript in itertools
import itertools
from fixtures import count_to, stubborn
[list(itertools.islice(stubborn(), 2)), list(itertools.chain(count_to(2), count_to(1))), [list(g) for g in itertools.tee(count_to(2))], list(enumerate(count_to(2), 5)), list(zip(count_to(3), "ab"))]

#% an iterable of Python in JavaScript and back
from fixtures import spread, collect
[spread([1, 2]).to_py(), spread({"a": 1, "b": 2}).to_py(), spread(x * x for x in range(3)).to_py(), spread("ab").to_py(), spread((1,)).to_py(), (await collect([1, 2])).to_py()]

#% an exception while JavaScript iterates
from fixtures import spread
def numbers():
    yield 1
    raise LookupError("broken")
spread(numbers())

#% a generator
from fixtures import count_to
g = count_to(2)
out = [next(g), g.send("ignored")]
try:
    g.send(None)
except StopIteration as stop:
    out.append(stop.value)
try:
    next(g)
except StopIteration as stop:
    out.append(stop.value)
out

#% sending to a generator
from fixtures import echo
g = echo()
[next(g), g.send("one"), g.send(2), g.send(None), g.send([1])]

#% sending to a generator that has not started
from fixtures import echo
g = echo()
[g.send("ignored"), g.send("seen")]

#% throwing into a generator
from fixtures import echo
g = echo()
next(g)
[g.throw(TypeError, "oops"), g.throw(ValueError("again")), g.throw(KeyError), next(g)]

#% throwing into a generator that does not catch
from fixtures import count_to
g = count_to(3)
next(g)
out = []
try:
    g.throw(ValueError("mine"))
except Exception as error:
    out.append([type(error).__name__, str(error)])
out + [next(g, "ended")]

#% throwing a JavaScript error into a generator
from fixtures import echo, error
g = echo()
next(g)
g.throw(error("RangeError", "theirs"))

#% throwing what is no exception
from fixtures import echo
g = echo()
next(g)
g.throw(5)

#% throw with wrong arguments
from fixtures import echo
out = []
for args in ((), (TypeError("x"), "value"), (TypeError, "x", 5), (TypeError, TypeError("given")), (TypeError, ("two", "args"))):
    g = echo()
    next(g)
    try:
        out.append(g.throw(*args))
    except TypeError as error:
        out.append(str(error))
out

#% a generator that throws
from fixtures import fail_after
g = fail_after(1)
out = [next(g)]
try:
    next(g)
except Exception as error:
    out.append([type(error).__name__, str(error)])
out + [list(g)]

#% closing a generator
from fixtures import tidy
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
[next(g), g.close(), log.to_py(), g.close(), log.to_py(), next(g, "ended")]

#% closing a generator that has not started
from fixtures import tidy
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
[g.close(), log.to_py(), list(g)]

#% closing a generator that goes on
from fixtures import stubborn
g = stubborn()
next(g)
g.close()

#% throwing GeneratorExit
from fixtures import tidy, stubborn
from pyodide.ffi import to_js
log = to_js([])
g = tidy(log)
out = [next(g)]
try:
    out.append(g.throw(GeneratorExit))
except BaseException as error:
    out.append([type(error).__name__, str(error)])
s = stubborn()
next(s)
try:
    out.append(s.throw(GeneratorExit))
except BaseException as error:
    out.append([type(error).__name__, str(error)])
out + [log.to_py()]

#% yield from a JavaScript generator
from fixtures import echo, count_to
def delegate():
    result = yield from count_to(2)
    yield ["result", result]
    other = yield from echo()
    yield ["other", other]
g = delegate()
[next(g), next(g), next(g), next(g), g.send("sent"), g.throw(ValueError("v")), g.send("stop")]

#% containers sent to a generator live as long as it does
from fixtures import gather
g = gather()
next(g)
g.send({1})
g.send({2})
try:
    g.send({3})
except StopIteration as stop:
    result = stop.value
result.to_py()

#% a Python generator in JavaScript
from fixtures import call_method, inspect
def source():
    got = yield 1
    try:
        yield ["got", got]
    except Exception as error:
        yield type(error).__name__
    return "end"
g = source()
out = [inspect(call_method(g, "next")), inspect(call_method(g, "next", 5))]
out.append(inspect(call_method(g, "next")))
out.append(inspect(call_method(g, "next")))
out

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

#% a context manager
from fixtures import disposable, log
with disposable() as d:
    inside = [d.name, log.to_py()]
inside + [log.to_py()]

#% a context manager left by an exception
from fixtures import disposable, log
out = []
try:
    with disposable() as d:
        raise LookupError("in the block")
except LookupError as error:
    out.append(str(error))
out + [log.to_py()]

#% a context manager whose disposal throws
from fixtures import disposable_with, throw_error
def fail():
    raise ValueError("while disposing")
with disposable_with(fail):
    pass

#% a context manager whose disposal throws after an exception
from fixtures import disposable_with
from pyodide.ffi import create_proxy
def fail():
    raise ValueError("while disposing")
p = create_proxy(fail)
with disposable_with(p):
    raise KeyError("first")

#% an async context manager
from fixtures import async_disposable, log
async with async_disposable() as d:
    inside = [d.name, log.to_py()]
inside + [log.to_py()]

#% an async context manager left by an exception
from fixtures import async_disposable, log
out = []
try:
    async with async_disposable():
        raise LookupError("in the block")
except LookupError as error:
    out.append(str(error))
out + [log.to_py()]

#% an async context manager that disposes at once, or late, or fails
from fixtures import async_disposable_with
from pyodide.ffi import create_proxy
import asyncio
out = []
async def late():
    await asyncio.sleep(0)
    out.append("late")
async def fail():
    raise ValueError("while disposing")
for act in (lambda: out.append("at once"), late, fail):
    try:
        async with async_disposable_with(create_proxy(act)) as d:
            out.append(d.typeof)
    except Exception as error:
        out.append([type(error).__name__, str(error).strip().splitlines()[-1]])
out

#% with over an async disposable
from fixtures import async_disposable
with async_disposable():
    pass

#% async with over a disposable
from fixtures import disposable
async with disposable():
    pass

#% the methods of context managers
from fixtures import disposable, async_disposable, plain
d, a = disposable(), async_disposable()
[[hasattr(x, n) for n in ("__enter__", "__exit__", "__aenter__", "__aexit__")] for x in (d, a, plain())] + [d.__enter__() == d, d.__exit__(None, None, None), await a.__aenter__() == a, await a.__aexit__(None, None, None)]

#% contextlib.ExitStack
import contextlib
from fixtures import disposable, async_disposable, log
with contextlib.ExitStack() as stack:
    stack.enter_context(disposable())
async with contextlib.AsyncExitStack() as stack:
    stack.enter_context(disposable())
    await stack.enter_async_context(async_disposable())
log.to_py()

#% a proxy of Python is a context manager of JavaScript, too
from pyodide.ffi import create_proxy
with create_proxy([1]) as p:
    inside = len(p)
try:
    out = str(p)
except Exception as error:
    out = [type(error).__name__, str(error)]
[inside, out]

#% containment by has and includes
from fixtures import container
c = container()
["held" in c, "else" in c]

#% containment in what offers none
from fixtures import plain
"a" in plain()
