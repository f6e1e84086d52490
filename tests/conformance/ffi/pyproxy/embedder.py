#% type and text
class A:
    def __str__(self): return "an A"
A()
#%js
return [value.type, String(value), value.toString()];
#%host
result = [held.type_name, str(held), str(held)]
#% scalars as values
[1, 2.5, "a", True, None, 2**60]
#%js
return [value.get(0), value.get(1), value.get(2), value.get(3), value.get(4) === undefined, String(value.get(5)), value.length];
#%host
result = [held[0], held[1], held[2], held[3], held[4] is None, str(held[5]), len(held)]
#% attributes
class A:
    x = 5
    y = [1]
a = A()
a
#%js
value.z = "new";
const y = value.y;
return [value.x, y.get(0), value.missing === undefined, "x" in value, "missing" in value, value.z];
#%host
held.set_attribute("z", "new")
result = [held.get_attribute("x"), held.get_attribute("y")[0], held.get_attribute("missing", None) is None, held.has_attribute("x"), held.has_attribute("missing"), held.get_attribute("z")]
#% deleting an attribute
class A: pass
a = A()
a.x = 1
a
#%js
delete value.x;
return "x" in value;
#%host
held.delete_attribute("x")
result = held.has_attribute("x")
#% a missing attribute deleted
object()
#%js
delete value.x;
#%host
held.delete_attribute("x")
#% items of a dict
{"a": 1, "b": {"c": [2]}}
#%js
value.set("d", 4);
value.delete("a");
return [value.get("b").get("c").get(0), value.has("a"), value.has("d"), value.length, value.get("zz") === undefined, Array.from(value.keys())];
#%host
held["d"] = 4
del held["a"]
result = [held["b"]["c"][0], "a" in held, "d" in held, len(held), held.get("zz") is None, list(held)]
#% a missing key deleted
{}
#%js
value.delete("a");
#%host
del held["a"]
#% calls
lambda *args, **kwargs: [len(args), sorted(kwargs), args[0]]
#%js
return value.callKwargs("first", 2, {k: 1, j: 2}).toJs();
#%host
result = held("first", 2, k=1, j=2).to_python()
#% a call that raises
def fail(x): raise ValueError(f"not {x}")
fail
#%js
value("this");
#%host
held("this")
#% a call with wrong arguments
lambda a: a
#%js
value();
#%host
held()
#% a function of the outside as an argument
lambda f, *args: f(*args) + 1
#%js
return value((a, b) => a * b, 6, 7);
#%host
result = held(lambda a, b: a * b, 6, 7)
#% a function of the outside that raises
def call(f):
    try:
        f()
    except Exception as error:
        return [type(error).__name__, error.name, error.message]
call
#%js
return value(() => { throw new RangeError("too far"); }).toJs();
#%host
class RangeError(Exception): pass
def throw():
    raise RangeError("too far")
result = held(throw).to_python()
#% an object given back is the same one
target = [1]
(target, lambda x: x is target)
#%js
return value.get(1)(value.get(0));
#%host
result = held[1](held[0])
#% iteration
def generate():
    for n in range(3):
        yield [n]
generate
#%js
const seen = [];
for (const item of value()) seen.push(item.get(0));
return seen;
#%host
result = [item[0] for item in held()]
#% an error in the middle of an iteration
def generate():
    yield 1
    raise KeyError("middle")
generate
#%js
for (const item of value());
#%host
for item in held(): pass
#% iterating over a dict, a set and a range
[{"a": 1, "b": 2}, {7}, range(3)]
#%js
const seen = [];
for (const each of value) seen.push([...each]);
return seen;
#%host
result = [list(each) for each in held]
#% async iteration
import asyncio
async def steps():
    for n in range(3):
        await asyncio.sleep(0)
        yield n
steps
#%js
const seen = [];
for await (const item of value()) seen.push(item);
return seen;
#%host
result = [item async for item in held()]
#% an error in the middle of an async iteration
async def steps():
    yield 1
    raise KeyError("async middle")
steps
#%js
for await (const item of value());
#%host
async for item in held(): pass
#% awaiting
import asyncio
async def work(x):
    await asyncio.sleep(0.001)
    return [x]
work
#%js
return (await value(5)).toJs();
#%host
result = (await held(5)).to_python()
#% awaiting an error
async def work(): raise ValueError("awaited")
work
#%js
await value();
#%host
await held()
#% awaiting twice
import asyncio
async def work(): return 3
work
#%js
const coroutine = value();
return [await coroutine, await coroutine];
#%host
coroutine = held()
result = [await coroutine, await coroutine]
#% copies
[1, [2, [3]], {"a": {"b": 4.5}}, "x"]
#%js
const plain = value.toJs({dict_converter: Object.fromEntries});
return plain;
#%host
result = held.to_python()
#% a shallow copy
class A: pass
[1, [2], A()]
#%js
return value.toJs({depth: 1}).map((each) => typeof each === "number" ? each : each.type);
#%host
result = [each if isinstance(each, int) else each.type_name for each in held.to_python(depth=1, keep=True)]
#% JSON
{"a": [1, None, True, {"b": "c"}]}
#%js
return JSON.parse(JSON.stringify(value.asJsJson()));
#%host
import json
result = json.loads(held.to_json())
#% using what was given back
[1]
#%js
value.destroy();
try { value.get(0); } catch (error) { return error.message.includes("destroyed"); }
#%host
held.close()
try:
    held[0]
except Exception as error:
    result = "closed" in str(error)
#% a copy lives on
[1]
#%js
const other = value.copy();
value.destroy();
return other.get(0);
#%host
other = held.copy()
held.close()
result = other[0]
#% the buffer of bytes
b"abcd"
#%js
const view = value.getBuffer();
const seen = [view.format, view.itemsize, view.nbytes, view.ndim, view.readonly, view.shape, view.strides, view.c_contiguous, Array.from(view.data)];
view.release();
return seen;
#%host
with held.get_buffer() as view:
    result = [view.format, view.itemsize, view.nbytes, view.ndim, int(view.readonly), list(view.shape), list(view.strides), int(view.c_contiguous), list(view.tobytes())]
#% writing to the buffer of an array
import array
a = array.array("h", [1, 2, 3])
(a, lambda: a.tolist())
#%js
const view = value.get(0).getBuffer();
view.data[1] = -5;
view.release();
return value.get(1)().toJs();
#%host
with held[0].get_buffer() as view:
    view.write((-5).to_bytes(2, "little", signed=True), 2)
result = held[1]().to_python()
#% a buffer locks its object
(a := bytearray(b"ab"), lambda: a.append(1))
#%js
const view = value.get(0).getBuffer();
try { value.get(1)(); } finally { view.release(); }
#%host
with held[0].get_buffer() as view:
    held[1]()
#% globals
x = 1
#%js
pyodide.globals.set("fromOutside", [1, 2]);
const found = pyodide.runPython("len(fromOutside), type(fromOutside).__name__");
return found.get(0);
#%host
isolate.set("fromOutside", [1, 2])
result = isolate.evaluate("len(fromOutside), type(fromOutside).__name__", keep=True)[0]
#% importing a module
1
#%js
return pyodide.pyimport("math").sqrt(16);
#%host
result = isolate.import_module("math").call_method("sqrt", 16)
#% truth, equality and identity of the guest
[[], [0], [], "same"]
#%js
const bool = pyodide.globals.get("__builtins__").bool ?? pyodide.runPython("bool");
const eq = pyodide.runPython("import operator; operator.eq");
return [bool(value.get(0)), bool(value.get(1)), eq(value.get(0), value.get(2)), value.get(0) === value.get(2)];
#%host
result = [bool(held[0]), bool(held[1]), held[0].equals(held[2]), held[0] == held[2]]
#% dir
class A:
    x = 1
    def m(self): pass
A()
#%js
return Object.getOwnPropertyNames(value).filter((name) => !name.startsWith("_"));
#%host
result = [name for name in held.attribute_names() if not name.startswith("_")]
