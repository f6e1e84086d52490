#% pipeTo and pipeThrough
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
got = []
def start(c):
    for i in range(4): c.enqueue(i)
    c.close()
def write(chunk, c): got.append(chunk)
def close(): got.append("close")
def double(chunk, c): c.enqueue(chunk * 2)
source = js.ReadableStream.new(o(start=create_proxy(start)))
sink = js.WritableStream.new(o(write=create_proxy(write), close=create_proxy(close)))
through = source.pipeThrough(js.TransformStream.new(o(transform=create_proxy(double))))
p = through.pipeTo(sink)
locked = [source.locked, through.locked, sink.locked]
[repr(await p), got, locked, through.locked, sink.locked]

#% a pipe whose ends fail
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def some(c): c.enqueue("a"); c.enqueue("b")
def bad_pull(c): raise ValueError("source")
def bad_write(chunk, c): raise ValueError("sink")
def cancel(reason): log.append(["cancel", str(reason).splitlines()[-1]])
def abort(reason): log.append(["abort", str(reason).splitlines()[-1]])
def write(chunk, c): log.append(["write", chunk])
out = []
for source, sink, options in (
    ({"pull": bad_pull}, {"write": write, "abort": abort}, {}),
    ({"pull": bad_pull}, {"write": write, "abort": abort}, {"preventAbort": True}),
    ({"start": some, "cancel": cancel}, {"write": bad_write}, {}),
    ({"start": some, "cancel": cancel}, {"write": bad_write}, {"preventCancel": True}),
):
    r = js.ReadableStream.new(o(**{k: create_proxy(v) for k, v in source.items()}))
    w = js.WritableStream.new(o(**{k: create_proxy(v) for k, v in sink.items()}))
    try: out.append(repr(await r.pipeTo(w, o(**options))))
    except Exception as e: out.append(str(e).splitlines()[-1])
    out.append([r.locked, w.locked])
[out, log]

#% preventClose, and a closed destination
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def start(c): c.enqueue("a"); c.close()
def some(c): c.enqueue("a")
def write(chunk, c): log.append(chunk)
def close(): log.append("close")
def cancel(reason): log.append(str(reason))
w = js.WritableStream.new(o(write=create_proxy(write), close=create_proxy(close)))
await js.ReadableStream.new(o(start=create_proxy(start))).pipeTo(w, o(preventClose=True))
await js.ReadableStream.new(o(start=create_proxy(start))).pipeTo(w)
try: await js.ReadableStream.new(o(start=create_proxy(some), cancel=create_proxy(cancel))).pipeTo(w)
except Exception as e: log.append(str(e))
log

#% a pipe with a signal
import js, asyncio
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
log = []
def cancel(reason): log.append(["cancel", str(reason)])
def abort(reason): log.append(["abort", str(reason)])
a = js.AbortController.new()
p = js.ReadableStream.new(o(cancel=create_proxy(cancel))).pipeTo(js.WritableStream.new(o(abort=create_proxy(abort))), o(signal=a.signal))
await asyncio.sleep(0)
a.abort(js.Error.new("enough"))
try: await p
except Exception as e: log.append([type(e).__name__, str(e)])
r, w = js.ReadableStream.new(), js.WritableStream.new()
try: await r.pipeTo(w, o(signal=js.AbortSignal.abort()))
except Exception as e: log.append([type(e).__name__, str(e)])
log + [r.locked, w.locked]

#% wrong arguments of pipes
import js
from pyodide.ffi import JsException, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
for f in (lambda: js.ReadableStream.new().pipeTo(3), lambda: js.ReadableStream.new().pipeTo(), lambda: js.ReadableStream.new().pipeTo(js.WritableStream.new(), o(signal=3))):
    try: out.append(repr(await f()))
    except JsException as e: out.append(str(e))
for f in (lambda: js.ReadableStream.new().pipeThrough(3), lambda: js.ReadableStream.new().pipeThrough(), lambda: js.ReadableStream.new().pipeThrough(o()), lambda: js.ReadableStream.new().pipeThrough(o(readable=js.ReadableStream.new())), lambda: js.ReadableStream.new().pipeThrough(o(writable=js.WritableStream.new()))):
    try: out.append(repr(f()))
    except JsException as e: out.append(str(e))
out
