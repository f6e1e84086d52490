"""What Pyodide in node makes of cases: run there once, then kept on disk by the digest of everything that matters."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import queue
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from runtime_core.build.cache import default_cache_root
from runtime_core.build.tools import find_node
from tests.bench.node_package import unpack
from tests.conformance.ffi.cases import ROOT, Case
from tests.conformance.ffi.services import http_base, without_address

Record = dict[str, object]
CASE_SECONDS: Final = 20.0
_LOAD_SECONDS: Final = 120.0
_STACK_SWITCHING: Final = "--experimental-wasm-jspi"
_MAX_FRUITLESS: Final = 4  # processes in a row that a single case was enough for


@functools.cache
def _package() -> Path:
    return unpack(default_cache_root())


@functools.cache
def _common_digest() -> bytes:
    """What every result depends on: the package, node and the files of this directory that run there."""
    digest = hashlib.sha256(_package().name.encode())
    digest.update(subprocess.run([find_node().node, "--version"], check=True, capture_output=True).stdout)
    for name in ("run_cases.mjs", "fixtures.mjs", "describe_guest.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.digest()


def _cache_file(case: Case) -> Path:
    text = json.dumps([case.needs_stack_switching, case.python, case.javascript]).encode()
    digest = hashlib.sha256(_common_digest() + text).hexdigest()
    return default_cache_root() / "node-conformance" / f"{digest}.json"


def _read_cached(case: Case) -> Record | None:
    try:
        record: Record = json.loads(_cache_file(case).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return record


def _write_cached(case: Case, record: Record) -> None:
    path = _cache_file(case)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}")
    partial.write_text(json.dumps(record), encoding="utf-8")
    partial.replace(path)


def run_in_node(cases: Sequence[Case]) -> dict[str, Record]:
    """The records of cases by id. A case that hangs or breaks Pyodide has a record that says so.

    Raises:
        MissingToolError: there is no node on this machine.
        RuntimeError: node did not even load Pyodide; its error output is in the message.
    """
    records: dict[str, Record] = {}
    missing = []
    for case in cases:
        cached = _read_cached(case)
        if cached is None:
            missing.append(case)
        else:
            records[case.id] = cached
    for group in _groups(missing):
        left = group
        hopeless = 0
        while left:
            done = 0
            if hopeless > _MAX_FRUITLESS:
                before = group[len(group) - len(left) - 1]
                raise RuntimeError(f"node fails with case after case, at last {before.id}: {records[before.id]}")
            for case, record in zip(left, _run_process(left), strict=False):
                records[case.id] = record
                done += 1
                if "failure" not in record:
                    _write_cached(case, record)
            left = left[done:]
            hopeless = hopeless + 1 if done == 1 else 0
    return records


def _groups(cases: Sequence[Case]) -> list[list[Case]]:
    """Cases that may share a process."""
    groups: dict[tuple[bool, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.needs_stack_switching, http_base(case)), []).append(case)
    return list(groups.values())


def _run_process(cases: Sequence[Case]) -> Iterator[Record]:
    """Records in the order of ``cases``, until all are done or the process has to go; at least one."""
    base = http_base(cases[0])
    request = {
        "package": str(_package()),
        "describe": (ROOT / "describe_guest.py").read_text(encoding="utf-8"),
        "timeout": CASE_SECONDS / 2,
        "http": base,
        "cases": [{"id": case.id, "python": case.python, "javascript": case.javascript} for case in cases],
    }
    environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"} | {"TZ": "UTC"}
    flags = [_STACK_SWITCHING] if cases[0].needs_stack_switching else []
    command = [str(find_node().node), *flags, str(ROOT / "run_cases.mjs")]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment) as process:
        try:
            for record in _records(process, json.dumps(request).encode(), len(cases)):
                yield json.loads(without_address(json.dumps(record), base))
        finally:
            process.kill()


def _records(process: subprocess.Popen[bytes], request: bytes, count: int) -> Iterator[Record]:
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    lines = _drain(process.stdout)
    errors = _drain(process.stderr)
    process.stdin.write(request)
    process.stdin.close()
    for index in range(count):
        line = lines(CASE_SECONDS if index else _LOAD_SECONDS)
        if line:
            record: Record = json.loads(line)
            yield record
            if "failure" in record:
                return
        elif line is None and index:
            yield {"failure": "no result in time: the case never gave way"}
            return
        else:
            said = b"".join(iter(lambda: errors(1.0) or b"", b""))[-2000:].decode(errors="replace")
            if not index:
                raise RuntimeError(f"node ended or hung before the first case had a result: {said}")
            yield {"failure": f"node ended: {said}"}
            return


def _drain(stream: IO[bytes]) -> Callable[[float], bytes | None]:
    """Read lines in a thread; the function returned gives the next one, b"" at the end, None when it takes too long."""
    lines: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()

    def take(seconds: float) -> bytes | None:
        try:
            return lines.get(timeout=seconds)
        except queue.Empty:
            return None

    return take
