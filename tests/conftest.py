"""Settings for the whole suite."""

from __future__ import annotations

from hypothesis import settings

# Real boots share the machine with the property tests: a slow example is not a wrong one.
settings.register_profile("shared-machine", deadline=None, print_blob=True)
settings.load_profile("shared-machine")
