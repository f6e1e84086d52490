#% writing to an underlying sink
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c): log.append(["start", c.constructor.name])
def write(chunk, c): log.append(["write", chunk])
def close(): log.append("close")
s = js.WritableStream.new(o(start=create_proxy(start), write=create_proxy(write), close=create_proxy(close)))
w = s.getWriter()
out = [s.locked, w.desiredSize]
a = w.write("a")
out.append(w.desiredSize)
b = w.write("b")
out.append(w.desiredSize)
out.append(repr(await a))
await b
out.append(repr(await w.ready))
out.append(w.desiredSize)
out.append(repr(await w.close()))
out.append([repr(await w.closed), w.desiredSize])
w.releaseLock()
[out, log, s.locked]

#% the order of writes with an async sink
import js, asyncio
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
async def write(chunk, c): log.append(["begin", chunk]); await asyncio.sleep(0); log.append(["end", chunk])
async def close(): log.append("close")
s = js.WritableStream.new(o(write=create_proxy(write), close=create_proxy(close)), o(highWaterMark=2))
w = s.getWriter()
ps = [w.write(i) for i in range(3)]
log.append(w.desiredSize)
e = w.close()
for p in ps: await p; log.append("written")
await e
log

#% aborting
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def abort(reason): log.append(["abort", str(reason)])
out = []
async def shown(p):
    try: out.append(repr(await p))
    except Exception as e: out.append([type(e).__name__, str(e).splitlines()[-1]])
async def write(chunk, c): log.append(["write", chunk, c.signal.aborted])
s = js.WritableStream.new(o(abort=create_proxy(abort), write=create_proxy(write)))
w = s.getWriter()
a, b = w.write("a"), w.write("b")
await shown(w.abort(js.Error.new("why")))
for p in (a, b, w.closed, w.ready, w.write("c"), w.close(), w.abort(js.Error.new("again"))): await shown(p)
try: out.append(w.desiredSize)
except JsException as e: out.append(str(e))
w.releaseLock()
await shown(s.abort(js.Error.new("third")))
await shown(s.close())
[out, log]

#% a sink that fails
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
async def shown(p):
    try: out.append(repr(await p))
    except Exception as e: out.append([type(e).__name__, str(e).splitlines()[-1]])
def bad(*_): raise ValueError("in sink")
for key in ("write", "close", "abort"):
    s = js.WritableStream.new(o(**{key: create_proxy(bad)}))
    w = s.getWriter()
    a = w.write("a")
    e = w.abort(js.Error.new("x")) if key == "abort" else w.close()
    for p in (a, e, w.closed, w.ready): await shown(p)
try: js.WritableStream.new(o(start=create_proxy(bad)))
except Exception as e: out.append(str(e).splitlines()[-1])
def start(c): c.error(js.Error.new("told"))
w = js.WritableStream.new(o(start=create_proxy(start))).getWriter()
for p in (w.write(1), w.closed, w.ready): await shown(p)
for args in ((3,), (None,), (o(type="bytes"),), (o(write=3),), (o(), o(highWaterMark=-2))):
    try: out.append(repr(js.WritableStream.new(*args)))
    except Exception as e: out.append([type(e).__name__, str(e)])
out

#% a locked and a closed stream
import js
from pyodide.ffi import JsException
s = js.WritableStream.new()
w = s.getWriter()
out = [s.locked]
for f in (lambda: s.getWriter(), lambda: js.WritableStreamDefaultWriter.new(s)):
    try: out.append(repr(f()))
    except JsException as e: out.append([str(e), e.name])
async def shown(p):
    try: out.append(repr(await p))
    except Exception as e: out.append(str(e))
await shown(s.close()); await shown(s.abort())
await w.close()
await shown(w.close()); await shown(w.write("x")); await shown(w.abort(js.Error.new("x")))
w.releaseLock()
await shown(w.close()); await shown(w.write("x")); await shown(w.abort(js.Error.new("x"))); await shown(w.closed); await shown(w.ready)
try: w.desiredSize
except JsException as e: out.append(str(e))
w2 = s.getWriter()
await shown(w2.closed); await shown(w2.ready)
out

#% backpressure
import js, asyncio
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
gate = js.Promise.new(create_proxy(lambda res, rej: globals().__setitem__("go", res.copy() if hasattr(res, "copy") else res)))
log = []
def write(chunk, c): log.append(chunk); return gate
s = js.WritableStream.new(o(write=create_proxy(write)))
w = s.getWriter()
await w.ready
p = w.write("a")
log.append(w.desiredSize)
r = w.ready
done = asyncio.ensure_future(r)
await asyncio.sleep(0)
log.append(done.done())
go(None)
await done
log.append(w.desiredSize)
log

#% writing while closing, and closing twice
import js
from pyodide.ffi import create_proxy, to_js
s = js.WritableStream.new()
w = s.getWriter()
out = []
async def shown(p):
    try: out.append(repr(await p))
    except Exception as e: out.append(str(e))
a = w.close()
b, c = w.close(), w.write("x")
for p in (b, c, a): await shown(p)
w.releaseLock()
s = js.WritableStream.new()
a = s.close()
b = s.close()
for p in (b, a): await shown(p)
out
