# Values made by a generator with a fixed seed: each case stands for many.

#% digits of random floats
import fixtures, random, struct, hashlib
r = random.Random(1)
found = []
for _ in range(3000):
    x = struct.unpack("<d", r.randbytes(8))[0]
    if x == x:
        found.append(fixtures.inspect(x))
[hashlib.sha256(" ".join(found).encode()).hexdigest(), found[:20]]

#% digits of floats of common size
import fixtures, random, hashlib
r = random.Random(2)
found = [fixtures.inspect(r.uniform(-1, 1) * 10 ** r.randint(-9, 24)) for _ in range(3000)]
found += [fixtures.inspect(round(r.uniform(-1000, 1000), r.randint(0, 5))) for _ in range(1000)]
found += [fixtures.inspect(float(10**n)) for n in range(25)] + [fixtures.inspect(10.0**-n) for n in range(25)]
[hashlib.sha256(" ".join(found).encode()).hexdigest(), found[:10], found[-50:]]

#% digits of random big integers
import fixtures, random, hashlib
r = random.Random(3)
found = [fixtures.inspect(r.getrandbits(r.randint(1, 3000)) * r.choice((1, -1))) for _ in range(300)]
[hashlib.sha256(" ".join(found).encode()).hexdigest(), found[:3]]

#% random strings come back equal and as long
import fixtures, random
r = random.Random(4)
kinds = [(0, 0x7F), (0, 0xFF), (0, 0xD7FF), (0xD800, 0xDFFF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF)]
found = []
for _ in range(400):
    text = "".join(chr(r.randint(*r.choice(kinds[: r.randint(1, 6)]))) for _ in range(r.randint(0, 12)))
    back = fixtures.identity(text)
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    if back != joined or fixtures.get_property(text, "length") != len(text.encode("utf-16-le", "surrogatepass")) // 2:
        found.append(text)
found

#% random structures to JavaScript
import fixtures, random
from pyodide.ffi import to_js, jsnull
r = random.Random(5)
def make(depth):
    kind = r.randint(0, 9 if depth else 5)
    if kind < 6:
        return r.choice([None, jsnull, True, r.randint(-100, 100), 2 ** r.randint(0, 80), r.random(), "text", "\xe9", "", False, -0.0])
    items = [make(depth - 1) for _ in range(r.randint(0, 4))]
    if kind == 6:
        return items
    if kind == 7:
        return tuple(items)
    if kind == 8:
        return {r.choice(["a", "b", "key", 1, 2.5, True, None, 10**20]): item for item in items}
    return {item for item in items if type(item) is int}
found = []
for _ in range(200):
    value = make(3)
    for depth in (-1, 1, 2):
        try:
            found.append(fixtures.inspect(to_js([value], depth=depth)))
        except Exception as error:
            found.append(f"{type(error).__name__}: {error}")
found

#% random structures to JavaScript and back
import fixtures, random
from pyodide.ffi import to_js
r = random.Random(6)
def make(depth):
    kind = r.randint(0, 7 if depth else 4)
    if kind < 5:
        return r.choice([None, True, r.randint(-100, 100), 2 ** r.randint(0, 52) + 0.5, "text", "\u2603"])
    items = [make(depth - 1) for _ in range(r.randint(0, 4))]
    return items if kind < 7 else {f"k{index}": item for index, item in enumerate(items)}
values = [[make(4)] for _ in range(150)]
[to_js(value).to_py() == value for value in values].count(False)

#% random structures through JSON
import fixtures, json, random
import js
from pyodide.ffi import to_js
r = random.Random(7)
def make(depth):
    kind = r.randint(0, 7 if depth else 4)
    if kind < 5:
        return r.choice([True, r.randint(-100, 100), r.random(), "text", "\u2603\U0001f600", "\n\"\\", 1e300, 5e-7])
    items = [make(depth - 1) for _ in range(r.randint(0, 4))]
    return items if kind < 7 else {f"k{index}": item for index, item in enumerate(items)}
values = [[make(4)] for _ in range(100)]
texts = [js.JSON.stringify(to_js(value)) for value in values]
[sum(json.loads(text) != value for text, value in zip(texts, values)), sum(js.JSON.parse(text).to_py() != value for text, value in zip(texts, values)), texts[:10]]

#% random operations on an Array and on a list
import js, random
from pyodide.ffi import to_js
r = random.Random(8)
mine, theirs = [], js.Array.new()
found = []
for _ in range(400):
    act = r.randint(0, 7)
    at = r.randint(-6, 6)
    value = r.randint(0, 9)
    try:
        if act == 0:
            theirs.append(value); mine.append(value)
        elif act == 1:
            mine.insert(at, value); theirs.insert(at, value)
        elif act == 2:
            a = b = None
            try:
                a = mine.pop(at)
            except IndexError as error:
                a = str(error)
            try:
                b = theirs.pop(at)
            except IndexError as error:
                b = str(error)
            found.append(a == b)
        elif act == 3:
            mine[at:at + 2] = [value, value]; theirs[at:at + 2] = [value, value]
        elif act == 4:
            mine.reverse(); theirs.reverse()
        elif act == 5:
            mine.extend([value] * 2); theirs.extend([value] * 2)
        elif act == 6:
            found.append((mine[at:], theirs[at:].to_py()))
        elif len(mine) > 12:
            del mine[::2]; del theirs[::2]
    except Exception as error:
        found.append(f"{type(error).__name__}: {error}")
    if theirs.to_py() != mine:
        found.append(("apart", act, at))
        break
[found, mine, theirs.to_py()]

#% random slices of an Array
import random
from pyodide.ffi import to_js
r = random.Random(9)
x = list(range(10))
y = to_js(x)
bounds = [None, 0, 1, -1, 5, -5, 9, 10, 11, -10, -11, 100, -100]
found = []
for _ in range(500):
    part = slice(r.choice(bounds), r.choice(bounds), r.choice([None, 1, 2, -1, -3, 5]))
    if y[part].to_py() != x[part]:
        found.append(part)
found

#% random order of keys
import js, random
r = random.Random(10)
x = js.Object.new()
found = []
for _ in range(300):
    key = r.choice(["a", "b", "c", str(r.randint(0, 20)), "01", "-1", "4294967294", "4294967295", "1.5", ""])
    if r.random() < 0.7:
        setattr(x, key, 1)
    elif hasattr(x, key):
        delattr(x, key)
    found.append("|".join(x.object_keys()))
found[::10]
