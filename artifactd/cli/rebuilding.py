"""Builds a published release again, from its own artifacts, and tells what came of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from artifactd.cli.building import rebuild_release
from artifactd.cli.context import Context
from artifactd.client.fetch import ReleaseFetcher
from artifactd.client.release_directory import ARTIFACTS_NAME, MANIFEST_NAME
from artifactd.client.releases import ReleaseRecord
from schemas.release import decode_manifest


def rebuild(context: Context, record: ReleaseRecord, *, work: Path | None) -> Mapping[str, Any]:
    """Fetch a release and have it built again in a child process; returns the child's report.

    Raises:
        MissingToolError: what a build needs is not installed.
        PlatformError: the release could not be fetched, or not be built.
    """
    manifest = decode_manifest(record.manifest)
    with (
        tempfile.TemporaryDirectory(prefix="artifactctl-rebuild-") as temporary,
        context.reporter.transfer("fetching", sum(item.content_size for item in manifest.artifacts)) as advance,
    ):
        directory = Path(temporary)
        (directory / ARTIFACTS_NAME).mkdir()
        fetched = ReleaseFetcher(context.connection, context.cache).artifacts(
            manifest, progress=lambda item, done: advance(item.digest.hex, done)
        )
        for lease, transfer in fetched:
            with lease:
                shutil.copyfile(lease.path, directory / ARTIFACTS_NAME / transfer.artifact.digest.hex)
        (directory / MANIFEST_NAME).write_bytes(record.manifest)
        return rebuild_release(directory, work=work, quiet=context.options.quiet)


def report_lines(report: Mapping[str, Any]) -> list[str]:
    """The report for people."""
    lines = []
    for item in report["artifacts"]:
        state = "given  " if item["given"] else "rebuilt" if item["ok"] else "DIFFERS"
        lines.append(f"{state} {item['role']:15} {item['found']}")
        if not item["ok"]:
            lines.append(f"        {item['difference']}")
    if not report["manifest"]["ok"]:
        lines.append(f"DIFFERS manifest: {report['manifest']['difference']}")
    return lines
