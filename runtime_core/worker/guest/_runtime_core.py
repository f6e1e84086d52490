"""Support code of the runtime inside the guest. Part of every snapshot; imported before capture."""

import sys


def reseed() -> None:
    """Give this isolate its own random state: a restored snapshot starts as a copy of every other one."""
    random = sys.modules.get("random")
    if random is not None:
        random.seed()
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        # The name sequence keeps a generator of its own; a new one is made at the next use.
        tempfile._name_sequence = None
