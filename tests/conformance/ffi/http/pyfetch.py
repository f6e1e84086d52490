#% text of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text")
[r.ok, r.status, r.status_text, r.type, r.redirected, r.url == http + "/text", r.body_used, await r.text(), r.body_used]

#% headers of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text")
[r.headers["content-type"], r.headers["x-custom"], type(r.headers).__name__, all(k == k.lower() for k in r.headers)]

#% json of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/json")
await r.json()

#% json with keyword arguments
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/json")
await r.json(object_hook=lambda d: sorted(d))

#% bytes of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/bytes")
data = await r.bytes()
[type(data).__name__, len(data), data == bytes(range(256))]

#% buffer of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/bytes")
b = await r.buffer()
[type(b).__name__, b.byteLength, b.to_bytes()[:4]]

#% memoryview of a page
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/bytes")
m = await r.memoryview()
[type(m).__name__, m.nbytes, bytes(m[:4]), m.format]

#% string is the old name of text
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/json")
await r.string()

#% reading a body twice
from fixtures import http
from pyodide.http import BodyUsedError, pyfetch
r = await pyfetch(http + "/json")
await r.text()
result = []
for read in (r.text, r.json, r.bytes, r.buffer, r.memoryview):
    try:
        await read()
    except BodyUsedError as e:
        result.append([type(e).__name__, str(e), isinstance(e, OSError)])
result

#% a clone can be read, too
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/json")
c = r.clone()
[await r.text(), await c.text(), type(c).__name__, c.url == r.url, c.status]

#% cloning a used response
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/json")
await r.text()
r.clone()

#% a page that is not there
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/nothing")
[r.ok, r.status, r.status_text, await r.text()]

#% raise_for_status
from fixtures import http
from pyodide.http import HttpStatusError, pyfetch
result = []
for code in (200, 204, 304, 400, 404, 418, 500, 503):
    r = await pyfetch(f"{http}/status/{code}")
    try:
        r.raise_for_status()
        result.append([code, r.ok])
    except HttpStatusError as e:
        result.append([code, e.status, e.status_text, e.url == r.url, str(e).replace(http, "")])
result

#% HttpStatusError can be pickled
import pickle
from pyodide.http import HttpStatusError
e = pickle.loads(pickle.dumps(HttpStatusError(404, "Not Found", "http://a/b")))
[str(e), e.status, e.status_text, e.url, isinstance(e, OSError)]

#% posting text
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/echo", method="POST", body="some text")
await r.json()

#% posting bytes
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/echo", method="PUT", body=b"\x61\x62")
await r.json()

#% posting JSON with headers
import json
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(
    http + "/echo",
    method="POST",
    body=json.dumps({"some": "json"}),
    headers={"Content-Type": "application/json", "X-Mine": "ü"},
)
await r.json()

#% posting FormData
import js
from fixtures import http
from pyodide.http import pyfetch
form = js.FormData.new()
form.append("field", "value")
r = await (await pyfetch(http + "/echo", method="POST", body=form)).json()
[r["headers"]["content-type"].startswith("multipart/form-data; boundary="), 'name="field"\r\n\r\nvalue\r\n' in r["body"]]

#% other methods
from fixtures import http
from pyodide.http import pyfetch
[(await (await pyfetch(http + "/echo", method=m)).json())["method"] for m in ("GET", "DELETE", "PATCH", "options", "PUT")]

#% HEAD has no body
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text", method="HEAD")
[r.status, await r.text(), r.headers["content-type"]]

#% a query
from fixtures import http
from pyodide.http import pyfetch
(await (await pyfetch(http + "/echo?a=1&b=%C3%A9&a=2#part")).json())["query"]

#% redirects are followed
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/redirect/302/3")
[r.redirected, r.status, r.url == http + "/echo", (await r.json())["method"]]

#% methods after redirects
from fixtures import http
from pyodide.http import pyfetch
result = []
for code in (301, 302, 303, 307, 308):
    for method in ("POST", "PUT"):
        r = await (await pyfetch(f"{http}/redirect/{code}/1", method=method, body="text")).json()
        result.append([code, method, r["method"], r["body"], r["headers"].get("content-type")])
result

#% redirects that are not followed
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/redirect/302/1", redirect="manual")
[r.redirected, r.status, r.type, r.headers.get("location")]

#% redirects as errors
from fixtures import http
from pyodide.http import pyfetch
await pyfetch(http + "/redirect/302/1", redirect="error")

#% too many redirects
from fixtures import http
from pyodide.http import pyfetch
await pyfetch(http + "/redirect/302/40")

#% nobody answers
from pyodide.http import pyfetch
await pyfetch("http://127.0.0.1:9/")

#% AbortError is an OSError
from pyodide.http import AbortError, pyfetch
try:
    await pyfetch("http://127.0.0.1:9/")
except AbortError as e:
    result = [isinstance(e, OSError), str(e), e.__cause__, e.__suppress_context__]
result

#% the connection breaks
from fixtures import http
from pyodide.http import pyfetch
await pyfetch(http + "/broken")

#% an address that is none
from pyodide.http import pyfetch
await pyfetch("not an address")

#% aborting a response
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text")
r.abort("enough")
await r.text()

#% aborting a response without a reason
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text")
r.abort()
await r.text()

#% a signal aborts a request
import asyncio, js
from fixtures import http
from pyodide.http import AbortError, pyfetch
controller = js.AbortController.new()
task = asyncio.create_task(pyfetch(http + "/slow/2000", signal=controller.signal))
await asyncio.sleep(0.05)
controller.abort()
try:
    await task
except AbortError as e:
    result = str(e)
result

#% a signal that is aborted already
import js
from fixtures import http
from pyodide.http import pyfetch
await pyfetch(http + "/text", signal=js.AbortSignal.abort())

#% cancelling the task of a request
import asyncio
from fixtures import http
from pyodide.http import pyfetch
task = asyncio.create_task(pyfetch(http + "/slow/2000"))
await asyncio.sleep(0.05)
task.cancel()
try:
    await task
except asyncio.CancelledError as e:
    result = type(e).__name__
result

#% a request with a limit of time
import asyncio
from fixtures import http
from pyodide.http import pyfetch
try:
    await asyncio.wait_for(pyfetch(http + "/slow/2000"), 0.05)
except TimeoutError:
    result = "too slow"
result

#% several requests at once
import asyncio
from fixtures import http
from pyodide.http import pyfetch
async def body(path):
    return await (await pyfetch(http + path)).text()
await asyncio.gather(*(body(f"/status/{n}") for n in range(500, 512)))

#% a slow page and a timer
import asyncio
from fixtures import http
from pyodide.http import pyfetch
seen = []
async def tick():
    await asyncio.sleep(0.02)
    seen.append("tick")
async def load():
    seen.append(await (await pyfetch(http + "/slow/150")).text())
await asyncio.gather(load(), tick())
seen

#% compressed pages
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/gzip")
t = await r.text()
[len(t), t[:7], r.headers["content-encoding"]]

#% unpacking an archive
import os
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/zip")
await r.unpack_archive(extract_dir="/tmp/t5_unpacked", format="zip")
[os.listdir("/tmp/t5_unpacked"), open("/tmp/t5_unpacked/inside.txt").read()]

#% unpacking what is no archive
from fixtures import http
from pyodide.http import pyfetch
r = await pyfetch(http + "/text")
try:
    await r.unpack_archive()
except Exception as e:
    result = type(e).__name__
result

#% a Request object
import js
from fixtures import http
from pyodide.ffi import to_js
from pyodide.http import pyfetch
request = js.Request.new(http + "/echo", to_js({"method": "POST", "body": "from the request"}, dict_converter=js.Object.fromEntries))
r = await (await pyfetch(request)).json()
[r["method"], r["body"]]

#% a fetcher of one's own
import js
from pyodide.ffi import to_js
from pyodide.http import pyfetch
async def fetcher(request, args):
    return js.Response.new(f"{request.method} {request.url}")
r = await pyfetch("http://nowhere.invalid/x", fetcher=fetcher, method="POST")
[await r.text(), r.status]

#% abort without a controller
import js
from pyodide.http import FetchResponse
FetchResponse("http://a.example/", js.Response.new("x")).abort()

#% a FetchResponse made by hand
import js
from pyodide.http import FetchResponse
r = FetchResponse("", js.Response.new("by hand"))
[r.url, r.status, await r.text()]

#% names of pyodide.http
import pyodide.http
sorted(pyodide.http.__all__)
