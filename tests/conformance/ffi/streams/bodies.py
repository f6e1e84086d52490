#% the body of a Response as a stream
import js
from pyodide.ffi import JsException, to_js
r = js.Response.new("héllo")
b = r.body
out = [b.constructor.name, r.body.js_id == b.js_id, b.locked, r.bodyUsed]
out.append([x.to_bytes() async for x in b])
out += [r.bodyUsed, b.locked]
try: await r.text()
except JsException as e: out.append(str(e))
out.append(repr(js.Response.new(None).body))
x = js.Response.new("abc")
reader = x.body.getReader()
try: await x.text()
except JsException as e: out.append(str(e))
try: x.clone()
except JsException as e: out.append(str(e))
out.append((await reader.read()).value.to_bytes())
out.append((await reader.read()).done)
out

#% a Request whose body is a stream
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
def start(c): c.enqueue(to_js(b"ab")); c.enqueue(to_js(b"cd")); c.close()
q = js.Request.new("http://h/", o(method="POST", body=js.ReadableStream.new(o(start=create_proxy(start))), duplex="half"))
out = [q.bodyUsed, list(q.headers)]
out.append(b"".join([x.to_bytes() async for x in q.body]))
out + [q.bodyUsed]

#% chunks that are no bytes, and a stream that fails
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
out = []
def text(c): c.enqueue("text"); c.close()
def number(c): c.enqueue(3); c.close()
def buffer(c): c.enqueue(js.ArrayBuffer.new(2)); c.close()
def failing(c): c.enqueue(to_js(b"a")); c.error(js.Error.new("broken"))
for f in (text, number, buffer, failing):
    r = js.Response.new(js.ReadableStream.new(o(start=create_proxy(f))))
    try: out.append(await r.text())
    except JsException as e: out.append(str(e))
out

#% a clone of a streamed body
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
def start(c): c.enqueue(to_js(b"ab")); c.enqueue(to_js(b"cd")); c.close()
r = js.Response.new(js.ReadableStream.new(o(start=create_proxy(start))))
c = r.clone()
[await r.text(), await c.text(), r.bodyUsed, c.bodyUsed]

#% a body through a transform
import js
from pyodide.ffi import create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
def upper(chunk, c): c.enqueue(to_js(chunk.to_bytes().upper()))
r = js.Response.new("some text")
s = js.Response.new(r.body.pipeThrough(js.TransformStream.new(o(transform=create_proxy(upper)))), r)
[await s.text(), r.bodyUsed]

#% cancelling a body
import js
from pyodide.ffi import JsException
r = js.Response.new("some text")
out = [repr(await r.body.cancel("no")), r.bodyUsed]
try: out.append(await r.text())
except JsException as e: out.append(str(e))
out

#% a Blob as a stream
import js
from pyodide.ffi import to_js
[b"".join([x.to_bytes() async for x in js.Blob.new(to_js(["abc", "def"])).stream()])]

#% a chunk that was taken away
import js
from pyodide.ffi import JsException, create_proxy, to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
chunk = js.Uint8Array.new(4)
js.structuredClone(chunk, o(transfer=[chunk.buffer]))
def start(c): c.enqueue(chunk); c.close()
out = [chunk.byteLength]
for name in ("text", "arrayBuffer"):
    r = js.Response.new(js.ReadableStream.new(o(start=create_proxy(start))))
    try: out.append(repr(await getattr(r, name)()))
    except JsException as e: out.append(str(e))
out
