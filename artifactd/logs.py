"""Log lines as key=value pairs, for people and for log shippers alike."""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import Any


class KeyValueFormatter(logging.Formatter):
    """``time=... level=... logger=... msg=...`` followed by the record's ``fields``; values are quoted where needed."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, and the traceback of an exception as one more quoted value."""
        moment = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        pairs: dict[str, Any] = {
            "time": f"{moment}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage(),
        }
        pairs.update(getattr(record, "fields", {}))
        if record.exc_info:
            pairs["traceback"] = self.formatException(record.exc_info)
        return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items() if value is not None)


def configure_logging(level: str) -> None:
    """Send the log to stderr; ``level`` is debug, info, warning or error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(KeyValueFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("artifactd").setLevel(level.upper())


def fields(**values: object) -> dict[str, dict[str, object]]:
    """The ``extra`` argument of a logging call that adds key=value pairs."""
    return {"fields": values}


def _quoted(value: object) -> str:
    text = str(value)
    if text and all(33 <= ord(character) < 127 and character not in '"=\\' for character in text):
        return text
    # JSON's escapes keep a hostile peer's line breaks inside the quotes.
    return json.dumps(text)
