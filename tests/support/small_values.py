"""Let a guest make many small JavaScript values, in a process of its own: ``-m tests.support.small_values CODE``.

Prints the bytes that the process grew by until the isolate was ended; fails if it was not.
"""

from __future__ import annotations

import sys
from typing import Final

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions, IsolateState
from runtime_core.js.held_memory import process_bytes
from schemas.errors import LimitError
from tests.support import releases

_SMALL_PRELUDE: Final = """
import js

def zeros(count):
    return js.Array.new(count).fill(0)

def append(made):
    return js.Reflect.get(made, 'append').bind(made, 'a')

def then(promise, count):
    zeros(count).fill(js.Boolean).forEach(js.Reflect.get(promise, 'then').bind(promise))

def enqueue():
    from pyodide.ffi import create_proxy
    source, kept = js.Object.new(), []
    source.start = create_proxy(kept.append)
    kept.append(js.ReadableStream.new(source))
    return js.Reflect.get(kept[0], 'enqueue').bind(kept[0])
"""


def main(expression: str) -> int:
    """Returns the exit status."""
    limits = Limits(memory_bytes=128 << 20, cpu_seconds=60, host_bytes=8 << 20)
    runtime = releases.runtime()
    before = process_bytes()
    with Isolate(runtime, IsolateOptions(limits=limits, stdout=len, stderr=len)) as isolate:
        isolate.run(_SMALL_PRELUDE)
        try:
            isolate.run(f"kept = {expression}")
        except LimitError as error:
            if "values of the guest take too much memory" in str(error) and isolate.state is IsolateState.DEAD:
                print(process_bytes() - before)
                return 0
            raise
    print("the guest was not ended", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
