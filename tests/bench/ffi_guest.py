"""Run inside the guest, the same under this runtime and under node: the cost of crossing between the languages.

``bench_host`` is a module of the host: ``add``, ``thing`` with an attribute ``x``, and the structures ``ints``,
``floats``, ``strings`` and ``records`` as arrays of JavaScript.
"""

import json
import time

import bench_host
from bench_host import add, thing
from pyodide.ffi import to_js

CALLS = 2000
ROUNDS = 5
COUNT = 10_000
STRUCTURES = {
    "ints": list(range(COUNT)),
    "floats": [number + 0.5 for number in range(COUNT)],
    "strings": [f"item {number}" for number in range(COUNT)],
    "records": [{"id": number, "name": f"n{number}", "score": number / 2 + 0.25} for number in range(COUNT)],
}


def increment(number):
    return number + 1


def rounds(action, repeat, unit):
    """The mean time of ``repeat`` calls, per round."""
    samples = []
    action()
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeat):
            action()
        samples.append((time.perf_counter() - start) / repeat * unit)
    return samples


def call():
    for _ in range(CALLS):
        add(2, 3)


def attribute():
    for _ in range(CALLS):
        _ = thing.x


def measure():
    """All samples by name, as JSON."""
    found = {
        "host_call_us": rounds(call, 1, 1e6 / CALLS),
        "attribute_get_us": rounds(attribute, 1, 1e6 / CALLS),
    }
    for name, value in STRUCTURES.items():
        source = getattr(bench_host, name)
        repeat = 1 if name == "records" else 5
        found[f"to_js_10k_{name}_ms"] = rounds(lambda value=value: to_js(value), repeat, 1e3)
        found[f"to_py_10k_{name}_ms"] = rounds(lambda source=source: source.to_py(), repeat, 1e3)
    return json.dumps(found)
