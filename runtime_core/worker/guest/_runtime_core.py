"""Support code of the runtime inside the guest. Part of every snapshot; the host holds its functions."""

import importlib
import keyword
import linecache
import sys

from _pyodide._base import eval_code
from _runtime_core_locate import locate
from _runtime_core_warm import warm_up
from _runtime_core_web import asgi, fetch, prepare, shut_down

import __main__

__all__ = ["asgi", "evaluate", "execute", "fetch", "flush", "load", "locate", "shut_down", "warm_up"]

# How lines begin that cannot begin a last expression: with white space, a comment, the end of one begun before ...
CONTINUED = frozenset(" \t\f\n#)]}\\@")
# ... and words that begin statements or go on with what stands before: all that begin no expression.
STATEMENTS = frozenset(keyword.kwlist) - {"False", "None", "True", "await", "lambda", "not", "yield"}


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


def load(name, is_worker=False):
    """Import a module, for what its top level does."""
    importlib.import_module(name)
    if is_worker:
        prepare(name)


def evaluate(source, filename):
    """Run source code in ``__main__``; returns the value of a last expression, as Pyodide's ``eval_code`` does.

    That goes by way of a syntax tree of Python objects, which costs more than all the rest for a few lines. Where the
    last line is an expression of its own, what stands before it is a program of its own, and no tree is needed.
    """
    namespace = __main__.__dict__
    start = len(source) if "\r" in source else last_line(source)
    try:
        # The line numbers are those in the source.
        tail = compile("\n" * source.count("\n", 0, start) + source[start:], filename, "eval", dont_inherit=True)
        head = compile(source[:start], filename, "exec", dont_inherit=True) if start else None
    except (SyntaxError, ValueError):
        tail = None  # and there is no exception any more that one of the source could have for its context
    if tail is None:
        return eval_code(source, namespace, filename=filename)
    if not (filename.startswith("<") and filename.endswith(">")):
        linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    if head is not None:
        exec(head, namespace)  # noqa: S102 - running the worker's code is what this module is for
    return eval(tail, namespace)  # noqa: S307 - as above


def last_line(source):
    """Where the last line begins that may be the beginning of an expression; behind the end if there is none."""
    end = len(source)
    while end > 0:
        start = source.rfind("\n", 0, end) + 1
        first = source[start:end][:1]
        if first and first not in CONTINUED:
            word = source[start : start + 9].split(None, 1)[0]
            return len(source) if word in STATEMENTS else start
        end = start - 1
    return len(source)
