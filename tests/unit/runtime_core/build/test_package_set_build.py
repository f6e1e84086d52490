"""Package sets built from archives in a directory: what comes out, and that nothing does where something is wrong."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from runtime_core.build import package_set
from runtime_core.build.cache import BuildCache
from runtime_core.build.package_set import build_package_set, select_packages, translate_bundle
from runtime_core.build.progress import Timeline
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.wasm.abi import ABI_314_0_5
from schemas.digest import Digest
from schemas.errors import (
    ArtifactError,
    ConfigError,
    DigestMismatchError,
    FormatError,
    HostError,
    MissingToolError,
    PlatformError,
)
from schemas.package_lock import LockedPackage, PackageLockFile
from schemas.python_packages import InstallDir, decode_packages
from tests.support.made_wheels import make_wheel
from tests.support.side_modules import side_module

SITE, DYNLIB, STDLIB = InstallDir.SITE, InstallDir.DYNLIB, InstallDir.STDLIB


def tar(files: Mapping[str, bytes], *, kind: bytes = tarfile.REGTYPE) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(data)
            archive.addfile(info, io.BytesIO(data))
    return gzip.compress(buffer.getvalue())


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


class Store:
    """A directory of archives, and the lock that fits them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "archives"
        self.directory.mkdir()
        self.cache = BuildCache(directory / "cache")
        self.packages: list[LockedPackage] = []

    def add(
        self,
        name: str,
        data: bytes,
        *,
        suffix: str = "-1.0-py3-none-any.whl",
        tree: InstallDir = SITE,
        depends: tuple[str, ...] = (),
        digest: Digest | None = None,
    ) -> None:
        (self.directory / f"{name}{suffix}").write_bytes(data)
        package = LockedPackage(
            name=name,
            version="1.0",
            file_name=f"{name}{suffix}",
            digest=digest or Digest.of(data),
            install_dir=tree,
            depends=depends,
        )
        self.packages.append(package)

    @property
    def lock(self) -> PackageLockFile:
        return PackageLockFile(
            python="3.14.2", abi="2026_0", platform="emscripten_5_0_3", packages=tuple(self.packages)
        )

    def build(self, timeline: Timeline | None = None) -> dict[tuple[InstallDir, str], bytes]:
        built = build_package_set(
            self.cache, self.lock, profile=ABI_314_0_5, archives=self.directory, timeline=timeline
        )
        files = decode_packages(built.file.path.read_bytes())
        return {(file.install_dir, file.path): bytes(file.contents) for file in files}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_all_kinds_of_archives_in_the_order_of_the_lock(store: Store) -> None:
    store.add("z", make_wheel({"pkg/z.py": b"z"}, project="z"))
    store.add("b", tar({"./pkg/b.py": b"b"}), suffix=".tar.gz", tree=STDLIB)
    store.add("c", zipped({"libc.txt": b"c"}), suffix="-1.zip", tree=DYNLIB)
    files = store.build()
    own = {key: data for key, data in files.items() if ".dist-info" not in key[1]}
    assert own == {(SITE, "pkg/z.py"): b"z", (STDLIB, "pkg/b.py"): b"b", (DYNLIB, "libc.txt"): b"c"}
    assert next(iter(files)) == (SITE, "pkg/z.py")


def test_everything_is_cached_by_digest(store: Store, tmp_path: Path) -> None:
    store.add("a", make_wheel({"a.py": b"1"}, project="a"))
    first = store.build()
    for path in store.directory.iterdir():
        path.unlink()
    timeline = Timeline(stream=io.StringIO())
    assert store.build(timeline) == first
    assert timeline.records == ()
    # Another set with the same file: the file comes from the cache.
    (tmp_path / "other").mkdir()
    other = Store(tmp_path / "other")
    other.cache = store.cache
    other.packages = list(store.packages)
    other.add("b", make_wheel({"b.py": b"2"}, project="b"))
    assert (SITE, "a.py") in other.build()


def test_progress_names_each_step(store: Store) -> None:
    store.add("a", make_wheel({"a.py": b"1"}, project="a"))
    timeline = Timeline(stream=io.StringIO())
    store.build(timeline)
    assert [record.name for record in timeline.records] == ["download the packages", "unpack the packages"]
    assert timeline.records[1].detail == "4 files"


WHEEL = "-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("data", "suffix", "kind", "reason"),
    [
        (b"no wheel", WHEEL, FormatError, "not a readable wheel"),
        (make_wheel({"../x": b""}, project="bad"), WHEEL, FormatError, "plain path"),
        (make_wheel({"x": b"/etc"}, project="bad", modes={"x": 0o120777}), WHEEL, FormatError, "no plain file"),
        (make_wheel({"x": b"1"}, project="bad", record={"x": "sha256=AA,1"}), WHEEL, DigestMismatchError, "RECORD"),
        (make_wheel({}, project="other"), WHEEL, FormatError, "another project or version"),
        (make_wheel({}, project="bad", version="2.0"), WHEEL, FormatError, "another project or version"),
        (make_wheel({"x.so": b"\x7fELF"}, project="bad"), WHEEL, FormatError, "x.so is not a library"),
        (make_wheel({"x.so": b"\0asm\1\0\0\0"}, project="bad"), WHEEL, FormatError, "x.so is not a library"),
        (make_wheel({"good.py": b""}, project="bad"), WHEEL, FormatError, "good.py is written by several packages"),
        (make_wheel({"good.py/x": b""}, project="bad"), WHEEL, FormatError, "good.py conflicts with a file"),
        (make_wheel({"pkg": b""}, project="bad"), WHEEL, FormatError, "pkg conflicts with a folder"),
        (tar({"x": b""}, kind=tarfile.SYMTYPE), ".tar", FormatError, "no plain file"),
        (tar({"../x": b""}), ".tar.gz", FormatError, "plain path"),
        (b"", ".tar", FormatError, "cut off"),
        (zipped({"/x": b""}), ".zip", FormatError, "plain path"),
        (b"x", ".conda", FormatError, "not a kind of package file"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_kept(
    store: Store, data: bytes, suffix: str, kind: type[PlatformError], reason: str
) -> None:
    store.add("good", make_wheel({"good.py": b"", "pkg/x.py": b""}, project="good"))
    store.add("bad", data, suffix=suffix)
    with pytest.raises(kind, match=reason) as caught:
        store.build()
    if "conflict" not in reason and "several" not in reason and "library" not in reason:
        assert "bad" in str(caught.value)
    entries = [path.name for path in (store.cache.root / "entries").iterdir()]
    assert not [name for name in entries if name.startswith("package-set")]
    assert not list((store.cache.root / "tmp").iterdir())


def test_a_file_with_another_hash_leaves_nothing(store: Store) -> None:
    store.add("a", make_wheel({"a.py": b""}, project="a"), digest=Digest("0" * 64))
    with pytest.raises(DigestMismatchError, match=r"a-1\.0.* is not the locked file"):
        store.build()
    assert not list((store.cache.root / "entries").glob("package-*"))


def test_an_archive_that_is_nowhere(store: Store) -> None:
    store.add("a", zipped({"a": b""}), suffix=".zip")
    (store.directory / "a.zip").unlink()
    with pytest.raises(ArtifactError, match=r"a\.zip is not on the package index nor in "):
        store.build()


def test_a_lock_is_narrowed_to_what_packages_need(store: Store) -> None:
    store.add("a", b"", depends=("B",))
    store.add("b", b"", depends=("c",))
    store.add("c", b"", depends=("a",))
    store.add("d", b"")
    assert [package.name for package in select_packages(store.lock, ["A"]).packages] == ["a", "b", "c"]
    assert [package.name for package in select_packages(store.lock, ["d"]).packages] == ["d"]
    assert select_packages(store.lock, []) == store.lock
    with pytest.raises(ConfigError, match="no package gone"):
        select_packages(store.lock, ["gone"])
    store.add("e", b"", depends=("gone",))
    with pytest.raises(ArtifactError, match="gone"):
        select_packages(store.lock, ["e"])


def test_a_workers_library_that_is_none(tmp_path: Path) -> None:
    bundle = WorkerBundle(main="w.py", files={"w.py": b"", "python_modules/x.so": b"\x7fELF"})
    with pytest.raises(FormatError, match=r"python_modules/x\.so is not a library for this runtime"):
        translate_bundle(BuildCache(tmp_path), bundle)
    plain = WorkerBundle(main="w.py", files={"w.py": b""})
    assert translate_bundle(BuildCache(tmp_path), plain) is plain


def test_packages_are_bounded_together_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package_set, "MAX_UNPACKED", 100_000)
    for name in ("a", "b", "c"):
        store.add(name, make_wheel({f"{name}.txt": bytes(40_000)}, project=name))
    with pytest.raises(FormatError, match="packages up to c unpack to more than is allowed"):
        store.build()
    assert not list(store.cache.root.glob("entries/package-set*"))


@pytest.mark.parametrize(
    ("failure", "kind", "reason"),
    [
        (FormatError("malformed code", found="popping"), FormatError, "bad/x.so is not a library .* malformed code"),
        (HostError("the tool crashed"), HostError, "bad/x.so: the tool crashed"),
        (MissingToolError("there is no node"), MissingToolError, "^there is no node"),
    ],
)
def test_a_library_that_cannot_be_translated_is_named(
    store: Store, monkeypatch: pytest.MonkeyPatch, failure: PlatformError, kind: type[PlatformError], reason: str
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(package_set, "library_translation", fail)
    store.add("bad", make_wheel({"bad/x.so": side_module("(module)")}, project="bad"))
    with pytest.raises(kind, match=reason):
        store.build()
    assert not list(store.cache.root.glob("entries/package-set*"))
