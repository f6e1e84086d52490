#% fetch gives a Response
import js
from fixtures import HTTP as http
r = await js.fetch(http + "/text")
[r.constructor.name, r.ok, r.status, r.statusText, r.type, r.redirected, r.bodyUsed, await r.text(), r.bodyUsed, str(r)]

#% a response is a JsFetchResponse
import js
from fixtures import HTTP as http
from pyodide.ffi import JsFetchResponse
r = await js.fetch(http + "/text")
isinstance(r, JsFetchResponse)

#% fetch with options
import js
from fixtures import HTTP as http
from pyodide.ffi import to_js
r = await js.fetch(http + "/echo", method="POST", body="keyword arguments", headers=to_js({"x-a": "1"}, dict_converter=js.Object.fromEntries))
(await r.json()).to_py()

#% fetch without arguments
import js
await js.fetch()

#% fetch of a bad URL
import js
await js.fetch("nonsense")

#% fetch with a body for GET
import js
from fixtures import HTTP as http
await js.fetch(http + "/text", body="x")

#% fetch that fails
import js
from pyodide.ffi import JsException
try:
    await js.fetch("http://127.0.0.1:9/")
except JsException as e:
    result = [e.name, e.message, type(e.cause).__name__]
result

#% cookies of a response
import js
from fixtures import HTTP as http
r = await js.fetch(http + "/cookies")
[list(r.headers.getSetCookie()), r.headers.get("x-twice"), r.headers.get("set-cookie")]

#% headers of a response cannot be changed
import js
from fixtures import HTTP as http
r = await js.fetch(http + "/text")
r.headers.append("x", "y")

#% forEach of headers
import js
from fixtures import HTTP as http
from pyodide.ffi import create_proxy
r = await js.fetch(http + "/text")
seen = []
r.headers.forEach(create_proxy(lambda value, name, headers: seen.append((name, value)) if name.startswith("x-") else None))
seen

#% a blob of a response
import js
from fixtures import HTTP as http
b = await (await js.fetch(http + "/bytes")).blob()
[b.size, b.type, b.constructor.name]

#% the chunks of a response
import js
from fixtures import HTTP as http
r = await js.fetch(http + "/bytes")
total = b""
reader = r.body.getReader()
while True:
    step = await reader.read()
    if step.done:
        break
    total += step.value.to_bytes()
[total == bytes(range(256)), r.bodyUsed]

#% a locked body cannot be read
import js
from pyodide.ffi import JsException
r = js.Response.new("text")
r.body.getReader()
try:
    await r.text()
except JsException as e:
    result = e.name
[result, r.body.locked, r.bodyUsed]

#% a response without a body
import js
r = js.Response.new()
[r.body, await r.text(), r.bodyUsed]

#% a stream of one's own
import js
from pyodide.ffi import create_proxy, to_js
def start(controller):
    controller.enqueue(to_js(b"one "))
    controller.enqueue(to_js(b"two"))
    controller.close()
stream = js.ReadableStream.new(start=create_proxy(start))
await js.Response.new(stream).text()

#% a stream that fails
import js
from pyodide.ffi import JsException, create_proxy
def start(controller):
    controller.error(js.Error.new("broken source"))
stream = js.ReadableStream.new(start=create_proxy(start))
try:
    await js.Response.new(stream).text()
except JsException as e:
    result = e.message
result

#% instances of the classes
import js
from fixtures import is_instance
f = js.File.new(js.Array.new(), "n")
[is_instance(js.Response.new(), js.Response), is_instance(f, js.Blob), is_instance(f, js.File), is_instance(js.Headers.new(), js.Response)]

#% names of the classes
import js
[getattr(js, n).name for n in ("Headers", "Request", "Response", "Blob", "File", "FormData", "ReadableStream", "fetch")]

#% there is no XMLHttpRequest in node
import js
hasattr(js, "XMLHttpRequest")
