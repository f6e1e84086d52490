#% parse
import js

P = js.JSON.parse
[P("1"), P(' "a\\u00e9\\n" '), P("[1,2,[3]]").to_py(), P('{"a":{"b":null},"c":[true,false]}').to_py(), P("-0.5e2"), P("12345678901234567890"), P("1e400"), P('"\\ud83d\\ude00"'), P("{}").to_py(), P("[]").to_py(), P("null"), P('{"a":1,"a":2}').to_py()]

#% order of members
import js

js.Object.keys(js.JSON.parse('{"b":1,"2":2,"a":3,"1":4}')).to_py()

#% mistakes
import js

def message(t):
    try:
        return js.JSON.parse(t)
    except Exception as e:
        return str(e)

[message(t) for t in ("", "{", "[", '{"a"', '{"a":', '{"a":1', '{"a":1,', "[1", "[1,", "[1,]", '{"a":1,}', "{a:1}", "nul", "tru ", "undefined", "NaN", "'a'", '"a', '"\n"', '"\\x"', '"\\u12"', "01", "1.", "1e", "-", "+1", ".5", "1 2", "[1 2]", '{"a" 1}', "/* c */1", "{1:2}", "\u00a01", "x" * 50, "[1,\n 2,\n x]" + " " * 50)]

#% parse of something else than text
import js

def message(t):
    try:
        return js.JSON.parse(t)
    except Exception as e:
        return str(e)

[message(t) for t in (5, None, True, js.undefined, js.Object.new())] + [js.JSON.parse(js.Array.of(7))]

#% reviver
import js

def revive(key, value, *_):
    return value * 2 if isinstance(value, int) else value

[js.JSON.parse('{"a":1,"b":[2,{"c":3}]}', revive).to_py(), js.JSON.parse("[1,2,3]", lambda k, v, *_: js.undefined if v == 2 else v).length]

#% order of reviving
import js

seen = []
js.JSON.parse('{"a":[1],"b":2}', lambda k, v, *_: (seen.append(k), v)[1])
seen

#% the source of revived primitives
import js

seen = []
js.JSON.parse('{"a":1.50,"b":"x","c":{}}', lambda k, v, c: (seen.append((k, getattr(c, "source", None))), v)[1])
seen

#% stringify
import js
from pyodide.ffi import to_js

S = js.JSON.stringify
o = to_js({"a": [1, None, "x"], "b": {"c": 1.5}}, dict_converter=js.Object.fromEntries)
[S(o), S("é\n\"\\\u0007\u2028"), S("\ud800"), S(float("nan")), S(None), S(True), S(js.undefined), S(js.Symbol("x")), S(js.Object), S(1e21), S(-0.0), S(js.Date.new(0)), S(js.Map.new()), S(js.Array.new(2)), S(js.RegExp.new("a"))]

#% what is left out
import js
from pyodide.ffi import to_js

o = js.Object.new()
for n, v in [("f", js.Object), ("s", js.Symbol("q")), ("u", js.undefined), ("k", 1)]:
    js.Reflect.set(o, n, v)
[js.JSON.stringify(o), js.JSON.stringify(js.Array.of(js.Object, js.undefined, js.Symbol("x")))]

#% indentation
import js
from pyodide.ffi import to_js

o = to_js({"a": [1, {}, []], "b": {"c": 1}}, dict_converter=js.Object.fromEntries)
[js.JSON.stringify(o, None, s) for s in (2, "--", 20, "abcdefghijklmnop", 0, "", -1, 1.9)] + [js.JSON.stringify(o, None, js.Number.new(1))]

#% replacer
import js
from pyodide.ffi import to_js

o = to_js({"a": 1, "b": [2, 3], "c": {"a": 4, "d": 5}}, dict_converter=js.Object.fromEntries)
[js.JSON.stringify(o, to_js(["a", "c"])), js.JSON.stringify(o, lambda k, v: v + 1 if isinstance(v, int) else v), js.JSON.stringify(o, lambda k, v: js.undefined if k == "b" else v), js.JSON.stringify(to_js({"1": 2}, dict_converter=js.Object.fromEntries), to_js([1]))]

#% toJSON
import js
from pyodide.ffi import create_proxy

o = js.Object.new()
p = create_proxy(lambda key: "<" + key + ">")
o.toJSON = p
result = [js.JSON.stringify(o), js.JSON.stringify(js.Array.of(o)), js.JSON.stringify(js.Object.fromEntries([["k", o]]))]
p.destroy()
result

#% wrapped primitives
import js

[js.JSON.stringify(js.Array.of(js.Number.new(1), js.String.new("a"), js.Boolean.new(False)))]

#% a bigint
import js

js.JSON.stringify(2**60)

#% a circle
import js

o = js.Object.new()
o.a = js.Array.of(1, o)
js.JSON.stringify(o)

#% a longer circle
import js

o, p, q, r = (js.Object.new() for _ in range(4))
o.p, p.q, q.r, r.back = p, q, r, p
js.JSON.stringify(o)

#% an object in itself
import js

o = js.Object.new()
o.me = o
js.JSON.stringify(o)

#% raw JSON
import js

r = js.JSON.rawJSON("12345678901234567890")
[js.JSON.stringify(js.Array.of(r)), js.JSON.isRawJSON(r), js.JSON.isRawJSON(js.Object.new()), js.Object.isFrozen(r)]

#% deep nesting
import js

js.JSON.parse("[" * 1000 + "]" * 1000).flat(js.Infinity).length

#% a reviver that changes siblings
import js

def revive(k, v, c):
    if k == "a":
        return 5
    return [v, getattr(c, "source", None)][0]

js.JSON.parse('{"a":1,"b":[1.0,2e0,"q"]}', revive).to_py()
