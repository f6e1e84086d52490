"""A worker's files in a guest: where they are, what may be done to them, and what is found in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import pytest

from runtime_core.isolate import Isolate, IsolateOptions
from runtime_core.packages.bundle import WorkerBundle
from runtime_core.worker.packages import add_worker, worker_mount
from runtime_core.worker.search_path import SearchPathOptions
from schemas.errors import HostError
from tests.support import releases

pytestmark = pytest.mark.boot

MOUNTED = 1_790_000_000_123
STDLIB = ["/lib/python314.zip", "/lib/python3.14/lib-dynload"]
MODULES = "/session/metadata/python_modules"
OWN_SITE = "/lib/python3.14/site-packages"
LAST = ["/session/metadata", "/session/lib/python3.14/site-packages"]


@contextmanager
def worker(files: Mapping[str, bytes], options: SearchPathOptions | None = None) -> Iterator[Isolate]:
    """An isolate with a worker's files; what it prints goes nowhere."""
    quiet = IsolateOptions(stdout=lambda _: None, stderr=lambda _: None)
    bundle = WorkerBundle(main="worker.py", files={"worker.py": b"", **files})
    with Isolate(releases.runtime(), quiet) as isolate:
        guest = isolate._guest
        assert guest is not None
        add_worker(guest, worker_mount(bundle, time_ms=MOUNTED), options)
        yield isolate


def test_the_order_of_the_search_path() -> None:
    with worker({"python_modules/a.py": b""}) as isolate:
        assert isolate.evaluate("import sys; sys.path") == [*STDLIB, MODULES, OWN_SITE, *LAST]
    with worker({}) as isolate:
        assert isolate.evaluate("import sys; sys.path") == [*STDLIB, MODULES, OWN_SITE, *LAST]


def test_the_old_directory_for_vendored_packages() -> None:
    files = {"vendor/both.py": b"place = 'vendor'", "vendor/old.py": b"", "python_modules/both.py": b"place = 'new'"}
    with worker(files, SearchPathOptions(legacy_vendor=True)) as isolate:
        vendor = "/session/metadata/vendor"
        assert isolate.evaluate("import sys; sys.path") == [*STDLIB, MODULES, vendor, OWN_SITE, *LAST]
        assert isolate.evaluate("import both, old; both.place") == "new"
    with worker(files) as isolate:
        assert isolate.evaluate("try:\n    import old\nexcept ImportError as e:\n    name = e.name\nname") == "old"


def test_who_wins() -> None:
    files = {
        "helper.py": b"place = 'worker'",
        "python_modules/helper.py": b"place = 'vendored'",
        "json.py": b"place = 'worker'",
        "_runtime_core.py": b"place = 'worker'",
        "own/__init__.py": b"from . import part\nplace = part.place",
        "own/part.py": b"place = __file__",
    }
    with worker(files) as isolate:
        assert isolate.evaluate("import helper, own; [helper.place, own.place]") == [
            "vendored",
            "/session/metadata/own/part.py",
        ]
        found = isolate.evaluate(
            "import json, _runtime_core; [hasattr(json, 'place'), hasattr(_runtime_core, 'place')]"
        )
        assert found == [False, False]


def test_setting_up_twice_changes_nothing() -> None:
    from runtime_core.worker.search_path import add_vendored_packages

    with worker({"python_modules/a.pth": b"more\n", "python_modules/more/b.py": b""}) as isolate:
        before = isolate.evaluate("import sys; list(sys.path)")
        assert isinstance(before, list)
        assert before[-1] == f"{MODULES}/more"
        guest = isolate._guest
        assert guest is not None
        add_vendored_packages(guest, SearchPathOptions())
        assert isolate.evaluate("import sys; list(sys.path)") == before


def test_no_site_packages_in_the_search_path() -> None:
    from runtime_core.worker.search_path import add_vendored_packages

    with worker({}) as isolate:
        isolate.run("import sys\nsys.path[:] = ['/tmp']")
        guest = isolate._guest
        assert guest is not None
        with pytest.raises(HostError, match=r"ValueError: No site-packages found in sys\.path"):
            add_vendored_packages(guest, SearchPathOptions())


def test_pth_files_may_use_javascript() -> None:
    files = {
        "python_modules/first.pth": b"# a comment\nlib/more\nmissing\nimport js, sys; sys.found = js.Array.name\n",
        "python_modules/lib/more/extra.py": b"place = __file__",
        "python_modules/deep/no.pth": b"import sys; sys.wrong = True\n",
        "no.pth": b"import sys; sys.wrong = True\n",
    }
    with worker(files) as isolate:
        assert isolate.evaluate("import sys, extra; [sys.found, extra.place, hasattr(sys, 'wrong')]") == [
            "Array",
            f"{MODULES}/lib/more/extra.py",
            False,
        ]
        assert isolate.evaluate("sys.path[-1]") == f"{MODULES}/lib/more"
    with worker(files, SearchPathOptions(process_pth=False)) as isolate:
        assert isolate.evaluate("import sys; [hasattr(sys, 'found'), sys.path[-1]]") == [False, LAST[-1]]


def test_a_failing_line_of_a_pth_file_is_told_and_the_worker_goes_on() -> None:
    with worker({"python_modules/bad.pth": b"import nothing_of_this_name\n", "python_modules/b.py": b""}) as isolate:
        assert isolate.evaluate("import b; b.__name__") == "b"


def test_no_names_are_left_behind() -> None:
    with worker({}) as isolate:
        names = isolate.evaluate("[name for name in globals() if not name.startswith('__')]")
        assert isinstance(names, list)
        assert not {"_set_up", "os", "sys", "site", "importlib"} & set(names)


def test_what_stat_says() -> None:
    data = bytes(5000)
    source = """
import os
def facts(path):
    s = os.stat(path)
    return [s.st_mode, s.st_size, s.st_nlink, s.st_uid, s.st_gid, s.st_dev, s.st_blksize, s.st_blocks, s.st_rdev,
            s.st_mtime_ns == s.st_atime_ns == s.st_ctime_ns == MOUNTED]
root = "/session/metadata"
[facts(root), facts(root + "/sub"), facts(root + "/sub/data.bin"), sorted(os.listdir(root))]
""".replace("MOUNTED", str(MOUNTED * 1_000_000))
    with worker({"sub/data.bin": data}) as isolate:
        assert isolate.evaluate(source) == [
            [0o40555, 0, 1, 0, 0, 1, 4096, 0, 0, True],
            [0o40555, 0, 1, 0, 0, 1, 4096, 0, 0, True],
            [0o100555, 5000, 1, 0, 0, 1, 4096, 2, 0, True],
            ["sub", "worker.py"],
        ]


def test_reading_is_clamped_and_seeking_is_from_anywhere() -> None:
    source = """
import os
fd = os.open("/session/metadata/text", os.O_RDONLY)
[os.read(fd, 4), os.lseek(fd, 2, os.SEEK_CUR), os.read(fd, 100), os.read(fd, 1), os.lseek(fd, -1, os.SEEK_END),
 os.read(fd, 9), os.lseek(fd, 100, os.SEEK_SET), os.read(fd, 9), os.pread(fd, 2, 8)]
"""
    with worker({"text": b"0123456789"}) as isolate:
        assert isolate.evaluate(source) == [b"0123", 6, b"6789", b"", 9, b"9", 100, b"", b"89"]


@pytest.mark.parametrize(
    ("action", "names"),
    [
        ("open(root + '/new', 'w')", {"EROFS", "EPERM", "EACCES"}),
        ("open(root + '/text', 'a')", {"EROFS", "EPERM", "EACCES"}),
        ("open(root + '/text', 'r+')", {"EROFS", "EPERM", "EACCES"}),
        ("os.truncate(root + '/text', 1)", {"EROFS", "EPERM", "EACCES", "EINVAL"}),
        ("os.remove(root + '/text')", {"EROFS", "EPERM"}),
        ("os.rename(root + '/text', root + '/other')", {"EROFS", "EPERM"}),
        ("os.rename(root + '/text', '/tmp/text')", {"EROFS", "EPERM", "EXDEV"}),
        ("os.rename('/tmp', root + '/tmp')", {"EROFS", "EPERM", "EXDEV"}),
        ("os.mkdir(root + '/new')", {"EROFS", "EPERM"}),
        ("os.rmdir(root + '/sub')", {"EROFS", "EPERM"}),
        ("os.rmdir(root)", {"EROFS", "EPERM", "EBUSY"}),
        ("os.symlink('/tmp', root + '/link')", {"EROFS", "EPERM"}),
        ("os.chmod(root + '/text', 0o777)", {"EROFS", "EPERM"}),
        ("os.utime(root + '/text', (1, 1))", {"EROFS", "EPERM"}),
        ("os.stat(root + '/missing')", {"ENOENT"}),
        ("os.stat(root + '/text/below')", {"ENOTDIR", "ENOENT"}),
    ],
)
def test_nothing_can_be_changed(action: str, names: set[str]) -> None:
    source = f"""
import errno, os
root = "/session/metadata"
try:
    {action}
    result = "done"
except OSError as error:
    result = errno.errorcode[error.errno]
[result, open(root + "/text").read(), sorted(os.listdir(root))]
"""
    with worker({"text": b"text", "sub/file": b""}) as isolate:
        answer = isolate.evaluate(source)
        assert isinstance(answer, list)
        result, text, listed = answer
        assert result in names
        assert (text, listed) == ("text", ["sub", "text", "worker.py"])


def test_a_name_is_there_once_only() -> None:
    from runtime_core.emscripten.errno import Errno

    bundle = WorkerBundle(main="worker.py", files={"worker.py": b""})
    with worker({}) as isolate:
        guest = isolate._guest
        assert guest is not None
        with pytest.raises(Errno):
            add_worker(guest, worker_mount(bundle, time_ms=0))


def test_the_main_module_is_imported_by_its_name() -> None:
    files = {"worker.py": b"from helper import greet\nasync def run(name):\n    return greet(name)\n"}
    helper = {"helper.py": b"def greet(name):\n    return f'hello {name}'\n"}
    with worker({**files, **helper}) as isolate:
        assert isolate.evaluate("import worker, asyncio; worker.__file__") == "/session/metadata/worker.py"
        assert isolate.evaluate("asyncio.run(worker.run('x'))") == "hello x"
        assert isolate.evaluate("open(worker.__file__).read()[:11]") == "from helper"
