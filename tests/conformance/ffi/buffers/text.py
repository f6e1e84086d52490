#% TextEncoder encodes as UTF-8
import js
e = js.TextEncoder.new()
[e.encoding, e.encode("héllo €😀"), e.encode(), e.encode(""), e.encode(None), e.encode(12), str(e), e.constructor.name]
#% lone surrogates become replacement characters
import js
js.TextEncoder.new().encode("a\ud800b").to_bytes()
#% encodeInto says how much it read and wrote
import js
e = js.TextEncoder.new()
u = js.Uint8Array.new(5)
out = []
for t in ("abc", "€€€", "a😀b", "", "é"):
    u.fill(0)
    r = e.encodeInto(t, u)
    out.append((r.read, r.written, u.to_bytes()))
out
#% encodeInto needs a Uint8Array
import js
js.TextEncoder.new().encodeInto("a", js.Int8Array.new(3))
#% TextEncoder needs new
import js
js.TextEncoder()
#% TextDecoder decodes UTF-8
import js
d = js.TextDecoder.new()
[d.encoding, d.fatal, d.ignoreBOM, d.decode(js.Uint8Array.new([104, 195, 169])), d.decode(), d.decode(js.Uint8Array.new([65])), d.decode(js.ArrayBuffer.new(1)), d.decode(js.DataView.new(js.Uint8Array.new([66, 67]).buffer, 1)), d.decode(js.Uint16Array.new([0x4241])), str(d), d.constructor.name]
#% malformed bytes become replacement characters
import js
d = js.TextDecoder.new()
[d.decode(js.Uint8Array.new(list(x))) for x in (b"a\xffb", b"\xe2\x82", b"\xe2\x82a", b"\xf0\x9f\x98", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\x80\x80")]
#% fatal decoders throw
import js
d = js.TextDecoder.new("utf-8", js.Object.fromEntries([["fatal", True]]))
d.decode(js.Uint8Array.new([255]))
#% a fatal decoder goes on after an error
import js
d = js.TextDecoder.new("utf-8", js.Object.fromEntries([["fatal", True]]))
try:
    d.decode(js.Uint8Array.new([255]))
except Exception as e:
    r = [e.name, e.message, e.code]
[r, d.decode(js.Uint8Array.new([65])), d.fatal]
#% byte order marks are removed
import js
u = js.Uint8Array.new([0xEF, 0xBB, 0xBF, 65])
i = js.TextDecoder.new("utf-8", js.Object.fromEntries([["ignoreBOM", True]]))
[js.TextDecoder.new().decode(u), i.decode(u), i.ignoreBOM, js.TextDecoder.new("utf-16le").decode(js.Uint8Array.new([0xFF, 0xFE, 65, 0])), js.TextDecoder.new().decode(js.Uint8Array.new([0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF]))]
#% streams keep incomplete characters
import js
o = js.Object.fromEntries([["stream", True]])
d = js.TextDecoder.new()
r = [d.decode(js.Uint8Array.new([x]), o) for x in (0xE2, 0x82, 0xAC, 0xE2)]
r + [d.decode(), d.decode(js.Uint8Array.new([0xEF, 0xBB]), o), d.decode(js.Uint8Array.new([0xBF, 65]), o), d.decode(js.Uint8Array.new([0xEF, 0xBB, 0xBF, 65]), o), d.decode()]
#% streams of UTF-16
import js
o = js.Object.fromEntries([["stream", True]])
d = js.TextDecoder.new("utf-16le")
r = [d.decode(js.Uint8Array.new(x), o) for x in ([0x3D], [0xD8, 0x00], [0xDE, 65], [0])]
r + [d.decode(), d.decode(js.Uint8Array.new([0x3D, 0xD8])), d.decode(js.Uint8Array.new([65]))]
#% a fatal stream throws at its end
import js
o = js.Object.fromEntries([["stream", True]])
d = js.TextDecoder.new("utf-8", js.Object.fromEntries([["fatal", True]]))
d.decode(js.Uint8Array.new([0xE2]), o)
d.decode()
#% labels name encodings
import js
[js.TextDecoder.new(x).encoding for x in ("utf8", "UTF-8", " utf-8\n", "unicode-1-1-utf-8", "utf-16", "utf-16le", "UTF-16BE", "ucs-2", "latin1", "iso-8859-1", "ascii", "us-ascii", "windows-1252", "cp1252", "l1")]
#% labels of other encodings
import js
[js.TextDecoder.new(x).encoding for x in ("iso-8859-2", "latin2", "iso-8859-15", "koi8-r", "koi", "windows-1251", "cp1250", "macintosh", "ibm866", "shift_jis", "sjis", "euc-jp", "gbk", "gb2312", "gb18030", "big5", "euc-kr", "windows-874", "iso-2022-jp")]
#% unknown labels are refused
import js
js.TextDecoder.new("nonsense")
#% the name of an unknown label is shown as given
import js
js.TextDecoder.new(" Foo ")
#% single bytes of windows-1252
import js
js.TextDecoder.new("latin1").decode(js.Uint8Array.new(list(range(0x78, 0xA8)) + [0xE9, 0xFF]))
#% other single-byte encodings
import js
u = js.Uint8Array.new([0x80, 0xA4, 0xC0, 0xE9, 0xFE])
[js.TextDecoder.new(x).decode(u) for x in ("iso-8859-2", "iso-8859-5", "iso-8859-15", "koi8-r", "koi8-u", "windows-1250", "windows-1251", "windows-1253", "macintosh", "ibm866")]
#% multi-byte encodings
import js
def dec(enc, data):
    return js.TextDecoder.new(enc).decode(js.Uint8Array.new(list(data)))
[dec("shift_jis", "あア漢".encode("shift_jis")), dec("euc-jp", "あ漢".encode("euc-jp")), dec("gbk", "汉字".encode("gbk")), dec("gb18030", "汉😀".encode("gb18030")), dec("big5", "漢字".encode("big5")), dec("euc-kr", "한국".encode("euc-kr")), dec("utf-16be", "é😀".encode("utf-16-be"))]
#% lone surrogates in UTF-16
import js
d = js.TextDecoder.new("utf-16le")
[d.decode(js.Uint8Array.new([0, 0xD8, 65, 0])), d.decode(js.Uint8Array.new([0, 0xDC])), d.decode(js.Uint8Array.new([65]))]
#% fatal UTF-16 refuses lone surrogates
import js
js.TextDecoder.new("utf-16le", js.Object.fromEntries([["fatal", True]])).decode(js.Uint8Array.new([0, 0xD8, 65, 0]))
#% decode needs a buffer
import js
js.TextDecoder.new().decode("text")
#% decode of Python bytes
import js
js.TextDecoder.new().decode(b"abc")
#% decode of a number
import js
js.TextDecoder.new().decode(5)
#% TextDecoder needs new
import js
js.TextDecoder()
#% options must be an object
import js
js.TextDecoder.new("utf-8", 5)
#% decoding a SharedArrayBuffer
import js
js.TextDecoder.new().decode(js.SharedArrayBuffer.new(1))
#% dir of both
import js
[[n for n in dir(x) if not n.startswith("_") and n not in ("inspect",)] for x in (js.TextEncoder.new(), js.TextDecoder.new())]
#% btoa
import js
[js.btoa(x) for x in ("hello", "", "\xff\xfe", 12, None, True, "a" * 5)]
#% btoa refuses wide characters
import js
js.btoa("€")
#% btoa needs an argument
import js
js.btoa()
#% atob
import js
[js.atob(x) for x in ("aGVsbG8=", "aGVsbG8", "", " aGVs bG8=\n\t", "//4=", 1234, "YQ", "YWI", "AAAA")]
#% atob refuses other characters
import js
js.atob("a$==")
#% atob refuses the url alphabet
import js
js.atob("a-_=")
#% atob refuses a wrong length
import js
js.atob("abcde")
#% atob refuses too much padding
import js
js.atob("ab===")
#% atob refuses padding inside
import js
js.atob("a=bc")
#% atob needs an argument
import js
js.atob()
#% atob errors are DOMExceptions
import js
try:
    js.atob("*")
except Exception as e:
    r = (e.name, e.code, e.constructor.name, e.message)
r
#% escape and unescape
import js
[js.escape("aé€ +@*_-./😀%"), js.unescape("a%E9%u20AC%zz%u12%"), js.escape(), js.unescape(None), js.escape(5)]
