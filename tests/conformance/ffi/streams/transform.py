#% the identity transform
import js, asyncio
from pyodide.ffi import to_js
t = js.TransformStream.new()
w, r = t.writable.getWriter(), t.readable.getReader()
log = [w.desiredSize]
async def writer():
    for i in range(3):
        await w.write(i); log.append(["written", i])
    await w.close(); log.append("closed")
task = asyncio.ensure_future(writer())
while True:
    x = await r.read()
    log.append(["read", x.value, x.done])
    if x.done: break
await task
log

#% a transformer
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c): log.append([c.constructor.name, c.desiredSize]); c.enqueue("first")
async def transform(chunk, c): c.enqueue(chunk.upper()); c.enqueue("+")
def flush(c): c.enqueue("last")
t = js.TransformStream.new(o(start=create_proxy(start), transform=create_proxy(transform), flush=create_proxy(flush)))
w = t.writable.getWriter()
ps = [w.write("a"), w.write("b"), w.close()]
out = [x async for x in t.readable]
for p in ps: await p
[out, log]

#% a transformer that fails, ends early or is aborted
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
async def shown(p):
    try: out.append(repr(await p))
    except Exception as e: out.append([type(e).__name__, str(e).splitlines()[-1]])
def bad(*_): raise ValueError("in transformer")
def terminating(chunk, c): c.terminate()
def erring(chunk, c): c.error(js.Error.new("told"))
for key, f in (("transform", bad), ("flush", bad), ("transform", terminating), ("transform", erring)):
    t = js.TransformStream.new(o(**{key: create_proxy(f)}))
    w, r = t.writable.getWriter(), t.readable.getReader()
    a, b, c = r.read(), w.write("x"), w.close()
    try:
        x = await a
        out.append([x.value, x.done])
    except Exception as e: out.append(str(e).splitlines()[-1])
    for p in (b, c, w.closed, r.closed): await shown(p)
def cancel(reason): out.append(["cancel", str(reason)])
t = js.TransformStream.new(o(cancel=create_proxy(cancel)))
w, r = t.writable.getWriter(), t.readable.getReader()
await shown(w.abort(js.Error.new("stop"))); await shown(r.read()); await shown(w.closed)
t = js.TransformStream.new(o(cancel=create_proxy(cancel)))
w, r = t.writable.getWriter(), t.readable.getReader()
await shown(r.cancel(js.Error.new("enough"))); await shown(w.write("x")); await shown(w.closed); await shown(r.closed)
for args in ((3,), (None,), (o(transform=3),), (o(readableType="bytes"),), (o(writableType="bytes"),), (o(start=create_proxy(bad)),)):
    try: out.append(repr(js.TransformStream.new(*args)))
    except Exception as e: out.append([type(e).__name__, str(e).splitlines()[-1]])
out

#% the way a server streams: bytes written while another reads
import js, asyncio
from pyodide.ffi import create_proxy, to_js
t = js.TransformStream.new()
w = t.writable.getWriter()
resp = js.Response.new(t.readable, status=201)
async def serve():
    for i in range(4):
        await w.write(to_js(f"chunk {i};".encode()))
    await w.close()
task = asyncio.ensure_future(serve())
text = await resp.text()
await task
[resp.status, text, resp.bodyUsed, resp.body.locked]

#% a controller of a transform after the end
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
c = None
def start(given):
    global c
    c = given
t = js.TransformStream.new(o(start=create_proxy(start)), None, o(highWaterMark=2))
out.append(c.desiredSize); c.enqueue("a"); out.append(c.desiredSize)
c.terminate()
for f in (lambda: c.enqueue("b"), lambda: c.terminate(), lambda: c.desiredSize):
    try: out.append(repr(f()))
    except JsException as e: out.append(str(e))
out.append([x async for x in t.readable])
out

#% a flush that ends the readable end itself
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
def terminate(c): c.terminate()
def cancel(c): t.readable.cancel("enough")
def fail(c): c.error(js.Error.new("broken"))
def last(c): c.enqueue("last"); c.terminate()
for flush in (terminate, cancel, fail, last):
    t = js.TransformStream.new(o(flush=create_proxy(flush)), None, o(highWaterMark=2))
    w = t.writable.getWriter()
    for p in (w.close(), w.closed):
        try: out.append(repr(await p))
        except Exception as e: out.append([type(e).__name__, str(e)])
    try: out.append([x async for x in t.readable])
    except Exception as e: out.append([type(e).__name__, str(e)])
out
