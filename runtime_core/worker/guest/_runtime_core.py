"""Support code of the runtime inside the guest. Part of every snapshot; the host holds its functions."""

import importlib
import linecache
import sys

import __main__


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


def load(name):
    """Import a module, for what its top level does; nothing of it crosses."""
    importlib.import_module(name)
