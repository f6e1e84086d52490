#% test and exec
import js

r = js.RegExp.new(r"(\d+)-(\w+)")
m = r.exec("x 12-ab y")
[r.test("1-a"), r.test("x"), m.to_py(), m.index, m.input, m.groups, r.exec("none"), m.length]

#% named groups
import js

m = js.RegExp.new(r"(?<year>\d{4})-(?<month>\d\d)(?<none>x)?").exec("on 2020-05!")
[js.Object.entries(m.groups).to_py(), js.Object.getPrototypeOf(m.groups), list(m)]

#% flags
import js

r = js.RegExp.new("a", "gimsuyd")
[r.flags, r["global"] if False else js.Reflect.get(r, "global"), r.ignoreCase, r.multiline, r.dotAll, r.unicode, r.sticky, r.hasIndices, r.unicodeSets, str(r), r.source, r.lastIndex]

#% unknown flags
import js

js.RegExp.new("a", "gg")

#% lastIndex with the flag g
import js

r = js.RegExp.new("a", "g")
seen = []
while (m := r.exec("banana")) is not None and m is not js.undefined and type(m).__name__ != "JsNull":
    seen.append((m.index, r.lastIndex))
[seen, r.lastIndex]

#% sticky
import js

r = js.RegExp.new("a", "y")
found = [r.test("baa"), r.lastIndex]
r.lastIndex = 1
found + [r.test("baa"), r.lastIndex, r.test("baa"), r.test("baa"), r.lastIndex]

#% match
import js

M = js.String.prototype.match
[M.call("a1b22", js.RegExp.new(r"\d+", "g")).to_py(), M.call("a1b22", js.RegExp.new(r"\d+")).to_py(), M.call("abc", js.RegExp.new("x", "g")), M.call("abc", "b").index, M.call("abc").to_py()]

#% matchAll
import js

s = js.String.new("a1b22")
[[(m.index, m.to_py()) for m in s.matchAll(js.RegExp.new(r"(\w)(\d+)", "g"))], str(s.matchAll("b"))]

#% matchAll without the flag g
import js

js.String.new("abc").matchAll(js.RegExp.new("a"))

#% replace
import js

s = js.String.new("John Smith")
[s.replace(js.RegExp.new(r"(\w+)\s(\w+)"), "$2, $1"), s.replace(js.RegExp.new("[a-z]", "g"), "."), s.replace(js.RegExp.new(r"(?<f>\w+) (?<l>\w+)"), "$<l> $<f> $<x>|$0 $3 $01"), s.replace(js.RegExp.new("i"), "[$`|$'|$&]"), s.replaceAll(js.RegExp.new("h", "g"), "H"), s.replace(js.RegExp.new("x*", "g"), "-")]

#% replace with a function
import js

seen = []

def change(*args):
    seen.append(args)
    return args[0].upper()

[js.String.new("abcabc").replace(js.RegExp.new("(b)(x)?", "g"), change), [[str(a) for a in args] for args in seen]]

#% replaceAll without the flag g
import js

js.String.new("abc").replaceAll(js.RegExp.new("a"), "")

#% split
import js

def split(text, pattern, flags="", *limit):
    return [x if isinstance(x, str) else None for x in js.String.new(text).split(js.RegExp.new(pattern, flags), *limit)]

[split("a1b2c", r"\d"), split("a1b2c", r"(\d)"), split("abc", ""), split("", "x"), split("", ""), split("a, b ,c", r"\s*,\s*"), split("abc", "(x)?"), split("a1b2c", r"\d", "", 2), split("aXbxc", "x", "i"), split("ab", "a*?"), split("ab", "a*")]

#% search
import js

[js.String.new("abc").search(js.RegExp.new("c")), js.String.new("abc").search("x"), js.String.new("a.c").search("[.]")]

#% classes of characters
import js

def found(pattern, text, flags=""):
    return js.RegExp.new(pattern, flags).exec(text)[0] if js.RegExp.new(pattern, flags).test(text) else None

[found(r"[\w-]+", "--a_9é"), found(r"\S+", " \u00a0x\ufeff"), found(r"[^\d\s]+", "12 ab3"), found(r"[]", "a"), found(r"[^]", "\n"), found(r".", "\n\u2028x"), found(r".", "\n", "s"), found(r"[\b]", "a\bc"), found(r"[a\]]+", "]a"), found(r"[+--]+", "a,-+"), found(r"\x41\u0042\t?\cJ?", "AB\n"), found(r"\0", "a\0"), found("[\\d-x]+", "1-x"), found(r"a{,2}", "a{,2}"), found("]", "]"), found("{", "{"), found(r"\101", "A")]

#% assertions
import js

def all_of(pattern, text, flags="g"):
    found = js.String.new(text).match(js.RegExp.new(pattern, flags))
    return found.to_py() if hasattr(found, "to_py") else None

[all_of(r"\bfoo\b", "foo food foo"), all_of("^a", "a\na", "gm"), all_of("a$", "a\na"), all_of("a$", "a\na", "gm"), all_of(r"\B.", "ab c"), all_of(r"\ba", "éa a")]

#% quantifiers
import js

def first(pattern, text, flags=""):
    m = js.RegExp.new(pattern, flags).exec(text)
    return [x if isinstance(x, str) else None for x in m] if hasattr(m, "index") else None

[first("a+?", "aaa"), first("a{2}", "aaa"), first("a{2,}", "aaaa"), first("(a|ab)(c|bcd)(d*)", "abcd"), first("(?:a|b)+", "abab"), first("x*", "aaa"), first("(a)?b", "b"), first("a|b|", "c"), first("(z)((a+)?(b+)?(c))*", "zaacbbbcac")[0], first("<.+?>", "<a><b>"), first("(?:)", "x")]

#% ignoring case
import js

def tests(pattern, flags, *texts):
    r = js.RegExp.new(pattern, flags)
    return [r.test(t) for t in texts]

[tests("straße", "i", "STRASSE", "STRAßE", "Straße"), tests("[a-z]", "i", "Q", "É", "\u212a"), tests("k", "i", "\u212a", "K"), tests("k", "iu", "\u212a", "K"), tests("É", "i", "é"), tests(r"\w", "iu", "\u017f")]

#% surrogates with and without the flag u
import js

[js.RegExp.new("^.$").test("😀"), js.RegExp.new("^.$", "u").test("😀"), js.RegExp.new("^..$").test("😀"), js.RegExp.new("[😀]", "u").exec("a😀").index, js.RegExp.new(r"\u{1F600}", "u").test("😀"), js.RegExp.new(r"\ud83d").test("😀"), js.RegExp.new(r"\ud83d", "u").test("😀"), js.RegExp.new("b").exec("😀é😀b").index, js.RegExp.new("b", "u").exec("😀é😀b").index, [m.index for m in js.String.new("😀é").matchAll(js.RegExp.new("", "gu"))], [m.index for m in js.String.new("😀é").matchAll(js.RegExp.new("", "g"))]]

#% properties of characters
import js

[js.String.new("aÄ1 Ω_漢").match(js.RegExp.new(p, "gu")).to_py() for p in (r"\p{L}", r"\p{Lu}", r"\p{Script=Greek}", r"\p{Letter}", r"\P{L}", r"\p{Nd}", r"\p{ASCII}", r"[\p{L}\d]", r"\p{sc=Han}", r"\p{gc=Lowercase_Letter}")]

#% indices of groups
import js

m = js.RegExp.new("a(?<x>b)(c)?", "d").exec("zab")
[[x.to_py() if hasattr(x, "to_py") else None for x in m.indices], m.indices.groups.x.to_py()]

#% inline flags
import js

[js.RegExp.new("a(?i:b)c").test(t) for t in ("aBc", "ABc")] + [js.RegExp.new("(?-i:a)b", "i").test(t) for t in ("aB", "AB")] + [js.RegExp.new("(?s:.)").test("\n")]

#% the same name in alternatives
import js

js.RegExp.new("(?<y>\\d{4})-\\d|\\d-(?<y>\\d{4})").exec("5-1999").groups.y

#% source
import js

[js.RegExp.new(p).source for p in ("", "a/b", "[/]", "\\/", "\n", "a\\nb")] + [str(js.RegExp.new("a/b", "g")), js.RegExp.prototype.source, js.RegExp.prototype.toString(), js.RegExp.prototype.flags]

#% RegExp of a RegExp
import js

r = js.RegExp.new("a", "gi")
[str(js.RegExp.new(r)), str(js.RegExp.new(r, "m")), js.RegExp(r) == r, js.RegExp.new(r) == r, str(js.RegExp.new(5)), js.RegExp.new(js.undefined).source]

#% what a RegExp is
import js

r = js.RegExp.new("a")
[r.typeof, r.constructor.name, js.Object.prototype.toString.call(r), js.Object.getOwnPropertyNames(r).to_py(), js.Object.keys(r).to_py(), str(r.compile("b", "g")), r.lastIndex]

#% escape
import js

[js.RegExp.escape(t) for t in ("a.b", "1+1", "x-y z", "[a]\n/", "é_", "\u2028", "-", "#")]

#% escape of a number
import js

js.RegExp.escape(5)

#% mistakes in patterns
import js

def message(pattern, flags=""):
    try:
        return str(js.RegExp.new(pattern, flags))
    except Exception as e:
        return str(e)

[message(p) for p in ("(", ")", "*", "a**", "[", "[z-a]", "a{2,1}", "\\", "(?<a>x)(?<a>y)", "(?<1>x)", "(?x)", "(?", "+", "x{1}{2}", "(?<n", "^*")]

#% mistakes in patterns with the flag u
import js

def message(pattern, flags="u"):
    try:
        return str(js.RegExp.new(pattern, flags))
    except Exception as e:
        return str(e)

[message(p) for p in ("{", "}", "]", "a{1", "\\-", "\\u{110000}", "\\p{Foo}", "\\1", "[\\w-a]", "\\xZ1", "\\c", "\\k<x>", "\\u12")]

#% look-ahead
import js

js.RegExp.new("a(?=b)").exec("acab").to_py()

#% look-behind
import js

js.RegExp.new("(?<=\\$)\\d+").exec("a1 $42")[0]

#% back references
import js

js.RegExp.new("(a|b)\\1").exec("abb")[0]

#% back references by name
import js

js.RegExp.new("(?<q>['\"]).*?\\k<q>").exec("x 'y' z")[0]

#% more repetitions than the engine counts
import js

js.RegExp.new("a{1001}").test("a" * 1001)

#% line ends other than the line feed
import js

[js.RegExp.new("^b", "m").test("a\rb"), js.RegExp.new("a$", "m").test("a\u2028b")]

#% a group in a repetition
import js

[x if isinstance(x, str) else None for x in js.RegExp.new("(?:(a)|b)*").exec("ab")]

#% an expression that takes exponential time elsewhere
import js

js.RegExp.new("^(a|a)*$").test("a" * 24 + "b")

#% members of RegExp that show the last match
import js

[name for name in js.Object.getOwnPropertyNames(js.RegExp) if "$" in name or "last" in name]
