#% toFixed
import js

N = js.Number.new
[N(x).toFixed(d) for x, d in [(1.005, 2), (1.45, 1), (0, 2), (-1.5, 0), (2.5, 0), (123.456, 0), (1e21, 2), (0.000001, 7), (-0.0000001, 2), (10**15 / 7, 10), (1.25, 1), (float("nan"), 2), (float("inf"), 1)]]

#% toFixed out of range
import js

js.Number.new(1).toFixed(101)

#% toPrecision
import js

N = js.Number.new
[N(x).toPrecision(d) for x, d in [(123.456, 4), (0.000123, 2), (1e21, 3), (123456, 2), (1.45, 2), (0, 3), (-1.5, 1), (99.99, 3), (1e-7, 2), (15, 1)]] + [N(1.5).toPrecision()]

#% toPrecision out of range
import js

js.Number.new(1).toPrecision(0)

#% toExponential
import js

N = js.Number.new
[N(x).toExponential(d) for x, d in [(123456, 2), (0, 0), (0.00015, 1), (-1.5, 3), (1e21, 0)]] + [N(x).toExponential() for x in (123456, 0.1, 1, 0, 1e300)]

#% toExponential out of range
import js

js.Number.new(1).toExponential(-1)

#% toString in other bases
import js

N = js.Number.new
[N(255).toString(16), N(-255).toString(2), N(0.5).toString(2), N(0.1).toString(3), N(3.14159).toString(16), N(1e21).toString(36), N(2**53 - 1).toString(7), N(1e-7).toString(5), N(float("nan")).toString(2), N(123.456).toString(36)]

#% toString with a wrong base
import js

js.Number.new(1).toString(37)

#% numbers as text
import js

[js.String(x) for x in (1e21, 1e20, 123456789012345680000.0, 1e-6, 1e-7, -0.0, 0.1 + 0.2, 5e-324, 1.7976931348623157e308, 100, 1.5e300, float("inf"))]

#% toLocaleString
import js

N = js.Number.new
[N(1234567.891).toLocaleString(), N(-1234.5).toLocaleString(), N(0.0005).toLocaleString(), N(1e21).toLocaleString(), N(float("nan")).toLocaleString(), N(999).toLocaleString(), N(1.0005).toLocaleString()]

#% methods on the wrong receiver
import js

js.Number.prototype.toFixed.call("1", 2)

#% Number as a function
import js

[js.Number(x) for x in ("12", " 12\n", "", "1,2", "0o17", "-0x1", "Infinity", "infinity", "1e1000", None, True, ".5", "5.", ".", "+1", "--1", 2**70)] + [js.Number()]

#% Number of undefined and of objects
import js

[js.Number(js.undefined), js.Number(js.Date.new(5)), js.Number(js.Array.new()), js.Number(js.Array.of(7)), js.Number(js.Array.of(1, 2)), js.Number(js.Object.new())]

#% Number of a symbol
import js

js.Number(js.Symbol("x"))

#% parseInt
import js

[js.parseInt(*a) for a in [("12px",), ("0x1F",), ("  -42abc",), ("z", 36), ("101", 2), ("12", 1), ("9", 8), ("",), ("0x",), ("1e3",), ("123", 37), ("12345678901234567890",), ("0b11",), ("+7",), ("-0",)]]

#% parseFloat
import js

[js.parseFloat(a) for a in ("3.14abc", ".5.5", "-.5", "1e3x", "1e", "Infinityx", "-Infinity", "abc", "", "0x10", "  7", "1_000", "e5")]

#% isNaN, isFinite and the stricter ones
import js

values = [float("nan"), "abc", "12", None, float("inf"), 1.5, True, ""]
[[f(v) for v in values] for f in (js.isNaN, js.isFinite, js.Number.isNaN, js.Number.isFinite, js.Number.isInteger, js.Number.isSafeInteger)]

#% limits
import js

N = js.Number
[N.MAX_SAFE_INTEGER, N.MIN_SAFE_INTEGER, N.EPSILON, N.MAX_VALUE, N.MIN_VALUE, N.POSITIVE_INFINITY, N.NEGATIVE_INFINITY, js.Infinity, N.isSafeInteger(2**53 - 1), N.isSafeInteger(2.0**53)]

#% parse functions are shared
import js

[js.Number.parseInt == js.parseInt, js.Number.parseFloat == js.parseFloat]

#% a Number object
import js

n = js.Number.new(5)
[n.typeof, str(n), n.valueOf(), n.constructor.name, js.Object.prototype.toString.call(n), n == js.Number.new(5)]

#% Boolean
import js

[js.Boolean(x) for x in (0, 1, "", "0", None, float("nan"), -0.0)] + [js.Boolean(js.Array.new()), js.Boolean(js.undefined), js.Boolean.new(False).valueOf(), js.Boolean.new("x").toString(), js.Boolean()]

#% BigInt from values
import js

[js.BigInt(x) for x in (10, "0x1f", " 12 ", "", True, "-5", 2**70, "0b101")]

#% BigInt of a fraction
import js

js.BigInt(1.5)

#% BigInt of text that is no integer
import js

js.BigInt("1.5")

#% BigInt of None
import js

js.BigInt(None)

#% BigInt with new
import js

js.BigInt.new(1)

#% BigInt wraps
import js

[js.BigInt.asIntN(8, 2**60 + 255), js.BigInt.asUintN(8, 2**60 + 255), js.BigInt.asIntN(64, 2**63), js.BigInt.asUintN(64, js.BigInt(-1)), js.BigInt.asIntN(0, 2**60)]

#% BigInt as text
import js

[js.BigInt.prototype.toString.call(2**64), js.BigInt.prototype.toString.call(2**64, 16), js.BigInt.prototype.toLocaleString.call(2**64), js.BigInt.prototype.toString.call(js.BigInt(-255), 36)]

#% BigInt methods on a number
import js

js.BigInt.prototype.toString.call(1)
