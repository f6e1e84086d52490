"""Random operations on JavaScript values by a guest: whatever it does, the host goes on and only the guest may die.

A guest may kill itself through upstream's own bugs (it then died of a trap or of an invalid reference); an exception of
any other kind in a host function is a bug of the host.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from runtime_core.engine.limits import Limits
from runtime_core.isolate import Isolate, IsolateOptions
from schemas.errors import FatalIsolateError, GuestFault, LimitError, PythonError
from tests.support import releases

pytestmark = pytest.mark.boot

_GUEST: Final = Path(__file__).with_name("ffi_operations_guest.py")
_LIMITS: Final = Limits(memory_bytes=256 << 20, cpu_seconds=30.0, wait_seconds=2.0)
_STEPS: Final = 300
_SEEDS: Final = range(24)


@pytest.mark.parametrize("seed", _SEEDS)
def test_random_operations(seed: int) -> None:
    options = IsolateOptions(limits=_LIMITS, stdout=lambda _: None, stderr=lambda _: None)
    isolate = Isolate(releases.runtime(), options)
    try:
        isolate.run(_GUEST.read_text())
        assert isinstance(isolate.call("fuzz", seed, _STEPS), int)
    except (PythonError, LimitError):
        pass  # upstream lets some errors out twice; a guest that used too much was stopped
    except FatalIsolateError as error:
        if not isinstance(error.__cause__, GuestFault | None):
            raise  # a bug of the host
    finally:
        isolate.close()


def test_isolates_after_that_are_as_good_as_before() -> None:
    with Isolate(releases.runtime()) as isolate:
        assert isolate.evaluate("import js\nlen(js.Array.of(1, 2))") == 2
