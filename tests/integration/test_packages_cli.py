"""artifactctl packages and runtime-core run: from requirements to a worker that uses its packages."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from runtime_core.build.cache import default_cache_root
from schemas.digest import Digest
from schemas.exit_codes import ExitCode
from schemas.python_packages import decode_packages
from tests.support.daemon import clean_environment, running_daemon
from tests.support.made_wheels import make_wheel

pytestmark = pytest.mark.boot

REQUIREMENTS = ("msgpack==1.2.4", "typing-extensions==4.16.0")


def run(module: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=clean_environment() | {"RUNTIME_CORE_BUILD_CACHE": str(default_cache_root())},
    )


def artifactctl(*arguments: object, exit_code: ExitCode = ExitCode.OK) -> Any:
    done = run("artifactd.cli", *arguments, "--json")
    assert done.returncode == exit_code, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(name="lock", scope="module")
def package_lock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("packages") / "packages.json"
    requirements = path.with_name("requirements.txt")
    requirements.write_text(f"{REQUIREMENTS[1]}  # from a file\n")
    locked = artifactctl("packages", "lock", REQUIREMENTS[0], "-r", requirements, "--output", path)
    assert locked["packages"] == {"msgpack": "1.2.4", "typing-extensions": "4.16.0"}
    assert [step["name"] for step in locked["timeline"]["steps"]][-1] == "resolve the requirements"
    return path


def test_a_package_set_is_built_once_and_shown(lock: Path, tmp_path: Path) -> None:
    output, archive = tmp_path / "packages.bin", tmp_path / "packages.tar"
    first = artifactctl("packages", "build", lock, "--output", output, "--tar", archive)
    data = output.read_bytes()
    assert first["digest"] == str(Digest.of(data))
    again = artifactctl("packages", "build", lock, "--output", tmp_path / "again.bin")
    assert again["cached"]
    assert [step["name"] for step in again["timeline"]["steps"]] == ["build the package set"]
    assert again["timeline"]["seconds"] < 2
    assert (tmp_path / "again.bin").read_bytes() == data

    shown = artifactctl("packages", "show", output, "--files")
    assert shown["packages"] == {"msgpack": "1.2.4", "typing_extensions": "4.16.0"}
    assert shown["libraries"] == ["msgpack/_cmsgpack.cpython-314-wasm32-emscripten.so"]
    assert len(shown["files"]) == shown["file_count"] == len(decode_packages(data))
    listed = artifactctl("packages", "show", lock)["packages"]
    assert [(item["name"], item["install_dir"], len(item["sha256"])) for item in listed] == [
        ("msgpack", "site", 64),
        ("typing-extensions", "site", 64),
    ]
    with tarfile.open(archive) as opened:
        found = [(item.name, item.size) for item in opened]
    assert found == [(item["path"], item["size"]) for item in shown["files"]]
    text = run("artifactd.cli", "packages", "show", output).stdout
    assert "msgpack==1.2.4" in text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.bin", "packages.bin", "packages.tar"]


def test_a_package_set_is_pushed_once(lock: Path, tmp_path: Path) -> None:
    output = tmp_path / "packages.bin"
    artifactctl("packages", "build", lock, "--output", output)
    with running_daemon(tmp_path / "daemon") as daemon:
        where = ("--address", daemon.address)
        pushed = artifactctl("packages", "push", output, *where)
        assert (pushed["uploaded"], pushed["digest"]) == (True, str(Digest.of(output.read_bytes())))
        assert not artifactctl("packages", "push", output, *where)["uploaded"]
        assert artifactctl("packages", "push", lock, *where, exit_code=ExitCode.FORMAT)["error"]["code"] == "format"
        artifactctl("packages", "push", tmp_path / "gone", *where, exit_code=ExitCode.CONFIG)


def test_a_release_names_its_packages_and_a_worker_uses_them(lock: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    built = artifactctl("release", "build", "--packages", lock, "--no-link", "--output", release)
    packages = next(artifact for artifact in built["artifacts"] if artifact["role"] == "packages")
    shown = artifactctl("packages", "show", release)
    assert shown["digest"] == packages["digest"]
    worker = tmp_path / "worker.py"
    worker.write_text("import msgpack, msgpack._cmsgpack\nprint(msgpack.unpackb(msgpack.packb({'a': [1, None]})))\n")
    done = run("runtime_core", "run", "--release", release, "--state", default_cache_root() / "test-state", worker)
    assert done.returncode == ExitCode.OK, done.stderr
    assert done.stdout == "{'a': [1, None]}\n"


def test_a_release_without_packages() -> None:
    from tests.support import releases

    releases.local_release()
    answer = artifactctl("packages", "show", releases.built_directory(), exit_code=ExitCode.CONFIG)
    assert "has no packages" in answer["error"]["message"]


def lock_of(directory: Path, name: str, data: bytes, **changes: Any) -> Path:
    """A lock in Pyodide's own form, with fields that say nothing here."""
    file_name = changes.pop("file_name", f"{name}-1.0-py3-none-any.whl")
    (directory / file_name).write_bytes(data)
    info = {"abi_version": "2026_0", "arch": "wasm32", "platform": "emscripten_5_0_3", "python": "3.14.2"}
    package = {
        "name": name, "version": "1.0", "file_name": file_name, "install_dir": "site", "depends": [],
        "sha256": Digest.of(data).hex, "imports": [name], "package_type": "package", "unvendored_tests": False,
    }  # fmt: skip
    info |= changes.pop("info", {})
    path = directory / "pyodide-lock.json"
    path.write_text(json.dumps({"info": info, "packages": {name: {**package, **changes}}}))
    return path


def test_a_lock_of_pyodides_own_with_archives_beside_it(tmp_path: Path) -> None:
    lock = lock_of(tmp_path, "demo", make_wheel({"demo.py": b"x = 1"}))
    built = artifactctl(
        "packages", "build", lock, "--archives", tmp_path, "--package", "demo", "--output", tmp_path / "demo.bin"
    )
    assert built["packages"] == {"demo": "1.0"}
    assert "demo.py" in {file.path for file in decode_packages((tmp_path / "demo.bin").read_bytes())}


def test_a_release_of_some_packages_of_a_directory(tmp_path: Path) -> None:
    """As for a lock of Pyodide's own, whose other files are nowhere."""
    lock = lock_of(tmp_path, "demo", make_wheel({"demo.py": b"x = 1"}))
    value = json.loads(lock.read_text())
    value["packages"]["gone"] = {**value["packages"]["demo"], "name": "gone", "file_name": "gone-1.0-py3-none-any.whl"}
    lock.write_text(json.dumps(value))
    release = tmp_path / "release"
    of_lock = ("--packages", lock, "--archives", tmp_path, "--package", "demo")
    done = run("artifactd.cli", "release", "build", *of_lock, "--output", release, "--quiet")
    assert done.returncode == ExitCode.OK, done.stdout + done.stderr
    assert done.stderr == ""
    assert artifactctl("packages", "show", release)["packages"] == {"demo": "1.0"}


@pytest.mark.parametrize(
    ("command", "content", "words", "reason"),
    [
        ("show", b"no set", "is no package set", "something else"),
        ("push", b"no set", "is no package set", "something else"),
        ("push", b' {"info": {}}', "is a package lock", "a lock in the place of the set that is made of it"),
    ],
)
def test_files_that_are_no_package_sets(tmp_path: Path, command: str, content: bytes, words: str, reason: str) -> None:
    path = tmp_path / "packages.bin"
    path.write_bytes(content)
    error = artifactctl("packages", command, path, exit_code=ExitCode.FORMAT)["error"]
    assert f"{path} {words}" in error["message"], reason
    assert "packages build" in error["hint"], reason


def test_packages_without_a_lock(tmp_path: Path) -> None:
    arguments = ("release", "build", "--package", "demo", "--output", tmp_path / "release")
    answer = artifactctl(*arguments, exit_code=ExitCode.CONFIG)
    assert answer["error"]["hint"] == "give --packages LOCK"


def test_a_set_and_its_archive_are_written_together(tmp_path: Path) -> None:
    lock = lock_of(tmp_path, "demo", make_wheel({"demo.py": b"x = 1"}))
    before = set(tmp_path.iterdir())
    to = ("--archives", tmp_path, "--output", tmp_path / "demo.bin", "--tar")
    for bad in (tmp_path / "nowhere" / "demo.tar", tmp_path):
        answer = artifactctl("packages", "build", lock, *to, bad, exit_code=ExitCode.CONFIG)
        assert str(bad) in answer["error"]["message"]
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("changes", "exit_code", "code", "reason"),
    [
        ({"sha256": "0" * 64}, ExitCode.INTEGRITY, "digest-mismatch", "another hash"),
        ({"depends": ["gone"]}, ExitCode.REFUSED, "artifact", "a missing dependency"),
        ({"file_name": "demo-1.0-cp313-cp313-pyemscripten_2026_0_wasm32.whl"}, ExitCode.HOST, "abi-mismatch", "Python"),
        ({"file_name": "demo-1.0-cp314-cp314-pyodide_2025_0_wasm32.whl"}, ExitCode.HOST, "abi-mismatch", "ABI"),
        ({"file_name": "demo-1.0-cp314-cp314-manylinux_2_17_x86_64.whl"}, ExitCode.HOST, "abi-mismatch", "platform"),
        ({"info": {"python": "3.13.2"}}, ExitCode.HOST, "abi-mismatch", "a lock for another Python"),
        ({"info": {"abi_version": "2025_0"}}, ExitCode.HOST, "abi-mismatch", "a lock for another ABI"),
        ({"version": "2.0"}, ExitCode.FORMAT, "format", "another version than the wheel's"),
        ({"install_dir": "metadata"}, ExitCode.FORMAT, "format", "an unknown tree"),
        ({"version": "../1"}, ExitCode.FORMAT, "format", "an unusable version"),
    ],
)
def test_bad_locks_leave_nothing(
    tmp_path: Path, changes: dict[str, Any], exit_code: ExitCode, code: str, reason: str
) -> None:
    lock = lock_of(tmp_path, "demo", make_wheel({"demo.py": b"x = 1"}), **changes)
    output = tmp_path / "out.bin"
    work = tmp_path / "work"
    answer = artifactctl(
        "packages", "build", lock, "--archives", tmp_path, "--work", work, "--output", output, exit_code=exit_code
    )
    assert answer["error"]["code"] == code, reason
    assert not output.exists()
    assert not list(work.glob("entries/package-set*"))


@pytest.mark.parametrize(
    ("requirement", "exit_code", "text", "reason"),
    [
        ("jinja2==3.1.6", ExitCode.REFUSED, "depends on MarkupSafe", "a dependency that has no wheel for the guest"),
        ("no-such-project-of-anyone-0x", ExitCode.REFUSED, "no-such-project", "no such project"),
        ("./demo.whl", ExitCode.CONFIG, "./demo.whl", "a path"),
        ("demo @ https://example.org/demo.whl", ExitCode.CONFIG, "not addresses", "an address"),
        ("msgpack==0.0.0.1", ExitCode.REFUSED, "0.0.0.1", "no such version"),
    ],
)
def test_requirements_that_cannot_be_locked(
    tmp_path: Path, requirement: str, exit_code: ExitCode, text: str, reason: str
) -> None:
    output = tmp_path / "lock.json"
    done = run("artifactd.cli", "packages", "lock", "--json", "--output", output, "--", requirement)
    assert done.returncode == exit_code, reason + done.stdout
    assert text in done.stdout, reason
    assert not output.exists()
