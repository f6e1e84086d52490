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
from tests.support.wheels import USES

pytestmark = pytest.mark.boot


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
