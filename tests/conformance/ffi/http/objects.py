#% Headers join, sort and hide case
import js
from pyodide.ffi import to_js
h = js.Headers.new(to_js({"Content-Type": "text/html", "X-A": "1"}, dict_converter=js.Object.fromEntries))
h.append("x-a", "2"); h.append("Set-Cookie", "a=1"); h.append("set-cookie", "b=2")
[list(h), list(h.keys()), list(h.values()), h.get("CONTENT-type"), h.get("nope"), h.has("x-a"), h.getSetCookie().to_py(), str(h), repr(h), len(dir(h)), h.typeof]

#% bad names and values of Headers
import js
from pyodide.ffi import to_js, JsException
r=[]
h = js.Headers.new()
for f in (lambda: h.append("a b", "x"), lambda: h.set("a", "x\ny"), lambda: h.append("a"), lambda: h.append("a", "é€"), lambda: js.Headers.new(3), lambda: js.Headers.new(None), lambda: js.Headers.new(to_js([["a"]])), lambda: js.Headers(), lambda: js.Headers.new("x"), lambda: h.get(""), lambda: h.append("", "x"), lambda: h.set("a", " x "), lambda: h.get("a"), lambda: h.delete("a b"), lambda: h.append()):
    try: r.append(repr(f()))
    except JsException as e: r.append(str(e))
r

#% bad requests
import js
from pyodide.ffi import to_js, JsException
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
r=[]
for f in (lambda: js.Request.new(), lambda: js.Request.new(""), lambda: js.Request.new("/rel"), lambda: js.Request.new("http://u:p@h/"), lambda: js.Request.new("http://h/", o(method="GET", body="x")), lambda: js.Request.new("http://h/", o(method="b d")), lambda: js.Request.new("http://h/", o(method="TRACE")), lambda: js.Request.new("http://h/", o(method="post")).method, lambda: js.Request.new("http://h/", o(method="patch")).method, lambda: js.Request.new("http://h/", o(mode="navigate")), lambda: js.Request.new("http://h/", o(redirect="x")), lambda: js.Request.new("http://h/", 3), lambda: js.Request.new("ftp://h/x").url, lambda: js.Request("http://h/"), lambda: js.Request.new("http://h/", o(cache="bad")), lambda: js.Request.new("http://h:99999/")):
    try: r.append(repr(f()))
    except JsException as e: r.append(str(e))
r

#% the body of a Request, and its clone
import js
from pyodide.ffi import to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
q = js.Request.new("http://h/", o(method="POST", body="héllo", headers={"X-B": "1"}))
q2 = q.clone()
[await q.text(), q.bodyUsed, list(q.headers), await q2.json() if 0 else await q2.text()]

#% a Response with everything
import js
from pyodide.ffi import to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
q = js.Response.new("text", o(status=201, statusText="Made", headers={"A": "b"}))
[q.status, q.statusText, q.ok, q.type, q.url, q.redirected, q.bodyUsed, list(q.headers), str(q), await q.text(), q.bodyUsed]

#% bad responses and static makers
import js
from pyodide.ffi import to_js, JsException
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
r=[]
for f in (lambda: js.Response.new().status, lambda: js.Response.new("x", o(status=99)), lambda: js.Response.new("x", o(status=204)), lambda: js.Response.new("x", o(statusText="a\nb")), lambda: js.Response.error().type,lambda: js.Response.error().status, lambda: js.Response.redirect("http://x/").status, lambda: list(js.Response.redirect("http://x/", 301).headers), lambda: js.Response.redirect("http://x/", 200), lambda: js.Response.redirect("rel"), lambda: list(js.Response.json(o(a=1)).headers), lambda: js.Response.new(None).body, lambda: js.Response("x")):
    try: r.append(repr(f()))
    except JsException as e: r.append(str(e))
r

#% Blob parts, slices and types
import js
from pyodide.ffi import to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
b = js.Blob.new(to_js(["héllo", b" world", js.Blob.new(to_js(["!"]))]), o(type="Text/Plain"))
s = b.slice(1, 4, "x/y")
[b.size, b.type, await b.text(), (await b.arrayBuffer()).to_bytes(), s.size, s.type, (await s.bytes()).to_bytes(), b.slice(-3).size, str(b), b.slice().type, b.slice(5,2).size]

#% File
import js
from pyodide.ffi import to_js
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
f = js.File.new(to_js(["abc"]), "name.txt", o(type="text/plain", lastModified=5))
[f.name, f.size, f.type, f.lastModified, str(f), await f.text(), f.webkitRelativePath if hasattr(f, "webkitRelativePath") else "no"]

#% bad blobs
import js
from pyodide.ffi import to_js, JsException
r=[]
for f in (lambda: js.Blob.new("x"), lambda: js.Blob.new(3), lambda: js.Blob.new().size, lambda: js.Blob(), lambda: js.Blob.new(to_js([1, True])).size, lambda: js.Blob.new(js.Uint8Array.new(2)).size):
    try: r.append(repr(f()))
    except JsException as e: r.append(str(e))
r

#% FormData entries
import js
from pyodide.ffi import to_js, JsException
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
f = js.FormData.new()
f.append("a", "1"); f.append("a", "2"); f.set("b", 3); f.append("f", js.Blob.new(to_js(["data"]), o(type="x/y")), "n.bin"); f.append("g", js.Blob.new(to_js(["q"])))
[f.get("a"), f.getAll("a").to_py(), f.get("zz"), f.has("b"), [k for k in f.keys()], f.get("f").name, f.get("f").type, f.get("g").name, str(f), [[k, str(v)] for k, v in f]]

#% FormData through multipart and back
import js
from pyodide.ffi import to_js, JsException
def o(**k): return to_js(k, dict_converter=js.Object.fromEntries)
f = js.FormData.new()
f.append('a"b\n', "1\n2"); f.append("é", "ü"); f.append("f", js.Blob.new(to_js(["data\r\n--"]), o(type="x/y")), "n.bin")
q = js.Response.new(f)
ct = q.headers.get("content-type")
d = await q.formData()
[ct.split(";")[0], [[k, v if isinstance(v, str) else [v.name, v.type, await v.text()]] for k, v in d]]

#% data URLs
import js
from pyodide.ffi import to_js, JsException
r = []
for u in ("data:text/plain,Hello%20World", "data:;base64,aGk=", "data:text/html;charset=utf-8;base64,aGk", "data:,x", "data:application/json,{}"):
    x = await js.fetch(u)
    r.append([x.status, x.statusText, x.ok, x.type, x.url, list(x.headers), await x.text()])
for u in ("data:nope", "data:;base64,a", "foo:bar", "not a url", ""):
    try: r.append(await js.fetch(u))
    except JsException as e: r.append([str(e), getattr(e, "cause", None) and str(e.cause)])
r

#% a reader of a body
import js
from pyodide.ffi import to_js
x = js.Response.new("hello")
rd = x.body.getReader()
a = await rd.read()
b = await rd.read()
[a.done, a.value.to_bytes(), b.done, b.value, x.bodyUsed, x.body.locked, str(x.body), str(rd)]

#% async iteration of a body
import js
x = js.Response.new("hello")
[bytes(c.to_bytes()) async for c in x.body]

#% defaults of a Request
import js
q = js.Request.new("HTTP://Example.com/a b?x#frag")
[q.url, q.method, q.cache, q.mode, q.credentials, q.redirect, q.referrer, q.integrity, q.keepalive, q.body, q.bodyUsed, q.destination, q.referrerPolicy, str(q), q.duplex, q.signal.aborted, list(q.headers)]

#% pyfetch of a data URL
from pyodide.http import pyfetch
x = await pyfetch("data:text/plain,Hello%20World")
[x.status, x.ok, x.url, x.headers, x.type, x.status_text, x.redirected, x.body_used, await x.text(), x.body_used]
