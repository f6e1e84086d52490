"""``artifactctl``: the command line of publishers and operators."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Final

from artifactd.cli.commands import blobs, cache, channel, init, packages, release, renew
from artifactd.cli.context import Context
from artifactd.cli.output import Output
from artifactd.cli.parsing import Parser, UsageError
from artifactd.cli.progress import Reporter
from schemas.errors import PlatformError
from schemas.exit_codes import ExitCode, exit_code_of

_EPILOG: Final = """\
a first release:
  export ARTIFACTD_ADDRESS=127.0.0.1:7420
  artifactctl init                                          create keys and root.json, and the channel stable
  artifactctl release build --output build/release          make Pyodide into a release
  artifactctl release publish build/release --channel stable
  artifactctl release verify --channel stable               check signatures and every byte

exit codes: 0 done, 2 wrong usage, 3 configuration, 4 malformed data, 5 wrong digest or signature, 6 not found,
  7 conflict, 8 service unreachable, 9 storage, 10 access denied, 11 this machine, 12 refused, 1 anything else
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    output = Output(as_json="--json" in given)
    try:
        options = build_parser().parse_args(given)
    except UsageError as error:
        output.usage_error(str(error))
        return ExitCode.USAGE
    context = Context(options=options, reporter=Reporter(quiet=options.quiet))
    try:
        result = options.run(context)
        output.result(result)
        return int(result.exit_code)
    except UsageError as error:
        output.usage_error(str(error))
        return ExitCode.USAGE
    except PlatformError as error:
        output.error(error)
        return exit_code_of(error)
    except KeyboardInterrupt:
        print("interrupted; nothing half-done is visible, run the command again to go on", file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone. Python would complain once more when it flushes stdout at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
    except Exception:  # noqa: BLE001 - the outermost edge: a bug, shown in full, with an exit code of its own
        traceback.print_exc()
        print("this is a bug in artifactctl, please report it", file=sys.stderr)
        return ExitCode.INTERNAL
    finally:
        context.close()


def build_parser() -> Parser:
    """All commands."""
    parser = Parser(
        prog="artifactctl",
        description="Publish, promote, verify and fetch releases of Python runtimes.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
    for module in (init, blobs, packages, release, channel, renew, cache):
        module.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
