"""Real native wheels, loaded with dlopen and really used, error paths included."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime_core.emscripten.mounts import Mount
from runtime_core.linking.library import LibraryLoader
from runtime_core.runtime import process_engine
from tests.support import releases, wheels
from tests.support.ffi_guest import FfiGuest

pytestmark = pytest.mark.boot

USES = {
    "pydantic_core": (
        """
from pydantic_core import SchemaValidator, ValidationError, core_schema
field = core_schema.typed_dict_field(core_schema.int_schema())
validator = SchemaValidator(core_schema.typed_dict_schema({"a": field}))
try:
    validator.validate_python({"a": "x"})
except ValidationError as error:
    failure = [error.error_count(), error.errors()[0]["type"], str(error).splitlines()[0]]
[validator.validate_python({"a": "12"}), validator.validate_json('{"a": 3}'), failure]
""",
        [{"a": 12}, {"a": 3}, [1, "int_parsing", "1 validation error for typed-dict"]],
    ),
    "jiter": (
        """
import jiter
try:
    jiter.from_json(b"[1, 2,, 3]")
except ValueError as error:
    failure = str(error)
[jiter.from_json(b'[1, 2.5, {"a": null}]'), jiter.from_json(b"[1,2", partial_mode=True), failure]
""",
        [[1, 2.5, {"a": None}], [1, 2], "expected value at line 1 column 7"],
    ),
    "msgpack": (
        """
import msgpack, msgpack._cmsgpack
try:
    msgpack.unpackb(b"\\xc1")
except Exception as error:
    failure = type(error).__name__
data = {"a": [1, 2.5, None, b"x"], "t": 2**60}
[msgpack.unpackb(msgpack.packb(data)) == data, msgpack.Packer.__module__, failure]
""",
        [True, "msgpack._cmsgpack", "FormatError"],
    ),
    "charset_normalizer": (
        """
import charset_normalizer, charset_normalizer.cd, charset_normalizer.md
best = charset_normalizer.from_bytes("Всеки човек има право на образование.".encode("cp1251")).best()
[best.encoding, str(best)[:5], charset_normalizer.md.__file__.endswith(".so")]
""",
        ["cp1251", "Всеки", True],
    ),
    "luau_wasm": (
        """
import luau_wasm
failures = []
for source in ("error('boom')", "local t = {} return t.x.y", "syntax error here"):
    try:
        luau_wasm.run(source)
    except luau_wasm.LuauError as error:
        failures.append(str(error).splitlines()[0])
[luau_wasm.run("return pcall(function() error('in') end)"), failures]
""",
        [
            "false\tstdin:1: in\n",
            [
                "stdin:1: boom",
                "stdin:1: attempt to index nil with 'y'",
                "stdin:1: Incomplete statement: expected assignment or a function call",
            ],
        ],
    ),
}


@pytest.fixture(name="loader", scope="module")
def make_loader() -> LibraryLoader:
    releases.runtime()
    return wheels.library_loader(process_engine(), releases.built_directory().parent / "test-libraries")


@pytest.fixture(name="guest")
def make_guest(loader: LibraryLoader) -> Iterator[FfiGuest]:
    guest = FfiGuest()
    guest.guest.use_libraries(loader)
    files = guest.guest.emscripten.fs
    guest.run("import os, sys; os.mkdir('/packages'); sys.path.append('/packages/site')")
    files.mount("/packages/site", Mount(name="site", source=wheels.site_packages()))
    yield guest
    guest.close()


@pytest.mark.parametrize("name", USES)
def test_use(guest: FfiGuest, name: str) -> None:
    source, expected = USES[name]
    assert guest.run(source) == expected


def test_all_together(guest: FfiGuest) -> None:
    for source, expected in USES.values():
        assert guest.run(source) == expected


def test_a_library_that_cannot_be_loaded_is_an_import_error(guest: FfiGuest, tmp_path: Path) -> None:
    del tmp_path
    source = """
import sys
name = "broken.cpython-314-wasm32-emscripten.so"
with open("/tmp/" + name, "wb") as file:
    file.write(b"\\x7fELF")
sys.path.append("/tmp")
try:
    import broken
except ImportError as error:
    message = str(error)
message
"""
    message = guest.run(source)
    assert isinstance(message, str)
    assert "read-only file systems only" in message
    assert guest.run("1 + 1") == 2
