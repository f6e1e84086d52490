"""Damaged archives, locks and messages of packages: an error by name, or something that was meant to be read."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime_core.packages.archives import tar_files, zip_files
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.packages.overlay import build_trees
from runtime_core.packages.wheels import read_wheel
from runtime_core.worker.packages import package_mounts, worker_mount
from schemas.digest import Digest
from schemas.errors import PlatformError
from schemas.package_lock import LockedPackage, PackageLockFile, decode_lock, encode_lock
from schemas.python_packages import InstallDir, PackageFile, encode_packages
from tests.support.made_wheels import make_wheel

SITE = InstallDir.SITE


def _tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, mtime in (("a.py", 1.5), ("pkg/" + "b" * 40, 0.0)):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = 3, mtime
            archive.addfile(info, io.BytesIO(b"abc"))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.py", b"abc" * 20)
        archive.writestr("pkg/b.so", b"y")
    return buffer.getvalue()


def _message(tree: InstallDir) -> bytes:
    files = [("worker.py", b"x"), ("python_modules/a/b.py", b"yy"), ("python_modules/c.so", b"z" * 9)]
    return encode_packages(PackageFile(install_dir=tree, path=path, contents=data) for path, data in files)


def _lock() -> bytes:
    package = LockedPackage(
        name="a", version="1.0", file_name="a-1.0-py3-none-any.whl", digest=Digest("0" * 64), depends=("a",)
    )
    return encode_lock(PackageLockFile(python="3.14.2", abi="2026_0", platform="emscripten_5_0_3", packages=(package,)))


def _site_mounts(data: bytes) -> None:
    package_mounts(memoryview(data))


def _worker_mount(data: bytes) -> None:
    worker_mount(WorkerBundle.decode(data), time_ms=0)


READERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "wheel": (make_wheel({"a.py": b"x" * 30, "b/c.py": b"y"}), lambda data: build_trees(read_wheel(data).files)),
    "zip": (_zip(), lambda data: build_trees(zip_files(data, install_dir=SITE))),
    "tar": (_tar(), lambda data: build_trees(tar_files(data, install_dir=SITE))),
    "compressed tar": (gzip.compress(_tar(), mtime=0), lambda data: build_trees(tar_files(data, install_dir=SITE))),
    "package set": (_message(SITE), _site_mounts),
    "worker bundle": (_message(InstallDir.METADATA), _worker_mount),
    "lock": (_lock(), decode_lock),
}

CHANGES = st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6)


@pytest.mark.parametrize("kind", READERS)
@settings(max_examples=120)
@given(changes=CHANGES, cut=st.none() | st.integers(0, 1 << 16))
def test_damage_is_an_error_by_name(kind: str, changes: list[tuple[int, bytes]], cut: int | None) -> None:
    whole, read = READERS[kind]
    data = bytearray(whole)
    for place, new in changes:
        at = place % len(data)
        data[at : at + len(new)] = new[: len(data) - at]
    with suppress(PlatformError):
        read(bytes(data if cut is None else data[: cut % (len(data) + 1)]))


@pytest.mark.parametrize("kind", READERS)
@given(data=st.binary(max_size=2000))
def test_anything_at_all(kind: str, data: bytes) -> None:
    _, read = READERS[kind]
    with suppress(PlatformError):
        read(data)


@given(
    paths=st.lists(
        st.lists(
            st.sampled_from(["a", "b", "worker.py", "python_modules", "..", ".", "", "x\0", "\udcff", "ä"]),
            min_size=1,
            max_size=3,
        ).map("/".join),
        max_size=6,
        unique=True,
    )
)
def test_bundles_that_are_accepted_come_back_and_mount(paths: list[str]) -> None:
    with suppress(PlatformError):
        bundle = WorkerBundle(
            main="worker.py", files={"worker.py": b"", **{path: path.encode("utf-8", "replace") for path in paths}}
        )
        again = WorkerBundle.decode(bundle.encode())
        assert again == bundle
        assert again.encode() == bundle.encode()
        assert worker_mount(again, time_ms=0).node_count() >= len(bundle.files) + 1
