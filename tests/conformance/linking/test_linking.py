"""``dlopen`` and its like do here what they do in Pyodide under node, but for what is listed."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from runtime_core.build.cache import default_cache_root
from runtime_core.build.tools import find_node
from runtime_core.emscripten.mounts import Mount, MountTree
from runtime_core.engine.codecache import CodeCache
from runtime_core.linking.library import LibraryLoader
from runtime_core.runtime import process_engine
from tests.bench.node_package import unpack
from tests.conformance.linking.libraries import CASES, DIRECTORY, LIBRARIES, PRELUDE
from tests.support import releases
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

_SECONDS: Final = 120.0
_RUN: Final = """
import ast, json
_names = dict(globals())
def _run(source):
    *statements, last = ast.parse(source).body
    exec(compile(ast.Module(statements, []), "<case>", "exec"), _names)
    return json.dumps(eval(compile(ast.Expression(last.value), "<case>", "eval"), _names))
_run
"""

DIFFERENCES: Final[dict[str, object]] = {
    # Emscripten binds functions at their first call, which ends the guest where nobody has them.
    "local is not seen": ["OSError"],
    "undefined function": ["OSError"],
    # Emscripten has one table of addresses for all libraries, where what was null once stays null.
    "optional, defined before": [20, True, True],
    # What only the host has is for libraries, not for ctypes.
    "functions of the host": ["OSError"],
    # Emscripten's handle of a name without a directory has no symbols.
    "relative path": 11,
    "relative name": 11,
}
"""What a case gives here instead, by its name; each is explained in docs/reference/differences.md."""


@pytest.fixture(name="expected", scope="module")
def run_in_node() -> dict[str, object]:
    request = {
        "package": str(unpack(default_cache_root())),
        "directory": DIRECTORY,
        "libraries": {path: base64.b64encode(data).decode() for path, data in LIBRARIES.items()},
        "prelude": PRELUDE + _RUN,
        "cases": list(CASES.items()),
    }
    command = [str(find_node().node), str(Path(__file__).with_name("run_cases.mjs"))]
    done = subprocess.run(
        command, input=json.dumps(request), capture_output=True, text=True, timeout=_SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    results: dict[str, object] = json.loads(done.stdout)
    return results


@pytest.fixture(name="found", scope="module")
def run_here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, object]]:
    releases.runtime()
    engine = process_engine()
    directory = tmp_path_factory.mktemp("code")
    directory.chmod(0o700)
    cache = CodeCache(directory)
    guest = FfiGuest()
    guest.guest.use_libraries(
        LibraryLoader(translate=lambda library: library, load=lambda wasm: engine.load(wasm, cache))
    )
    guest.guest.emscripten.fs.mount(DIRECTORY, Mount(name="libs", source=_tree()))
    guest.run(PRELUDE + _RUN)
    yield {name: json.loads(str(guest.run(f"_run({source!r})"))) for name, source in CASES.items()}
    guest.close()


def _tree() -> MountTree:
    tree: dict[str, object] = {}
    for path, data in LIBRARIES.items():
        *directories, leaf = path.split("/")
        place = tree
        for name in directories:
            place = place.setdefault(name, {})  # type: ignore[assignment]  # directories are dicts
        place[leaf] = data
    return tree  # type: ignore[return-value]  # built as such a tree


@pytest.mark.parametrize("name", CASES)
def test_case(expected: dict[str, object], found: dict[str, object], name: str) -> None:
    if name in DIFFERENCES:
        assert found[name] == DIFFERENCES[name]
        assert found[name] != expected[name], "no difference any more: remove the entry"
    else:
        assert found[name] == expected[name]


def test_every_difference_is_a_case() -> None:
    assert set(DIFFERENCES) <= set(CASES)
