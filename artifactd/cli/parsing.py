"""The common shape of all parsers: every command takes the same options, teaches by example, and never exits itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

if TYPE_CHECKING:
    from artifactd.cli.context import Context
    from artifactd.cli.output import CommandResult

    Command = Callable[[Context], CommandResult]


class UsageError(Exception):
    """The command line is wrong."""


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and exiting."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse found wrong."""
        raise UsageError(f"{self.prog}: {message}")


class Subparsers(Protocol):
    """What ``add_subparsers`` returns, as far as it is used."""

    def add_parser(self, name: str, **options: Any) -> Parser:
        """Add a command."""
        ...


def add_command(
    parsers: Subparsers,
    name: str,
    run: Command,
    *,
    summary: str,
    examples: str,
    connects: bool = True,
    trusts: bool = False,
) -> Parser:
    """Add a command with the options that all have; ``connects``: talks to the service, ``trusts``: uses a root."""
    parser = parsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    common = parser.add_argument_group("common options")
    common.add_argument("--json", action="store_true", help="print one JSON object on standard output, errors too")
    common.add_argument("--quiet", action="store_true", help="show no progress")
    if connects:
        common.add_argument("--address", metavar="HOST:PORT", help="the service (or ARTIFACTD_ADDRESS)")
        common.add_argument("--ca", type=Path, metavar="FILE", help="CA certificate of the service (or ARTIFACTD_CA)")
    if trusts:
        common.add_argument("--keys", type=Path, metavar="DIR", help="the publisher's keys (or ARTIFACTD_KEYS)")
        common.add_argument(
            "--root", type=Path, metavar="FILE", help="the trusted root (or ARTIFACTD_ROOT; default: KEYS/root.json)"
        )
    parser.set_defaults(run=run, address=None, ca=None, keys=None, root=None)
    return parser


def add_group(parsers: Subparsers, name: str, *, summary: str) -> Subparsers:
    """Add a group of commands, such as ``release``."""
    group = parsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
    return group.add_subparsers(required=True, metavar="COMMAND", parser_class=Parser)
