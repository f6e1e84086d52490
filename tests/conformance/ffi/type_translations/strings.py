#% strings of every width
import fixtures
[fixtures.identity(x) == x for x in ("", "ascii", "caf\xe9", "\u2603", "\U0001f600", "a\0b", "\x7f\x80\xff", "mixed \xe9\u2603\U0001f600")]

#% lengths count UTF-16 units
import js, fixtures
[fixtures.get_property(x, "length") for x in ("", "abc", "\xe9", "\u2603", "\U0001f600", "a\U0001f600b", "\ud83d")]

#% the text of the module
import fixtures
[fixtures.text, len(fixtures.text), fixtures.lone_surrogate, fixtures.inspect(fixtures.text)]

#% lone surrogates survive
import fixtures
[fixtures.identity(x) == x for x in ("\ud800", "\udc00", "a\ud800b", "\udc00\ud800", "\ud800\ud800")]

#% surrogates that make a pair become one character
import fixtures
[fixtures.identity("\ud83d\ude00"), len(fixtures.identity("\ud83d\ude00")), fixtures.identity("\ud83d\ude00") == "\U0001f600"]

#% halves of a pair
import fixtures
left, right = fixtures.split_pair
[left, right, fixtures.add(left, right), len(fixtures.add(left, right)), fixtures.add("\ud83d", "x")]

#% strings are converted, not proxied
import fixtures
class Name(str):
    pass
[type(fixtures.identity(Name("n"))), fixtures.inspect(Name("n")), fixtures.type_of("s")]

#% escapes of JSON
import js
[js.JSON.stringify(x) for x in ("quote\"", "back\\slash", "\n\r\t\b\f", "\0\x1f", "\u2028", "\U0001f600", "\ud800")]

#% bytes are proxied
import fixtures
[fixtures.inspect(b"ab"), fixtures.identity(b"ab"), fixtures.inspect(bytearray(b"ab"))]

#% a long string
import fixtures
x = "0123456789" * 20000 + "\u2603"
fixtures.identity(x) == x

#% a long string of characters beyond the first plane
import fixtures
x = "\U0001f600" * 10000
[fixtures.identity(x) == x, fixtures.get_property(x, "length")]

#% String of values
import js
[js.String(x) for x in (None, True, 1.5, "s", js.Array.of(1, 2), js.Object.new(), js.Map.new())]

#% String of Python objects
import js
[js.String([1, 2]), js.String({"a": 1}), js.String(ValueError("v")), js.String((1,)), js.String(b"x")]

#% strings have no methods in Python but their own
import fixtures
"abc".upper(), fixtures.call_method("abc", "toUpperCase")

#% string methods of JavaScript
import fixtures
call = fixtures.call_method
[call("a,b,c", "split", ","), call("abc", "charAt", 1), call("a\U0001f600", "codePointAt", 1), call("abc", "includes", "b"), call("abc", "slice", -2), call(" x ", "trim"), call("ab", "repeat", 2), call("abc", "indexOf", "c")]
