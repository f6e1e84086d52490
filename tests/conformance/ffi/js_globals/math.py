#% rounding
import js

[[getattr(js.Math, f)(x) for x in (-1.5, -0.5, -0.2, 0.5, 1.5, 2.5, 0.49999999999999994, 1e300)] for f in ("round", "floor", "ceil", "trunc")]

#% signs of zero
import js

[js.Object["is"](getattr(js.Math, f)(-0.2), -0.0) for f in ("round", "ceil", "trunc", "fround")] + [
    js.Object["is"](js.Math.max(-0.0, 0), 0), js.Object["is"](js.Math.min(0, -0.0), -0.0), js.Object["is"](js.Math.sign(-0.0), -0.0)]

#% max and min
import js

[js.Math.max(), js.Math.min(), js.Math.max(1, "3", 2), js.Math.min(1, None, -5), js.Math.max(1, float("nan")), js.Math.max("a"), js.Math.max(True, 0)]

#% max of a bigint
import js

js.Math.max(2**60, 1)

#% hypot
import js

[js.Math.hypot(), js.Math.hypot(3, 4), js.Math.hypot(-5), js.Math.hypot(float("inf"), float("nan")), js.Math.hypot("3", 4), js.Math.hypot(float("nan"))]

#% integers of 32 bits
import js

[js.Math.imul(0xFFFFFFFF, 5), js.Math.imul(2, 4.9), js.Math.imul(0x7FFFFFFF, 2), js.Math.clz32(1), js.Math.clz32(0), js.Math.clz32(-1), js.Math.clz32("8"), js.Math.clz32(0.5)]

#% fround and f16round
import js

[js.Math.fround(5.5), js.Math.fround(5.05), js.Math.fround(1e40), js.Math.fround("x"), js.Math.f16round(1.337), js.Math.f16round(70000)]

#% logarithms
import js

[js.Math.log(0), js.Math.log(-1), js.Math.log(1), js.Math.log2(8), js.Math.log10(1000), js.Math.log1p(-1), js.Math.log1p(0), js.Math.log2(0), js.Math.log10(-1)]

#% roots and powers
import js

[js.Math.sqrt(2), js.Math.sqrt(-1), js.Math.cbrt(27), js.Math.cbrt(-8), js.Math.pow(2, 0.5), js.Math.pow(-8, 1 / 3), js.Math.pow(0, -1), js.Math.pow(-0.0, -3), js.Math.pow(1, float("inf")), js.Math.pow(float("nan"), 0), js.Math.pow(10, 400), js.Math.pow(-10, 401)]

#% trigonometry
import js

[js.Math.sin(0), js.Math.cos(0), js.Math.atan2(1, -1), js.Math.atan2(0, -0.0), js.Math.asin(2), js.Math.acos(1), js.Math.sin(float("inf")), js.Math.atanh(1), js.Math.atanh(2), js.Math.sinh(1000), js.Math.sinh(-1000), js.Math.cosh(1000), js.Math.tanh(1000), js.Math.acosh(0.5)]

#% exponentials
import js

[js.Math.exp(0), js.Math.exp(1000), js.Math.exp(-1000), js.Math.expm1(0), js.Math.exp(1) == js.Math.E]

#% constants
import js

[getattr(js.Math, n) for n in ("E", "LN10", "LN2", "LOG10E", "LOG2E", "PI", "SQRT1_2", "SQRT2")]

#% numbers from other values
import js

[js.Math.abs(x) for x in ("-3", None, True, "", " 12 ", "0x1f", "abc", "1e3", "-Infinity", "0b11", "1_000")]

#% random is between 0 and 1
import js

values = [js.Math.random() for _ in range(100)]
[all(0 <= v < 1 for v in values), len(set(values)) > 90]

#% what Math is
import js

[str(js.Math), js.Math.typeof, js.Math.constructor.name, js.Object.prototype.toString.call(js.Math), js.Reflect.get(js.Math, js.Symbol.toStringTag), hasattr(js.Math, "sumPrecise")]

#% a symbol is no number
import js

js.Math.abs(js.Symbol.iterator)
