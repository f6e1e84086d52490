#% small integers are ints
[0, 1, -1]

#% what JavaScript makes of integers
import fixtures
[fixtures.inspect(x) for x in (0, 1, -1, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**32, 2**53 - 1, 2**53, 2**53 + 1, -2**53, 1 - 2**53, 2**63, 2**64, -2**64, 10**40)]

#% integers around every power of two come back equal
import fixtures
found = []
for bits in range(1, 140):
    for number in (2**bits - 1, 2**bits, -2**bits, -2**bits - 1):
        back = fixtures.identity(number)
        if back != number or type(back).__name__ != ("int" if abs(number) < 2**53 else "JsBigInt"):
            found.append((number, back, type(back).__name__))
found

#% the type that JavaScript gives to numbers
import fixtures
[fixtures.type_of(x) for x in (0, 1.5, True, 2**53 - 1, 2**53, -2**53, float(2**60), float("nan"), float("inf"))]

#% what JavaScript makes of floats
import fixtures
[fixtures.inspect(x) for x in (0.0, -0.0, 1.0, 1.5, -2.25, 1e21, 1e-7, 123456789012345680000.0, 5e-324, 1.7976931348623157e308, float("nan"), float("inf"), float("-inf"), 2.0**53, 0.1)]

#% whole floats come back as ints
import fixtures
[fixtures.identity(x) for x in (0.0, 1.0, -3.0, 2.0**53 - 1, 2.0**53, -2.0**53, 1e300, 1.5, float("inf"), float("-inf"))]

#% not a number comes back as such
import fixtures, math
[math.isnan(fixtures.identity(float("nan"))), math.isnan(fixtures.nan), fixtures.same(float("nan"), fixtures.nan)]

#% minus zero is kept by JavaScript and lost by Python
import fixtures, math
[fixtures.inspect(fixtures.minus_zero), math.copysign(1, fixtures.minus_zero), fixtures.same(-0.0, 0), fixtures.same(-0.0, 0.0), fixtures.inspect(-0.0)]

#% numbers of the module
import fixtures
[fixtures.number, fixtures.integer, fixtures.max_safe, fixtures.beyond_safe, fixtures.infinity, type(fixtures.beyond_safe)]

#% big integers are JsBigInt
import fixtures
from pyodide.ffi import JsBigInt
x = fixtures.bigint
[x, type(x), type(x) is JsBigInt, isinstance(x, int), x == 2**64, hash(x) == hash(2**64), str(x), repr(x), f"{x:,}"]

#% a small big integer stays one
import fixtures
x = fixtures.small_bigint
[x, type(x), fixtures.type_of(x), fixtures.inspect(x), x == 7, {7: "seven"}[x]]

#% arithmetic of JsBigInt
import fixtures
x = fixtures.small_bigint
values = [x + 1, 1 + x, x - 1, x * 2, 2 * x, x // 2, x % 4, x ** 2, -x, +x, ~x, abs(x), x << 3, x >> 1, x & 3, x | 8, x ^ 1, x / 2, divmod(x, 2), round(x), int(x), float(x), bool(x)]
[(type(value).__name__, value) for value in values]

#% a JsBigInt of one's own
import fixtures
from pyodide.ffi import JsBigInt
[JsBigInt(5), fixtures.inspect(JsBigInt(5)), fixtures.inspect(JsBigInt(-(2**70))), fixtures.inspect(JsBigInt(0)), fixtures.inspect(int(JsBigInt(3)))]

#% JsBigInt compares and hashes as an int
from pyodide.ffi import JsBigInt
[JsBigInt(3) == 3, JsBigInt(3) < 4, JsBigInt(3) in {3}, sorted([JsBigInt(3), 1, 2]), JsBigInt(3) is JsBigInt(3)]

#% big integers at the limbs' borders
import fixtures
[fixtures.inspect(JsBigInt) for JsBigInt in (2**31, 2**32 - 1, 2**32, 2**60, 2**64 - 1, 2**96, -(2**96) - 1, 2**127, -(2**127))]

#% subclasses of int lose their type
import enum, fixtures
class Count(int):
    pass
class Colour(enum.IntEnum):
    RED = 1
class Flags(enum.IntFlag):
    A = 1
    B = 2
[fixtures.inspect(x) for x in (Count(5), Colour.RED, Flags.A | Flags.B, Count(2**70))] + [fixtures.identity(Colour.RED), type(fixtures.identity(Count(5)))]

#% subclasses of float lose their type
import fixtures
class Ratio(float):
    pass
[fixtures.inspect(Ratio(0.5)), fixtures.identity(Ratio(0.5)), type(fixtures.identity(Ratio(0.5)))]

#% decimals, fractions and complex numbers are proxied
import fixtures
from decimal import Decimal
from fractions import Fraction
[(fixtures.inspect(x), fixtures.identity(x) is x) for x in (Decimal("1.5"), Fraction(1, 3), 1j)]

#% booleans
import fixtures
[fixtures.inspect(True), fixtures.inspect(False), fixtures.identity(True) is True, fixtures.type_of(False), fixtures.same(True, 1), fixtures.true_value]

#% enumerations are proxied
import enum, fixtures
class Colour(enum.Enum):
    RED = 1
[fixtures.inspect(Colour.RED), fixtures.identity(Colour.RED) is Colour.RED]

#% Number of values
import js
[js.Number(x) for x in ("5", " 5 ", "0x1f", "1e3", "", True, None, 2.0)] + [js.isNaN(js.Number("five")), js.parseInt("12px"), js.parseFloat("1.5e2x")]

#% BigInt of values
import js
[js.BigInt(5), js.BigInt("123456789012345678901234567890"), js.BigInt(True), js.BigInt("0xff"), js.BigInt("-7")]

#% BigInt of a fraction
import js
js.BigInt(1.5)

#% BigInt of no number
import js
js.BigInt("five")

#% numbers as text
import js
[js.String(x) for x in (1, 1.0, 1.5, -0.0, 1e21, 1e-7, 1.2345e-10, 123456789.123, 2**53, 2**70, float("nan"), float("inf"), True)]

#% a number too long for str is a big integer all the same
import fixtures
x = fixtures.identity(7**6000)
x == 7**6000, type(x)

#% numbers as the embedder gets them
[1, 2**53 - 1, 2**53, 1.5, -2.0]
#%js
return value.toJs().map((x) => `${typeof x} ${x}`);
#%host
from runtime_core.js.operators import to_string, typeof
result = [f"{typeof(x)} {to_string(x)}" for x in value.to_js(-1).items]
