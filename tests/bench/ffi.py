"""The interface between Python and JavaScript: calls, attributes and copies of containers, beside Pyodide in node.

Both run the same script inside the guest (ffi_guest.py), by turns, so that a busy machine disturbs both alike.
"""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from runtime_core.build.tools import find_node
from runtime_core.isolate import Isolate, IsolateOptions
from tests.bench.harness import Figure, timed
from tests.bench.node_package import unpack
from tests.support.releases import built_directory, runtime

HERE: Final = Path(__file__).resolve().parent
TURNS: Final = 3
CALLS: Final = 2000
COUNT: Final = 10_000
KINDS: Final = ("ints", "floats", "strings", "records")
_CALLS: Final = {
    "host_call_us": "guest calls a host function, add(2, 3)",
    "attribute_get_us": "guest reads an attribute of a host object",
    "guest_call_us": "host calls a guest function that it holds",
}
_COPIES: Final = {"to_js": "to_js(value)", "to_py": "proxy.to_py()"}

Samples = dict[str, list[float]]


def figures() -> Iterator[Figure]:
    """All figures of this module."""
    script = (HERE / "ffi_guest.py").read_text(encoding="utf-8")
    package = unpack(built_directory().parent)
    ours: Samples = {}
    node: Samples = {}
    for _ in range(TURNS):
        _gather(ours, _measure_here(script))
        _gather(node, _measure_node(package))
    for name, what in _CALLS.items():
        yield _figure(f"ffi_{name}", ours[name], what)
        yield _figure(f"peer_node_ffi_{name}", node[name], f"peer: {what}, Pyodide under node")
    for direction, what in _COPIES.items():
        ratios = []
        for prefix, samples in (("ffi", ours), ("peer_node_ffi", node)):
            for kind in KINDS:
                name = f"{direction}_10k_{kind}_ms"
                yield _figure(f"{prefix}_{name}", samples[name], f"{what} of 10,000 {kind}")
            whole = [
                sum(parts) for parts in zip(*(samples[f"{direction}_10k_{kind}_ms"] for kind in KINDS), strict=True)
            ]
            yield _figure(f"{prefix}_{direction}_10k_ms", whole, f"{what} of the four structures of 10,000 in turn")
        for kind in KINDS:
            name = f"{direction}_10k_{kind}_ms"
            ratios.append(statistics.median(ours[name]) / statistics.median(node[name]))
        yield Figure(
            name=f"ffi_{direction}_10k_ratio_node",
            unit="times",
            samples=(max(ratios),),
            what=f"{what}: the worst of {', '.join(KINDS)} against node: "
            + ", ".join(f"{ratio:.2f}" for ratio in ratios),
        )


def _figure(name: str, samples: list[float], what: str) -> Figure:
    return Figure(name=name, unit=name.rpartition("_")[2], samples=tuple(samples), what=what)


def _gather(into: Samples, found: Mapping[str, list[float]]) -> None:
    for name, samples in found.items():
        into.setdefault(name, []).extend(samples)


def _measure_here(script: str) -> Samples:
    numbers = range(COUNT)
    module: dict[str, object] = {
        "add": lambda left, right: left + right,
        "thing": {"x": 1},
        "ints": list(numbers),
        "floats": [number + 0.5 for number in numbers],
        "strings": [f"item {number}" for number in numbers],
        "records": [{"id": number, "name": f"n{number}", "score": number / 2 + 0.25} for number in numbers],
    }
    with Isolate(runtime(), IsolateOptions(modules={"bench_host": module})) as isolate:
        isolate.run(script)
        samples: Samples = json.loads(isolate.call("measure"))
        increment = isolate.get("increment")

        def call() -> None:
            for _ in range(CALLS):
                increment(1)

        samples["guest_call_us"] = [sample / CALLS * 1e3 for sample in timed(call, repeat=5)]
    return samples


def _measure_node(package: Path) -> Samples:
    command = [str(find_node().node), str(HERE / "peer_node_ffi.mjs"), str(package), str(HERE / "ffi_guest.py")]
    samples: Samples = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return samples
