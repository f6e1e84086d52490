"""``cache``: the local cache of blobs."""

from __future__ import annotations

from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult, size_text
from artifactd.cli.parsing import Subparsers, add_command, add_group
from schemas.exit_codes import ExitCode


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    group = add_group(parsers, "cache", summary="look after the local cache of blobs")
    add_command(
        group,
        "info",
        run_info,
        summary="say where the cache is and what it holds",
        examples="  artifactctl cache info\n  ARTIFACTD_CACHE=/var/cache/artifactd artifactctl cache info --json",
        connects=False,
    )
    add_command(
        group,
        "verify",
        run_verify,
        summary="hash every file of the cache and remove the corrupt ones",
        examples="  artifactctl cache verify",
        connects=False,
    )
    add_command(
        group,
        "clear",
        run_clear,
        summary="remove everything that no process uses",
        examples="  artifactctl cache clear",
        connects=False,
    )


def run_info(context: Context) -> CommandResult:
    """Describe the cache."""
    entries = context.cache.entries()
    size = sum(entry.size for entry in entries)
    value = {
        "directory": str(context.cache.directory),
        "blobs": len(entries),
        "bytes": size,
        "max_bytes": context.cache.max_bytes,
    }
    lines = [
        str(context.cache.directory),
        f"{len(entries)} blobs, {size_text(size)} of at most {size_text(context.cache.max_bytes)}",
    ]
    return CommandResult(value=value, lines=lines)


def run_verify(context: Context) -> CommandResult:
    """Check the cache."""
    corrupt = []
    checked = 0
    total = sum(entry.size for entry in context.cache.entries())
    with context.reporter.transfer("hashing", total) as advance:
        for entry, error in context.cache.verify():
            checked += 1
            advance(entry.digest.hex, entry.size)
            if error is not None:
                corrupt.append({"digest": str(entry.digest), "found": str(error.found)})
    lines = [f"{checked} blobs checked, {len(corrupt)} corrupt", *(f"removed {item['digest']}" for item in corrupt)]
    code = ExitCode.INTEGRITY if corrupt else ExitCode.OK
    return CommandResult(value={"checked": checked, "removed": corrupt}, lines=lines, exit_code=code)


def run_clear(context: Context) -> CommandResult:
    """Empty the cache."""
    removed = context.cache.evict(max_bytes=0)
    kept = len(context.cache.entries())
    size = sum(entry.size for entry in removed)
    lines = [f"removed {len(removed)} blobs, {size_text(size)}"]
    if kept:
        lines.append(f"{kept} blobs are in use and stay")
    return CommandResult(value={"removed": len(removed), "bytes": size, "in_use": kept}, lines=lines)
