#% content types of request bodies
import js
from pyodide.ffi import to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
r = []
for b in ("s", b"bytes", js.URLSearchParams.new("a=1&b=2"), js.Blob.new(to_js(["x", "y"]), o(type="image/PNG")), 12, True, js.ArrayBuffer.new(3)):
    q = js.Request.new("http://h/", o(method="POST", body=b))
    r.append([q.headers.get("content-type"), await q.text()])
r

#% ways to read a body
import js
from pyodide.ffi import to_js, JsException
R = js.Response.new
r = []
r.append((await R("ab").arrayBuffer()).to_bytes())
r.append((await R("ab").bytes()).to_bytes())
b = await R("ab").blob()
r.append([b.size, b.type, await b.text()])
r.append((await R('{"a":[1,2]}').json()).to_py())
for f in (lambda: R("{bad").json(), lambda: R("").json(), lambda: R("x").formData()):
    try: r.append(await f())
    except JsException as e: r.append(str(e))
x = R("once")
await x.text()
for f in (lambda: x.text(), lambda: x.clone(), lambda: x.json()):
    try: r.append(await f())
    except JsException as e: r.append(str(e))
r.append(await R(b"\xef\xbb\xbfbom\xff").text() if 0 else await R(to_js(b"\xef\xbb\xbfbom\xff")).text())
r

#% FormData from URLSearchParams
import js
from pyodide.ffi import to_js
d = await js.Response.new(js.URLSearchParams.new("a=1&b=x+y&a=%C3%A9")).formData()
[list(map(list, d.entries()))]

#% posting a form
import js
from fixtures import HTTP as http
from pyodide.http import pyfetch
form = js.URLSearchParams.new("a=1&b=x y")
await (await pyfetch(http + "/echo", method="POST", body=form)).json()
