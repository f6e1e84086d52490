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
