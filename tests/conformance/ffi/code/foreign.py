#% structures
import ctypes
class Point(ctypes.Structure):
    _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double), ("tag", ctypes.c_char * 4)]
p = Point(1, 2.5, b"ab")
p.x += 1
[p.x, p.y, p.tag, ctypes.sizeof(Point), Point.y.offset, bytes(p)[:4]]

#% nested structures and unions
import ctypes
class Both(ctypes.Union):
    _fields_ = [("number", ctypes.c_uint32), ("data", ctypes.c_ubyte * 4)]
class Outer(ctypes.Structure):
    _fields_ = [("head", ctypes.c_uint8), ("both", Both)]
o = Outer(1)
o.both.number = 0x01020304
[list(o.both.data), ctypes.sizeof(Outer), Outer.both.offset]

#% bit fields
import ctypes
class Bits(ctypes.Structure):
    _fields_ = [("a", ctypes.c_uint, 3), ("b", ctypes.c_uint, 5)]
b = Bits(a=9, b=33)
[b.a, b.b, ctypes.sizeof(Bits)]

#% arrays and pointers
import ctypes
a = (ctypes.c_int * 4)(1, 2, 3)
p = ctypes.cast(a, ctypes.POINTER(ctypes.c_int))
p[3] = 7
[list(a), p[0], p.contents.value, len(a), ctypes.sizeof(a)]

#% sorting with qsort
import ctypes
libc = ctypes.CDLL(None)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
a = (ctypes.c_int * 6)(5, 1, 7, 33, 99, -3)
libc.qsort(a, len(a), ctypes.sizeof(ctypes.c_int), compare(lambda x, y: x[0] - y[0]))
list(a)

#% sorting with several callbacks
import ctypes
libc = ctypes.CDLL(None)
compare = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))
up, down = compare(lambda x, y: x[0] - y[0]), compare(lambda x, y: y[0] - x[0])
a = (ctypes.c_int * 5)(3, 1, 2, 5, 4)
seen = []
for f in (up, down, up):
    libc.qsort(a, 5, 4, f)
    seen.append(list(a))
seen

#% an exception in a callback is shown and dropped
import ctypes, sys
seen = []
sys.unraisablehook = lambda u: seen.append(repr(u.exc_value))
f = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: 1 // x)
result = [f(1), f(0)]
sys.unraisablehook = sys.__unraisablehook__
[result, seen]

#% callbacks of many types
import ctypes as c
def same(kind, value):
    return c.CFUNCTYPE(kind, kind)(lambda x: x)(value)
[same(c.c_int8, -3), same(c.c_uint16, 65535), same(c.c_int64, -(1 << 40)), same(c.c_uint64, (1 << 64) - 1), same(c.c_float, 1.5), same(c.c_double, 2.25), same(c.c_bool, True), same(c.c_char, b"x")]

#% many arguments
import ctypes as c
f = c.CFUNCTYPE(c.c_double, c.c_int, c.c_double, c.c_int64, c.c_float, c.c_uint8)(lambda *a: sum(a))
f(1, 2.5, 1 << 33, 0.5, 255)

#% callbacks that call callbacks
import ctypes as c
T = c.CFUNCTYPE(c.c_int, c.c_int)
inner = T(lambda x: x + 1)
outer = T(lambda x: inner(x) * 2)
outer(4)

#% many callbacks made and freed
import ctypes, gc
T = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)
total = 0
for i in range(300):
    total += T(lambda x, i=i: x + i)(1)
gc.collect()
total

#% strings of C
import ctypes
libc = ctypes.CDLL(None)
libc.strlen.restype = ctypes.c_size_t
b = ctypes.create_string_buffer(b"hello", 10)
[libc.strlen(b), b.value, len(b.raw), ctypes.string_at(b, 3), libc.atoi(b"42"), libc.abs(-5)]

#% the API of Python
import ctypes
api = ctypes.pythonapi
api.PyLong_FromLong.restype = ctypes.py_object
api.PyUnicode_FromString.restype = ctypes.py_object
[api.PyLong_FromLong(123), api.PyUnicode_FromString(b"text"), ctypes.cast(id("x"), ctypes.py_object).value]

#% exceptions of the API of Python
import ctypes
f = ctypes.pythonapi.PyLong_FromString
f.restype = ctypes.py_object
try:
    f(b"no number", None, 10)
except ValueError as e:
    result = str(e)
result

#% output of C without variable arguments
import ctypes
libc = ctypes.CDLL(None)
b = ctypes.create_string_buffer(100)
n = libc.snprintf(b, 100, b"plain")
[n, b.value]

#% structures by value
import ctypes as c
class Pair(c.Structure):
    _fields_ = [("a", c.c_int), ("b", c.c_int)]
f = c.CFUNCTYPE(c.c_int, Pair)(lambda p: p.a * 10 + p.b)
f(Pair(4, 2))

#% functions that are not there
import ctypes
try:
    ctypes.CDLL(None).surely_no_such_function
except AttributeError as e:
    result = type(e).__name__
result

#% libraries that are not there
import ctypes
try:
    ctypes.CDLL("t5_no_such_library.so")
except OSError as e:
    result = type(e).__name__
result

#% wrong arguments
import ctypes
libc = ctypes.CDLL(None)
seen = []
libc.abs.argtypes = [ctypes.c_int]
for args in (("x",), (), (1.5,)):
    try:
        seen.append(libc.abs(*args))
    except (TypeError, ctypes.ArgumentError) as e:
        seen.append([type(e).__name__, str(e)])
libc.abs.argtypes = None
seen

#% memory
import ctypes
b = ctypes.create_string_buffer(4)
ctypes.memset(b, ord("x"), 3)
c = ctypes.create_string_buffer(4)
ctypes.memmove(c, b, 4)
[c.raw, ctypes.addressof(b) != ctypes.addressof(c), ctypes.alignment(ctypes.c_double)]

#% byte order
import ctypes
class Big(ctypes.BigEndianStructure):
    _fields_ = [("n", ctypes.c_uint16)]
[bytes(Big(0x0102)), ctypes.sizeof(ctypes.c_void_p), ctypes.sizeof(ctypes.c_long), ctypes.sizeof(ctypes.c_longdouble)]

#% too many arguments of C
import ctypes
libc = ctypes.CDLL(None)
[libc.abs(-5, 7, 8), libc.atoi(b"12", 5)]
