"""Runs in the guest, under node and here alike: unpack the test package, run one test module, tell of each test.

Each line that is printed is a word, a colon and JSON: ``test`` before a test (its id), ``result`` after it, ``end`` at
the end. Whatever the interpreter dies of, the results so far are known, and the test that ran.
"""

import asyncio
import contextlib
import errno
import gc
import io
import json
import os
import socket
import sys
import unittest
import zipfile
from pathlib import Path

from pyodide.ffi import run_sync

ROOT = "/tmp/suite"
UNUSED = ("decimaltestdata", "wheeldata", "libregrtest")


def install(data, name):
    """Unpack what a test module needs: itself, and whatever is not a test module."""
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as archive:
        for member in archive.namelist():
            top = member.split("/")[1].removesuffix(".py")
            wanted = top in name.split() if top.startswith("test_") else top not in UNUSED
            if wanted and not Path(ROOT, member).exists():
                archive.extract(member, ROOT)
    if ROOT not in sys.path:
        sys.path.insert(0, ROOT)
    import test.support

    socket.socket.listen = refuse
    unittest.IsolatedAsyncioTestCase._setupAsyncioRunner = lambda case: setattr(case, "_asyncioRunner", Runner())
    # test_asyncio asks for sockets as a whole, though most of its modules need none.
    test.support.requires_working_socket = lambda *, module=False: None if module else lambda tested: tested


def forget():
    """Forget the test modules, so that the next one finds the interpreter as this one did, as far as that goes."""
    for name in [name for name in sys.modules if name.startswith("test.test_")]:
        del sys.modules[name]
    gc.collect()


def refuse(*_):
    """``listen``: Emscripten's JavaScript asks node for a package that is not there, and the interpreter dies of it."""
    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))


class Runner:
    """For asyncio.Runner, which refuses loops that run already, as Pyodide's does: waits as its asyncio.run does."""

    def get_loop(self):
        return asyncio.get_event_loop()

    def run(self, coroutine, *, context=None):
        return run_sync(self.get_loop().create_task(coroutine, context=context))

    def close(self):
        pass


class _Result(unittest.TestResult):
    """Prints what becomes of each test; keeps nothing of it."""

    def __init__(self):
        super().__init__()
        self._stdout = sys.__stdout__
        self._failed = set()
        self._is_skipped = False

    def tell(self, kind, value):
        # What a test prints past sys.stdout may have left a line without an end.
        print(f"\n{kind}: {json.dumps(value)}", file=self._stdout, flush=True)

    def startTest(self, test):
        self._failed, self._is_skipped = set(), False
        self.tell("test", test.id())

    def stopTest(self, test):
        self.tell("result", {"test": test.id(), "failed": sorted(self._failed), "skipped": self._is_skipped})

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._fail(subtest)

    def addError(self, test, err):
        self._fail(test)

    def addFailure(self, test, err):
        self._fail(test)

    def addUnexpectedSuccess(self, test):
        self._fail(test)

    def addSkip(self, test, reason):
        # A test one of whose parts is skipped has run.
        self._is_skipped = self._is_skipped or (
            isinstance(test, unittest.TestCase) and not hasattr(test, "_subDescription")
        )

    def addSuccess(self, test):
        pass

    def addExpectedFailure(self, test, err):
        pass

    def addDuration(self, test, elapsed):
        pass

    def _fail(self, test):
        if isinstance(test, unittest.TestCase):
            self._failed.add(test.id())
        else:  # setUpClass and its like, which belong to no test
            self.tell("result", {"test": "", "failed": [test.id()], "skipped": False})


def _without(suite, left_out):
    for test in list(suite):
        if isinstance(test, unittest.TestSuite):
            _without(test, left_out)
        elif test.id() in left_out:
            suite._tests.remove(test)


def run(name, left_out):
    """Run ``test.<name>`` without the tests in ``left_out``."""
    os.chdir("/tmp")
    result, skipped = _Result(), ""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
        except unittest.SkipTest as reason:
            skipped = str(reason)
        else:
            _without(suite, set(left_out))
            suite.run(result)
    result.tell("end", skipped)
