#% parts of a URL
import js

u = js.URL.new("https://user:pa%20ss@Example.COM:8080/a/../b c/?q=1&r=ü#frag")
[getattr(u, n) for n in ("href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash")] + [str(u), u.toJSON(), u.toString()]

#% relative URLs
import js

[js.URL.new(r, "https://example.org/a/b/c?x#y").href for r in ("d", "../d", "/d", "?z", "#w", "//other/p", "http://x", "", "./", "a:b")]

#% an invalid URL
import js

js.URL.new("no url")

#% what the error says
import js

try:
    js.URL.new("/x", "nothing")
except js.Error if False else Exception as e:
    found = [e.name, e.message, e.js_error.code, e.js_error.input, e.js_error.base]
found

#% no URL at all
import js

js.URL.new()

#% changing parts
import js

u = js.URL.new("http://example.org/")
found = []
for name, value in [("protocol", "https"), ("host", "h.org:81"), ("port", "443"), ("port", "x"), ("hostname", "é.org"), ("pathname", "a b"), ("search", "x=1 2"), ("hash", "h h"), ("username", "me"), ("password", ":"), ("search", ""), ("hash", ""), ("protocol", "mailto"), ("href", "ftp://q/")]:
    setattr(u, name, value)
    found.append(u.href)
found

#% an href that is none
import js

u = js.URL.new("http://example.org/")
u.href = "nonsense"

#% canParse and parse
import js

[js.URL.canParse("http://a"), js.URL.canParse("x"), js.URL.canParse("x", "http://a"), js.URL.parse("x", "http://a/").href, str(js.URL.parse("x"))]

#% schemes and hosts
import js

[js.URL.new(t).href for t in ("file:///a/./b", "mailto:a@b", "data:text/plain,x y", "http://[::1]:80/", "http://0x7f.1/", "HTTP://EXAMPLE.org:80", "javascript:alert(1)", "blob:https://a/b", "http://münchen.de/ä?ö", "ws://a:80/x")] + [js.URL.new("blob:https://a/b").origin, js.URL.new("data:,").origin, js.URL.new("file:///x").origin]

#% searchParams follow the URL
import js

u = js.URL.new("http://x/?a=1&b=2&a=3")
p = u.searchParams
p.append("c", "d e")
first = u.href
u.search = "?z=9"
[first, str(p), p.get("z"), u.searchParams == p, p.delete("z"), u.href]

#% searchParams cannot be replaced
import js

u = js.URL.new("http://x/?a=1")
u.searchParams = "b=2"

#% URLSearchParams from values
import js
from pyodide.ffi import to_js

P = js.URLSearchParams.new
[str(P(x)) for x in ("?a=1&b=%20&c", "a=1&a=2", to_js([["x", "y"], ["x", "z"]]), to_js({"k": "v", "n": 5}, dict_converter=js.Object.fromEntries), "", "a+b=%C3%A9&%zz=1&=&&", js.Map.new(to_js([["m", "1"]])))] + [str(P()), str(P(P("q=1"))), str(P(js.undefined))]

#% methods of URLSearchParams
import js

p = js.URLSearchParams.new("a=1&b=2&a=3")
found = [p.get("a"), p.getAll("a").to_py(), p.has("a"), p.has("a", "9"), p.has("a", "3"), str(p.get("x")), p.size]
p.set("a", "X")
found.append(str(p))
p["delete"]("b", "7") if False else js.Reflect.get(p, "delete").call(p, "b", "7")
p.append("z", "é&=+ ~*")
p.sort()
found + [str(p), [list(e) for e in p], list(p.keys()), list(p.values()), [list(e) for e in p.entries()]]

#% forEach
import js

seen = []
js.URLSearchParams.new("a=1&b=2").forEach(lambda v, k, *_: seen.append((k, v)))
seen

#% a pair that is none
import js
from pyodide.ffi import to_js

js.URLSearchParams.new(to_js([["a"]]))

#% missing arguments
import js

js.URLSearchParams.new().append("a")

#% what they are
import js

u, p = js.URL.new("http://x/"), js.URLSearchParams.new("a=b")
[u.constructor.name, js.Object.prototype.toString.call(u), u.typeof, p.constructor.name, js.Object.prototype.toString.call(p), js.JSON.stringify(u), len(p), str(p.keys())]

#% URL without new
import js

js.URL("http://x")

#% encodeURIComponent and its relatives
import js

t = "a b&ü/?#[]!'()*~;,:@=+$%😀"
[js.encodeURIComponent(t), js.encodeURI(t), js.decodeURIComponent(js.encodeURIComponent(t)) == t, js.decodeURI("%41%2F%3f%C3%BC%23"), js.decodeURIComponent("%41%2F+"), js.escape("ü 漢+/@*_-.~"), js.unescape("%FC%u6F22%zz%u12"), js.encodeURIComponent(None), js.escape("😀")]

#% a lone surrogate in a URI
import js

js.encodeURIComponent("\ud800")

#% malformed escapes
import js

def message(f, t):
    try:
        return f(t)
    except Exception as e:
        return str(e)

[message(js.decodeURIComponent, t) for t in ("%", "%4", "%zz", "%C3", "%C3%28", "%FF", "%ED%A0%80", "%F0%9F%98%80", "%41%")]
