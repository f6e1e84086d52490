#% a stream from an underlying source, read with a reader
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c): log.append(["start", c.constructor.name, c.desiredSize]); c.enqueue("a"); c.enqueue("b"); log.append(c.desiredSize)
def pull(c):
    log.append(["pull", c.desiredSize])
    if len(log) > 6: c.close()
    else: c.enqueue(f"p{len(log)}")
s = js.ReadableStream.new(o(start=create_proxy(start), pull=create_proxy(pull)))
r = s.getReader()
out = []
for _ in range(9):
    x = await r.read()
    out.append([x.value, x.done])
    if x.done: break
[log, out, s.locked, await r.closed]

#% async iteration of a stream
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
def start(c):
    for i in range(5): c.enqueue(i)
    c.close()
s = js.ReadableStream.new(o(start=create_proxy(start)))
out = [x async for x in s]
[out, s.locked]

#% leaving an iteration cancels the stream
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c):
    for i in range(5): c.enqueue(i)
def cancel(reason=None): log.append(["cancel", str(reason)])
r = []
for options in ({}, {"preventCancel": True}):
    s = js.ReadableStream.new(o(start=create_proxy(start), cancel=create_proxy(cancel)))
    it = s.values(o(**options))
    x = await it.next()
    y = await getattr(it, "return")("why")
    z = await it.next()
    r.append([x.value, y.value, y.done, z.value, z.done, s.locked])
[r, log]

#% a locked stream
import js
from pyodide.ffi import JsException, to_js
s = js.ReadableStream.new()
r = s.getReader()
out = [s.locked]
for f in (lambda: s.getReader(), lambda: s.tee(), lambda: s.values(), lambda: s.pipeThrough(js.TransformStream.new()), lambda: js.ReadableStreamDefaultReader.new(s), lambda: js.Response.new(s)):
    try: out.append(repr(f()))
    except JsException as e: out.append([str(e), e.name, e.message, getattr(e, "code", None)])
for f in (lambda: s.cancel("x"), lambda: s.pipeTo(js.WritableStream.new())):
    try: out.append(repr(await f()))
    except JsException as e: out.append([str(e), e.name, e.message, getattr(e, "code", None)])
r.releaseLock()
out.append(s.locked)
for f in (lambda: r.read(), lambda: r.cancel(), lambda: r.closed):
    try: out.append(repr(await f()))
    except JsException as e: out.append([str(e), e.name, e.message, getattr(e, "code", None)])
r.releaseLock()
out

#% a controller after the end
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
c = None
def start(given):
    global c
    c = given
def tries(*fs):
    for f in fs:
        try: out.append(repr(f()))
        except JsException as e: out.append(str(e))
out = []
s = js.ReadableStream.new(o(start=create_proxy(start)))
c.enqueue("left")
tries(lambda: c.close(), lambda: c.close(), lambda: c.enqueue(1), lambda: c.desiredSize)
r = s.getReader()
out.append([(await r.read()).value, (await r.read()).done])
tries(lambda: c.close(), lambda: c.enqueue(1), lambda: c.error("x"), lambda: c.desiredSize)
s2 = js.ReadableStream.new(o(start=create_proxy(start)))
c.error(js.Error.new("broken"))
tries(lambda: c.close(), lambda: c.enqueue(1), lambda: c.error("x"), lambda: c.desiredSize)
try: await s2.getReader().read()
except JsException as e: out.append(str(e))
out

#% errors of a source
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
async def rejecting(*_): raise js.Error.new("late").__class__("x") if 0 else ValueError("late")
def raising(*_): raise ValueError("now")
out = []
for source in ({"start": raising}, {"start": rejecting}, {"pull": raising}, {"pull": rejecting}, {"start": 3}, {"pull": "x"}, {"cancel": True}, {"type": "x"}, {"type": "owning"}):
    try:
        s = js.ReadableStream.new(o(**{k: create_proxy(v) if callable(v) else v for k, v in source.items()}))
        x = await s.getReader().read()
        out.append([x.value, x.done])
    except Exception as e: out.append([type(e).__name__, str(e).splitlines()[-1]])
for args in ((3,), ("x",), (None,), (o(), 3), (o(), o(highWaterMark=-1)), (o(), o(highWaterMark="x")), (o(), o(size=3)), (o(), o(highWaterMark=2))):
    try: out.append(repr(js.ReadableStream.new(*args)))
    except Exception as e: out.append([type(e).__name__, str(e)])
out

#% cancelling with a reason
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def cancel(reason=None): log.append(str(reason)); return "ignored"
def bad(reason=None): raise ValueError("in cancel")
out = []
for f in (cancel, bad):
    s = js.ReadableStream.new(o(cancel=create_proxy(f)))
    r = s.getReader()
    p = r.read()
    try: out.append(repr(await r.cancel("why")))
    except Exception as e: out.append(str(e).splitlines()[-1])
    x = await p
    out.append([x.done, repr(x.value)])
    out.append(repr(await r.closed))
out.append(repr(await js.ReadableStream.new().cancel()))
[out, log]

#% pending reads fail when the lock is released
import js
from pyodide.ffi import JsException
s = js.ReadableStream.new()
r = s.getReader()
p = r.read()
r.releaseLock()
out = []
try: await p
except JsException as e: out.append(str(e))
out + [s.locked]

#% tee
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c): c.enqueue("a"); c.enqueue("b"); c.close()
a, b = js.ReadableStream.new(o(start=create_proxy(start))).tee()
out = [[x async for x in a], [x async for x in b]]
def cancel(reason): log.append(js.JSON.stringify(reason))
a, b = js.ReadableStream.new(o(cancel=create_proxy(cancel))).tee()
p = a.cancel("one")
q = b.cancel("two")
await p
await q
[out, log]

#% strategies
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
c = None
def start(given):
    global c
    c = given
s = js.ReadableStream.new(o(start=create_proxy(start)), js.CountQueuingStrategy.new(o(highWaterMark=3)))
out.append(c.desiredSize); c.enqueue("abc"); out.append(c.desiredSize)
s = js.ReadableStream.new(o(start=create_proxy(start)), js.ByteLengthQueuingStrategy.new(o(highWaterMark=10)))
out.append(c.desiredSize); c.enqueue(to_js(b"abcd")); out.append(c.desiredSize)
def size(chunk): return len(chunk)
s = js.ReadableStream.new(o(start=create_proxy(start)), o(highWaterMark=5, size=create_proxy(size)))
out.append(c.desiredSize); c.enqueue("abc"); out.append(c.desiredSize)
def bad(chunk): return -1
s = js.ReadableStream.new(o(start=create_proxy(start)), o(size=create_proxy(bad)))
try: c.enqueue("abc")
except JsException as e: out.append(str(e))
try: await s.getReader().read()
except JsException as e: out.append(str(e))
x = js.CountQueuingStrategy.new(o(highWaterMark=3))
out += [x.highWaterMark, x.size("abc"), js.ByteLengthQueuingStrategy.new(o(highWaterMark=1)).size(to_js(b"abc"))]
for f in (lambda: js.CountQueuingStrategy.new(), lambda: js.CountQueuingStrategy.new(o()), lambda: js.ByteLengthQueuingStrategy.new(3)):
    try: out.append(repr(f()))
    except JsException as e: out.append(str(e))
out

#% a stream from an iterable
import js
from pyodide.ffi import JsException, to_js
out = []
out.append([x async for x in getattr(js.ReadableStream, "from")(to_js(["a", "b"]))])
import fixtures
out.append([x async for x in getattr(js.ReadableStream, "from")(fixtures.async_count_to(3))])
for v in (3, None):
    try: out.append(repr(getattr(js.ReadableStream, "from")(v)))
    except JsException as e: out.append(str(e))
out

#% names and members of the classes
import js
from pyodide.ffi import JsException, to_js
out = []
for n in ("ReadableStream", "WritableStream", "TransformStream", "ReadableStreamDefaultReader", "ReadableStreamDefaultController", "WritableStreamDefaultWriter", "WritableStreamDefaultController", "TransformStreamDefaultController", "CountQueuingStrategy", "ByteLengthQueuingStrategy"):
    c = getattr(js, n)
    out.append([c.name, c.length, sorted(js.Object.getOwnPropertyNames(c.prototype))])
    for f in (lambda: c(), lambda: c.new(), lambda: c.new(3)):
        try: out.append(str(f()))
        except JsException as e: out.append(str(e))
t = js.TransformStream.new()
out.append([str(t), str(t.readable), str(t.writable), str(t.readable.getReader()), str(t.writable.getWriter())])
out

#% methods on other objects
import js
from pyodide.ffi import JsException, to_js
out = []
o = js.Object.new()
for n, m in (("ReadableStream", "getReader"), ("ReadableStream", "tee"), ("WritableStream", "getWriter"), ("ReadableStreamDefaultReader", "releaseLock")):
    try: out.append(repr(getattr(getattr(js, n).prototype, m).call(o)))
    except JsException as e: out.append(str(e))
for n, m in (("ReadableStream", "cancel"), ("WritableStream", "close"), ("ReadableStreamDefaultReader", "read")):
    try: out.append(repr(await getattr(getattr(js, n).prototype, m).call(o)))
    except JsException as e: out.append(str(e))
out

#% a stream of bytes
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
def start(c):
    out.append([c.constructor.name, c.desiredSize])
    for chunk in ("text", 3, js.Uint8Array.new(0)):
        try: c.enqueue(chunk)
        except JsException as e: out.append(str(e))
    c.enqueue(to_js(b"abc")); out.append(c.desiredSize); c.close()
s = js.ReadableStream.new(o(type="bytes", start=create_proxy(start)))
out.append([x.to_bytes() async for x in s])
for mode in ("byob", "x"):
    try: out.append(repr(js.ReadableStream.new().getReader(o(mode=mode))))
    except JsException as e: out.append(str(e))
out

#% a reader that brings its own buffers
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
js.ReadableStream.new(o(type="bytes")).getReader(o(mode="byob")).constructor.name

#% marks and sizes that are no numbers, bigints among them
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
def start(c): c.enqueue("a"); out.append(c.desiredSize)
values = [10**400, js.BigInt(5), js.Symbol.iterator, "7", "x", -1, True, False, None, float("inf"), float("nan"), 2.5]
for value in values:
    def size(_): return value
    for make in (
        lambda: js.ReadableStream.new(o(start=create_proxy(start)), o(highWaterMark=value)),
        lambda: js.ReadableStream.new(o(start=create_proxy(start)), o(highWaterMark=10, size=create_proxy(size))),
        lambda: js.WritableStream.new(o(), o(highWaterMark=value)).getWriter().desiredSize,
        lambda: js.CountQueuingStrategy.new(o(highWaterMark=value)).highWaterMark,
        lambda: js.ByteLengthQueuingStrategy.new(o(highWaterMark=value)).highWaterMark,
    ):
        try: out.append(repr(make()))
        except Exception as e: out.append([type(e).__name__, str(e)])
out

#% a strategy that gives a bigint after writes
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
sizes = [0.5, 10**400, 0.5]
def size(_): return sizes.pop(0)
w = js.WritableStream.new(o(), o(highWaterMark=float("inf"), size=create_proxy(size))).getWriter()
out = []
for _ in range(3):
    try: out.append(repr(await w.write("a")))
    except Exception as e: out.append([type(e).__name__, str(e)])
    out.append(w.desiredSize)
out

#% chunks of a stream of bytes belong to the reader
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
for make in (lambda: js.Uint16Array.new(to_js([1, 2, 3])), lambda: js.DataView.new(js.ArrayBuffer.new(8), 2, 3)):
    given = make()
    def start(c): c.enqueue(given); c.close()
    x = await js.ReadableStream.new(o(type="bytes", start=create_proxy(start))).getReader().read()
    out.append([x.value.constructor.name, x.value.to_bytes(), x.value.js_id == given.js_id])
    waiting = []
    def begin(c): waiting.append(c)
    given = make()
    p = js.ReadableStream.new(o(type="bytes", start=create_proxy(begin))).getReader().read()
    waiting[0].enqueue(given)
    x = await p
    out.append([x.value.constructor.name, x.value.to_bytes(), x.value.js_id == given.js_id])
out

#% the buffer of a chunk of bytes afterwards
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
given = js.Uint8Array.new(4)
def start(c): c.enqueue(given)
js.ReadableStream.new(o(type="bytes", start=create_proxy(start)))
given.byteLength
