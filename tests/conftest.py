"""Settings for the whole suite."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from hypothesis import settings

# Real boots share the machine with the property tests: a slow example is not a wrong one.
settings.register_profile("shared-machine", deadline=None, print_blob=True)
settings.load_profile("shared-machine")

# What the tests fetch and build lives beside what make does, also when pytest is started by hand.
os.environ.setdefault("RUNTIME_CORE_BUILD_CACHE", str(Path(__file__).parents[1] / ".cache" / "build"))

# A job in the background of a script is started with SIGINT ignored, and so would be every process that a test starts
# and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
