"""Which of asyncio's timers were cancelled. Run before a capture, as a module that nobody keeps."""

import asyncio
import types

SCHEDULED = "WebLoop.call_later.<locals>.run_handle"


def is_cancelled(scheduled):
    """Whether a function is what Pyodide's event loop has scheduled for a handle that was cancelled meanwhile."""
    if type(scheduled) is not types.FunctionType or scheduled.__qualname__ != SCHEDULED:
        return False
    handles = (cell.cell_contents for cell in scheduled.__closure__)
    return any(issubclass(type(handle), asyncio.Handle) and handle.cancelled() for handle in handles)
