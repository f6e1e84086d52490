#% padding
import js

S = js.String.new
[S("abc").padStart(6), S("abc").padStart(6, "12"), S("abc").padEnd(5, "-"), S("abc").padStart(2), S("abc").padEnd(6, ""), S("abc").padStart(8, "🎉")]

#% characters
import js

s = js.String.new("a😀b")
[s.length, s.at(-1), s.at(5), s.charAt(0), s.charAt(9), s.charCodeAt(1), s.codePointAt(1), s.codePointAt(2), s.charCodeAt(9), s.codePointAt(9), s.at(1) + s.at(2) == "😀"]

#% slices
import js

s = js.String.new("abcdef")
[s.slice(1, -1), s.slice(-3), s.slice(4, 2), s.substring(4, 2), s.substring(-3, 2), s.substr(-3, 2), s.substr(2), s.slice(), s.substring(float("nan"), 3)]

#% searching
import js

s = js.String.new("abcabc")
[s.indexOf("c"), s.indexOf("c", 3), s.indexOf("x"), s.lastIndexOf("a"), s.lastIndexOf("a", 2), s.indexOf("", 10), s.includes("bca"), s.includes("a", 4), s.startsWith("bc", 1), s.endsWith("ab", 5), s.lastIndexOf(""), s.includes(None), s.indexOf()]

#% searching with a regular expression is refused
import js

js.String.new("abc").includes(js.RegExp.new("a"))

#% replacing text
import js

s = js.String.new("aXbXc")
[s.replace("X", "-"), s.replaceAll("X", "-"), s.replace("X", "[$&$`$'$$$1]"), s.replaceAll("", "."), s.replace("q", "z"), s.replaceAll("X", lambda m, i, t: f"<{m}{i}{t}>"), s.replace("X", None)]

#% splitting text
import js

s = js.String.new("a,b,,c")
[list(s.split(",")), list(s.split(",", 2)), list(s.split("")), list(s.split()), list(s.split("x")), list(js.String.new("").split(",")), list(js.String.new("").split("")), list(s.split(",", 0))]

#% cases and trimming
import js

S = js.String.new
[S("Straße").toUpperCase(), S("İI").toLowerCase(), S(" \t\u00a0\ufeffx\n").trim(), S(" x ").trimStart(), S(" x ").trimEnd(), S("ΑΣ").toLowerCase(), S("ǆ").toLocaleUpperCase()]

#% repeating
import js

[js.String.new("ab").repeat(3), js.String.new("ab").repeat(0), js.String.new("ab").repeat("2"), js.String.new("").repeat(1000000000)]

#% repeating less than never
import js

js.String.new("ab").repeat(-1)

#% repeating too often
import js

js.String.new("ab").repeat(2**30)

#% normal forms
import js

s = js.String.new("\u1e9b\u0323")
[[hex(ord(c)) for c in s.normalize(f)] for f in ("NFC", "NFD", "NFKC", "NFKD")] + [s.normalize() == s.normalize("NFC")]

#% an unknown normal form
import js

js.String.new("a").normalize("NFX")

#% comparing
import js

words = ["b", "a", "B", "A", "ä", "z", "_", "1", "10", "2", "é", "e", "Z", "ab", "a b", ""]
[[js.String.prototype.localeCompare.call(a, b) for b in words] for a in words]

#% well-formed text
import js

S = js.String.new
[S("a\ud800").isWellFormed(), S("a\ud800b").toWellFormed(), S("😀").isWellFormed(), js.String.fromCharCode(0xD83D, 0xDE00), js.String.fromCodePoint(0x1F600, 97), js.String.fromCharCode(65601, "66")]

#% an invalid code point
import js

js.String.fromCodePoint(1.5)

#% raw templates
import js
from pyodide.ffi import to_js

t = to_js({"raw": ["a", "b", "c"]}, dict_converter=js.Object.fromEntries)
[js.String.raw(t, 1, 2, 3), js.String.raw(t), js.String.raw(t, "x")]

#% String as a function
import js

[js.String(x) for x in (1.0, True, None, "x", 2**70)] + [js.String(), js.String(js.Symbol("q")), js.String(js.undefined), js.String(js.Array.of(1, None, "x")), js.String(js.Object.new())]

#% a String object
import js

s = js.String.new("héllo")
[s.typeof, str(s), s.valueOf(), s.length, list(s), js.Object.keys(s).to_py(), js.Object.getOwnPropertyNames(s).to_py(), s.constructor.name, js.Object.prototype.toString.call(s)]

#% writing to a String object
import js

js.Reflect.get(js.Object, "assign")(js.String.new("abc"), js.String.new("xyz"))

#% methods called on null
import js

js.String.prototype.trim.call(None)

#% methods called on other values
import js

[js.String.prototype.padStart.call(5, 3, "0"), js.String.prototype.toUpperCase.call(True), js.String.prototype.concat.call("a", 1, None, 2.5), js.String.prototype.split.call(12345, 3).to_py()]

#% toString of something else
import js

js.String.prototype.toString.call(5)

#% HTML methods
import js

s = js.String.new("t")
[s.anchor('a"b'), s.big(), s.blink(), s.bold(), s.fixed(), s.fontcolor("red"), s.fontsize(7), s.italics(), s.link("u"), s.small(), s.strike(), s.sub(), s.sup()]

#% iterating over code points
import js

[list(js.Array["from"]("a😀b")), list(js.Reflect.get(js.String.prototype, js.Symbol.iterator).call("a😀"))]
