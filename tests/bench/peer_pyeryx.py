"""Run by a Python that has pyeryx: print milliseconds of sandbox + first execution, one JSON list."""

import json
import sys
import time

import eryx


def main(repeat: int) -> None:
    samples = []
    for index in range(repeat + 1):
        start = time.perf_counter()
        eryx.Sandbox().execute("print(1 + 1)")
        if index:  # the first one loads the runtime
            samples.append((time.perf_counter() - start) * 1e3)
    print(json.dumps(samples))


if __name__ == "__main__":
    main(int(sys.argv[1]))
