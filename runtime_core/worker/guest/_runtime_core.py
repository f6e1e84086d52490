"""Support code of the runtime inside the guest. Part of every snapshot; the host holds its functions."""

import linecache
import sys

import __main__


def generators():
    """Every Mersenne Twister that lives, as ``[address, 624 state words and the index]``.

    Called before a capture, with nothing drawn in advance: what is drawn is kept outside of the state.
    """
    import _random
    import gc

    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        # The name sequence has a generator of its own; a new one is made, and seeded, at the next use.
        tempfile._name_sequence = None
    found = []
    for candidate in gc.get_objects():
        if isinstance(candidate, _random.Random):
            if getattr(candidate, "gauss_next", None) is not None:
                candidate.gauss_next = None
            found.append([id(candidate), list(_random.Random.getstate(candidate))])
    return found


def flush():
    """Write out what the standard streams still hold: they are line-buffered, and an isolate ends without notice."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def execute(source, filename):
    """Run source code in ``__main__``; tracebacks show its lines."""
    code = compile(source, filename, "exec", dont_inherit=True)
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(code, __main__.__dict__)  # noqa: S102 - running the worker's code is what this module is for
