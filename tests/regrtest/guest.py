"""Runs in the guest, under node and here alike: unpack the test package, run one test module, report.

A crash of the interpreter leaves no report; the name of the test that ran is then the last line of what was printed.
"""

import contextlib
import gc
import io
import os
import sys
import unittest
import zipfile
from pathlib import Path

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

    # test_asyncio asks for sockets as a whole, though most of its modules need none.
    test.support.requires_working_socket = lambda *, module=False: None if module else lambda tested: tested


def forget():
    """Forget the test modules, so that the next one finds the interpreter as this one did, as far as that goes."""
    for name in [name for name in sys.modules if name.startswith("test.test_")]:
        del sys.modules[name]
    gc.collect()


class _Result(unittest.TestResult):
    def __init__(self, skip):
        super().__init__()
        self._skip_ids = skip
        self._stdout = sys.__stdout__

    def startTest(self, test):
        super().startTest(test)
        print("test:", test.id(), file=self._stdout, flush=True)


def _without(suite, crashed):
    for test in list(suite):
        if isinstance(test, unittest.TestSuite):
            _without(test, crashed)
        elif test.id() in crashed:
            suite._tests.remove(test)


def run(name, crashed):
    """Run ``test.<name>`` without the tests in ``crashed``; counts and the ids of what failed."""
    crashed = set(crashed)
    os.chdir("/tmp")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
        except unittest.SkipTest as reason:
            return {"skipped": str(reason)}
        _without(suite, crashed)
        result = _Result(crashed)
        suite.run(result)
    failed = [test for test, _ in result.failures + result.errors] + list(result.unexpectedSuccesses)
    return {
        "run": result.testsRun,
        "skips": len(result.skipped),
        "failed": sorted({test.id() for test in failed}),
    }
