"""The real Pyodide, fetched and translated. Uses the shared build cache, so that only the first run downloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.build.cache import BuildCache, default_cache_root
from runtime_core.build.npm import fetch_package
from runtime_core.build.pins import BINARYEN, DEFAULT_VERSION, PackagePin
from runtime_core.build.translate import translate_exceptions
from runtime_core.build.upstream import obtain_upstream, upstream_pin
from schemas.errors import ArtifactError


@pytest.fixture(scope="module")
def cache() -> BuildCache:
    return BuildCache(default_cache_root())


def test_pyodide_is_obtained_and_translated(cache: BuildCache) -> None:
    pin = upstream_pin(DEFAULT_VERSION)
    upstream = obtain_upstream(cache, DEFAULT_VERSION)
    assert upstream.main_module.path.read_bytes().startswith(b"\0asm\x01\0\0\0")
    assert upstream.stdlib.path.read_bytes().startswith(b"PK")
    translation = translate_exceptions(cache, upstream.main_module, expected=pin.translated)
    assert translation.module.size == pin.translated.size
    assert translate_exceptions(cache, upstream.main_module, expected=pin.translated).cached


def test_a_directory_serves_as_well_as_the_registry(cache: BuildCache, tmp_path: Path) -> None:
    upstream = obtain_upstream(cache, DEFAULT_VERSION)
    local = obtain_upstream(BuildCache(tmp_path), DEFAULT_VERSION, source=upstream.main_module.path.parent)
    assert local.main_module.digest == upstream.main_module.digest


def test_a_version_that_was_never_published_is_refused_by_the_registry(tmp_path: Path) -> None:
    pin = PackagePin(
        name=BINARYEN.name, version="0.0.0-never", integrity=BINARYEN.integrity, digest=BINARYEN.digest, members={}
    )
    with pytest.raises(ArtifactError, match="registry configuration"):
        fetch_package(BuildCache(tmp_path), pin)
