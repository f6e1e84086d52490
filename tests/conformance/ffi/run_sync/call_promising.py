#% callPromising
from pyodide.ffi import create_proxy
p = create_proxy(lambda a: a * 2)
await p.callPromising(4)
#% callPromising of a function that raises
from pyodide.ffi import create_proxy
def f(): raise KeyError("later")
await create_proxy(f).callPromising()
#% callPromising runs later
from pyodide.ffi import create_proxy
log = []
p = create_proxy(lambda: log.append("called"))
promise = p.callPromising()
log.append("after")
await promise
log
#% callPromisingKwargs
import js
from pyodide.ffi import create_proxy, to_js
p = create_proxy(lambda *a, **k: [a, k])
r = await p.callPromisingKwargs(1, js.Object.fromEntries(to_js([["x", 2]])))
r
#% callPromising of a coroutine function
from pyodide.ffi import create_proxy
async def f(x): return x + 1
await create_proxy(f).callPromising(1)
