"""``packages``: package sets for releases."""

from __future__ import annotations

from pathlib import Path

from artifactd.cli.building import lock_packages
from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult
from artifactd.cli.parsing import Subparsers, add_command, add_group


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    group = add_group(parsers, "packages", summary="resolve and lock the packages that a release carries")
    lock = add_command(
        group,
        "lock",
        run_lock,
        summary="resolve requirements for the guest's platform into a lock with hashes",
        examples="""\
  artifactctl packages lock pydantic 'fastapi>=0.100' --output packages.json
  artifactctl packages lock -r requirements.txt --output packages.json
  artifactctl release build --packages packages.json --output build/release

It needs the extra packages of `pip install 'artifactd[build]'`.""",
        connects=False,
    )
    lock.add_argument("requirements", nargs="*", metavar="REQUIREMENT", help="a package of the index, name==version")
    lock.add_argument("-r", "--requirements-file", type=Path, action="append", default=[], metavar="FILE")
    lock.add_argument("--output", required=True, type=Path, metavar="LOCK", help="file to write")
    lock.add_argument("--pyodide", metavar="VERSION", help="Pyodide version (default: the reference version)")
    lock.add_argument("--work", type=Path, metavar="DIR", help="build cache (or RUNTIME_CORE_BUILD_CACHE)")


def run_lock(context: Context) -> CommandResult:
    """Resolve and lock."""
    options = context.options
    locked = lock_packages(
        options.requirements,
        files=options.requirements_file,
        pyodide=options.pyodide,
        output=options.output,
        work=options.work,
    )
    lines = [f"{name}=={version}" for name, version in locked["packages"].items()]
    lines.append(f"next: artifactctl release build --packages {options.output} --output DIR")
    return CommandResult(value=locked, lines=lines)
