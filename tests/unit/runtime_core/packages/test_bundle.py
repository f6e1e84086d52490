"""Worker bundles."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime_core.packages.bundle import WorkerBundle
from schemas.errors import ConfigError, FormatError
from schemas.python_packages import InstallDir, PackageFile, encode_packages


def message(*files: tuple[str, bytes], install_dir: InstallDir = InstallDir.METADATA) -> bytes:
    return encode_packages(PackageFile(install_dir=install_dir, path=path, contents=data) for path, data in files)


def test_a_bundle_travels_as_a_message_with_the_main_module_first() -> None:
    bundle = WorkerBundle(main="worker.py", files={"a.py": b"a", "worker.py": b"w", "lib/b.so": b"\0asm"})
    data = bundle.encode()
    read = WorkerBundle.decode(data)
    assert read == WorkerBundle(main="worker.py", files={"worker.py": b"w", "a.py": b"a", "lib/b.so": b"\0asm"})
    assert list(read.files) == ["worker.py", "a.py", "lib/b.so"]
    assert (read.module, read.libraries) == ("worker", ("lib/b.so",))
    assert isinstance(read.files["a.py"], memoryview)
    other_order = WorkerBundle(main="worker.py", files={"lib/b.so": b"\0asm", "worker.py": b"w", "a.py": b"a"})
    assert other_order.encode() == data == read.encode()


def test_the_tree_holds_the_contents_themselves() -> None:
    data = memoryview(b"shared")
    tree = WorkerBundle(main="w.py", files={"w.py": b"", "d/e/f": data, "d/g": b""}).tree()
    assert tree == {"w.py": b"", "d": {"e": {"f": data}, "g": b""}}
    place: object = tree
    for name in ("d", "e", "f"):
        assert isinstance(place, dict)
        place = place[name]
    assert place is data


@pytest.mark.parametrize(
    ("main", "paths", "reason"),
    [
        ("worker.py", ["other.py"], "no main module"),
        ("worker", ["worker"], "not the name of a worker's main module"),
        (".py", [".py"], "not the name"),
        ("a/worker.py", ["a/worker.py"], "not the name"),
        ("a.b.py", ["a.b.py"], "not the name"),
        ("worker.py", ["worker.py", "python_modules/worker.py"], "python_modules/worker.py clashes with main module"),
        ("worker.py", ["worker.py", "python_modules/worker.pyc"], "clashes with main module"),
        ("worker.py", ["worker.py", "python_modules/worker/__init__.py"], "clashes with main module"),
        ("worker.py", ["worker.py", "python_modules/worker.so"], "clashes with main module"),
        ("worker.py", ["worker.py", "a", "a/b"], "file and a directory"),
        ("worker.py", ["worker.py", "a/b", "a"], "file and a directory"),
        ("worker.py", ["worker.py", "a/b/c", "a/b"], "file and a directory"),
        ("worker.py", ["worker.py", "worker.py/x"], "file and a directory"),
        ("worker.py", ["worker.py", "../x"], "plain path"),
        ("worker.py", ["worker.py", "/x"], "plain path"),
        ("worker.py", ["worker.py", "a//b"], "plain path"),
        ("worker.py", ["worker.py", "a\\b"], "plain path"),
        ("worker.py", ["worker.py", ""], "plain path"),
    ],
)
def test_bundles_that_are_none(main: str, paths: list[str], reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        WorkerBundle(main=main, files=dict.fromkeys(paths, b""))


def test_vendored_names_beside_that_of_the_main_module_are_fine() -> None:
    paths = ["worker.py", "python_modules/worker2.py", "python_modules/worker/part.py", "python_modules/x/worker.py"]
    assert WorkerBundle(main="worker.py", files=dict.fromkeys(paths, b"")).module == "worker"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (message(), "empty"),
        (message(("worker.py", b""), install_dir=InstallDir.SITE), "file of a package set"),
        (message(("worker.py", b""), ("a", b""), ("a", b"")), "a file twice"),
        (message(("data.bin", b""), ("worker.py", b"")), "not the name"),
        (b"", "PythonPackages"),
        (b"\0" * 7, "PythonPackages"),
        (message(("worker.py", b"abc"))[:-8], "PythonPackages"),
    ],
)
def test_messages_that_are_no_bundle(data: bytes, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        WorkerBundle.decode(data)


def test_a_directory_is_read_without_what_is_not_the_workers(tmp_path: Path) -> None:
    for path in (
        "worker.py", "b/__init__.py", "b/__pycache__/x.pyc", ".git/config", ".env", "python_modules/p/a.py", "a.txt",
        "node_modules/x.js",
    ):  # fmt: skip
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(path)
    bundle = WorkerBundle.of_directory(tmp_path, "worker.py")
    assert sorted(bundle.files) == ["a.txt", "b/__init__.py", "python_modules/p/a.py", "worker.py"]
    assert bundle.files["b/__init__.py"] == b"b/__init__.py"
    assert WorkerBundle.of_file(tmp_path / "worker.py").files == {"worker.py": b"worker.py"}


def test_links_and_missing_directories_are_refused(tmp_path: Path) -> None:
    (tmp_path / "worker.py").write_text("")
    (tmp_path / "link.py").symlink_to("worker.py")
    with pytest.raises(ConfigError, match="something else than files"):
        WorkerBundle.of_directory(tmp_path, "worker.py")
    (tmp_path / "link.py").unlink()
    (tmp_path / "linked").symlink_to("/")
    with pytest.raises(ConfigError, match="something else than files"):
        WorkerBundle.of_directory(tmp_path, "worker.py")
    with pytest.raises(ConfigError, match="cannot read"):
        WorkerBundle.of_directory(tmp_path / "missing", "worker.py")
    with pytest.raises(ConfigError, match="cannot read"):
        WorkerBundle.of_file(tmp_path / "missing.py")


def test_the_size_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("runtime_core.packages.bundle.MAX_BYTES", 10)
    with pytest.raises(FormatError, match="too large"):
        WorkerBundle(main="w.py", files={"w.py": b"12345678901"})
    (tmp_path / "w.py").write_bytes(b"12345678901")
    with pytest.raises(FormatError, match="too many files"):
        WorkerBundle.of_directory(tmp_path, "w.py")
