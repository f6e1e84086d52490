"""Print the message of an operator's configuration file: ``python -m schemas._evaluate_config FILE``.

Always its own process, because the schema compiler aborts the process at a mistake, with its explanation on stderr.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import Final

from schemas._capnp import evaluate_constant

CONSTANT: Final = "config"
TYPE_ID: Final = 0xF54FF6CEB9328044
"""ServerConfig in config.capnp."""


def main(arguments: list[str]) -> int:
    """Write the bytes of the constant to stdout; 2 for a file that compiles but is not a configuration."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # an abort is expected and leaves no core file
    try:
        data = evaluate_constant(Path(arguments[0]), constant=CONSTANT, type_id=TYPE_ID)
    except LookupError as error:
        using = 'using Config = import "/schemas/config.capnp"; const config :Config.ServerConfig = (...);'
        print(f"{error.args[0]}; write: {using}", file=sys.stderr)  # noqa: T201 - the parent reads it
        return 2
    sys.stdout.buffer.write(data)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
