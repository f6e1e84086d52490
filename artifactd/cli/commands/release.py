"""``release``: build, publish, show, list and verify releases."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from artifactd.cli.building import BuildOptions, build_release
from artifactd.cli.checking import check_blobs, variant_text
from artifactd.cli.commands.channel import move, moved_value
from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult, size_text, table
from artifactd.cli.parsing import Subparsers, UsageError, add_command, add_group
from artifactd.cli.rebuilding import rebuild, report_lines
from artifactd.client.release_directory import ReleaseDirectory
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import open_session, resolve_channel
from schemas.digest import Digest
from schemas.errors import ChannelNotFoundError, IntegrityError
from schemas.exit_codes import ExitCode
from schemas.release import Artifact, ReleaseManifest, Variant, decode_manifest
from schemas.tuf_names import check_channel_name


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    group = add_group(parsers, "release", summary="build, publish, inspect and verify releases")
    _register_making(group)
    show = add_command(
        group,
        "show",
        run_show,
        summary="show the manifest of a release",
        examples="  artifactctl release show pyodide-314.0.5\n  artifactctl release show sha256:5e8848... --json",
    )
    show.add_argument("release", metavar="RELEASE", help="release id, pin, or manifest digest")
    add_command(
        group,
        "list",
        run_list,
        summary="list all releases",
        examples="  artifactctl release list\n  artifactctl release list --json | jq -r '.releases[].pin'",
    )
    verify = add_command(
        group,
        "verify",
        run_verify,
        summary="download every artifact of a release and check digests, and the signatures of channels",
        examples="""\
  artifactctl release verify pyodide-314.0.5                        bytes; signatures if there is a root.json
  artifactctl release verify --channel stable --root root.json      what the channel points at
  artifactctl release verify pyodide-314.0.5@sha256:5e8848...       exactly this one
  artifactctl release verify --channel stable --rebuild             and that a build gives the same bytes

--rebuild needs the extra packages of `pip install 'artifactd[build]'`.""",
        trusts=True,
    )
    verify.add_argument("release", nargs="?", metavar="RELEASE", help="release id, pin, or manifest digest")
    verify.add_argument("--channel", metavar="NAME", help="the release this channel points at")
    verify.add_argument("--rebuild", action="store_true", help="build it again from its artifacts, and compare")
    verify.add_argument("--work", type=Path, metavar="DIR", help="build cache (or RUNTIME_CORE_BUILD_CACHE)")


def _register_making(group: Subparsers) -> None:
    build = add_command(
        group,
        "build",
        run_build,
        summary="make a release of Pyodide: code image, snapshot and manifest",
        examples="""\
  artifactctl release build --output build/release
  artifactctl release build --packages packages.json --import fastapi --output build/packages
  artifactctl release build --on build/packages --worker src --main worker.py --output build/worker
  artifactctl release build --pyodide 314.0.5 --release-id my-python-1 --output build/release

It needs the extra packages of `pip install 'artifactd[build]'`.""",
        connects=False,
    )
    build.add_argument("--output", required=True, type=Path, metavar="DIR", help="directory to write")
    build.add_argument("--pyodide", metavar="VERSION", help="Pyodide version (default: the reference version)")
    build.add_argument("--release-id", metavar="ID", help="write-once name (default: version and snapshot digest)")
    build.add_argument("--work", type=Path, metavar="DIR", help="build cache (or RUNTIME_CORE_BUILD_CACHE)")
    build.add_argument("--packages", type=Path, metavar="LOCK", help="packages to carry, from packages lock")
    build.add_argument("--archives", type=Path, metavar="DIR", help="take their files from there before the index")
    build.add_argument(
        "--package", dest="names", action="append", default=[], metavar="NAME", help="only this and what it needs"
    )
    build.add_argument(
        "--import", dest="imports", action="append", default=[], metavar="MODULE", help="import it before the snapshot"
    )
    build.add_argument("--no-link", dest="link", action="store_false", help="load native libraries at run time")
    build.add_argument("--from", dest="source", type=Path, metavar="PATH", help="npm tarball or unpacked package")
    build.add_argument("--on", type=Path, metavar="DIR", help="build on this release, with its code image")
    build.add_argument(
        "--delta-base",
        dest="delta_bases",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="nodes may have this release: travel as a delta of it",
    )
    build.add_argument(
        "--worker", type=Path, metavar="PATH", help="dedicate it to a worker: its directory or only file"
    )
    build.add_argument("--main", metavar="FILE", help="main module in the worker's directory (default: worker.py)")
    build.add_argument(
        "--host-module",
        dest="modules",
        action="append",
        default=[],
        metavar="NAME:MEMBER,...",
        help="a host module that the worker imports at its top level",
    )
    publish = add_command(
        group,
        "publish",
        run_publish,
        summary="upload a built release and publish its manifest; run it again after any failure",
        examples="""\
  artifactctl release publish build/release
  artifactctl release publish build/release --channel stable        and point the channel at it""",
        trusts=True,
    )
    publish.add_argument("directory", type=Path, metavar="DIR", help="what release build wrote")
    publish.add_argument("--channel", metavar="NAME", help="then sign and move this channel")


def run_build(context: Context) -> CommandResult:
    """Build a release."""
    options = context.options
    built = build_release(
        BuildOptions(**{item.name: getattr(options, item.name) for item in dataclasses.fields(BuildOptions)})
    )
    directory = ReleaseDirectory.open(options.output)
    value = {
        **built,
        "pin": str(directory.pin),
        "artifacts": [_artifact_value(a) for a in directory.manifest.artifacts],
    }
    lines = [
        str(directory.pin),
        *_artifact_table(directory.manifest),
        f"next: artifactctl release publish {options.output}",
    ]
    return CommandResult(value=value, lines=lines)


def run_publish(context: Context) -> CommandResult:
    """Publish a built release."""
    channel = context.options.channel
    if channel is not None:
        check_channel_name(channel)
        root = context.root  # what is missing for the channel should be said before gigabytes are sent
        session = open_session(context.channels, root=root, channel=None, store=context.store)
        if channel not in session.channels():
            raise ChannelNotFoundError(f"there is no channel {channel}", hint=f"artifactctl channel create {channel}")
    directory = ReleaseDirectory.open(context.options.directory)
    total = sum(directory.manifest.blobs().values())
    with context.reporter.transfer("publishing", total) as advance:
        put, sent = directory.publish(
            context.blobs, context.releases, progress=lambda ref, done: advance(ref.digest.hex, done)
        )
    value: dict[str, Any] = {
        "release_id": put.release_id,
        "digest": str(put.digest),
        "pin": str(directory.pin),
        "created": put.created,
        "uploaded": [str(ref) for ref in sent],
        "uploaded_bytes": sum(ref.size for ref in sent),
    }
    lines = [
        f"{'published' if put.created else 'was published before'}: {directory.pin}",
        f"uploaded {len(sent)} blobs, {size_text(value['uploaded_bytes'])}; the service had the rest",
    ]
    if channel is not None:
        record = ReleaseRecord(release_id=put.release_id, digest=put.digest, manifest=directory.manifest_bytes)
        moved = moved_value(move(context, channel, record))
        value["channel"] = moved
        lines.append(f"channel {channel} version {moved['version']} points at it")
    return CommandResult(value=value, lines=lines)


def run_show(context: Context) -> CommandResult:
    """Show a manifest."""
    record = context.release(context.options.release)
    manifest = decode_manifest(record.manifest)
    abi, provenance = manifest.abi, manifest.provenance
    value = {
        "release_id": record.release_id,
        "digest": str(record.digest),
        "pin": f"{record.release_id}@{record.digest}",
        "artifacts": [_artifact_value(artifact) for artifact in manifest.artifacts],
        "abi": {
            "name": abi.name,
            "pyodide_version": abi.pyodide_version,
            "python_version": abi.python_version,
            "snapshot_type": abi.snapshot_type.value,
            "code_image": str(abi.code_image),
            "table_size": abi.table_size,
            "trampoline_slot": abi.trampoline_slot,
            "memory_pages": abi.memory_pages,
            "runtime_state": abi.runtime_state,
        },
        "provenance": {
            "created": provenance.created,
            "flags": list(provenance.flags),
            "inputs": [{"name": item.name, "digest": str(item.digest)} for item in provenance.inputs],
            "tools": [
                {"name": tool.name, "version": tool.version, "flags": list(tool.flags)} for tool in provenance.tools
            ],
        },
    }
    lines = [
        f"pin       {value['pin']}",
        f"pyodide   {abi.pyodide_version}, CPython {abi.python_version}, {abi.name}",
        f"snapshot  {abi.snapshot_type.value}, {abi.memory_pages} pages of 64 KiB",
        *_artifact_table(manifest),
        *(f"input     {item.name}  {item.digest}" for item in provenance.inputs),
        *(f"tool      {' '.join((tool.name, tool.version, *tool.flags))}" for tool in provenance.tools),
    ]
    return CommandResult(value=value, lines=lines)


def run_list(context: Context) -> CommandResult:
    """List the releases."""
    summaries = list(context.releases.list())
    value = [
        {
            "release_id": summary.release_id,
            "digest": str(summary.digest),
            "pin": f"{summary.release_id}@{summary.digest}",
            "pyodide_version": summary.pyodide_version,
        }
        for summary in summaries
    ]
    rows = [(summary.release_id, summary.pyodide_version, str(summary.digest)) for summary in summaries]
    lines = table(rows, header=("release", "pyodide", "digest")) if rows else ["no releases"]
    return CommandResult(value={"releases": value}, lines=lines)


def run_verify(context: Context) -> CommandResult:
    """Check a release from the outside, trusting neither the service nor the local cache."""
    name, channel = context.options.release, context.options.channel
    if (name is None) == (channel is None):
        raise UsageError("artifactctl release verify: name a RELEASE, or give --channel")
    if channel is not None:
        target = resolve_channel(context.channels, root=context.root, channel=channel, store=context.store)
        record = context.releases.get(target.release_digest)
        if record.release_id != target.release_id:
            raise IntegrityError(
                "the channel and the manifest differ", expected=target.release_id, found=record.release_id
            )
    else:
        record = context.release(name)
    manifest = decode_manifest(record.manifest)
    if manifest.release_id != record.release_id:
        raise IntegrityError(
            "the manifest is of another release", expected=record.release_id, found=manifest.release_id
        )
    signed_by = _signing_channels(context, record.digest)
    checks = check_blobs(context, manifest)
    failed = any(check.error is not None for check in checks)
    value = {
        "release_id": record.release_id,
        "digest": str(record.digest),
        "ok": not failed,
        "signed_by": signed_by,
        "artifacts": [
            {**_artifact_value(check.artifact), **check.to_json()} for check in checks if check.variant is None
        ],
        "variants": [
            {**_variant_value(check.variant), "artifact": str(check.artifact.digest), **check.to_json()}
            for check in checks
            if check.variant is not None
        ],
    }
    lines = [f"{record.release_id}@{record.digest}", *(check.line() for check in checks)]
    if signed_by is None:
        lines.append("signatures  not checked: no trusted root (give --root)")
    else:
        lines.append(f"signatures  {'channel ' + ', '.join(signed_by) if signed_by else 'no channel points at it'}")
    if context.options.rebuild and not failed:
        report = rebuild(context, record, work=context.options.work)
        failed = not report["ok"]
        value |= {"ok": not failed, "rebuild": report}
        lines += report_lines(report)
    lines.append("FAILED" if failed else "ok")
    return CommandResult(value=value, lines=lines, exit_code=ExitCode.INTEGRITY if failed else ExitCode.OK)


def _signing_channels(context: Context, digest: Digest) -> list[str] | None:
    """The channels whose verified metadata points at the release; None without a trusted root."""
    if not context.root_path.exists():
        return None
    root = context.root
    session = open_session(context.channels, root=root, channel=None, store=context.store)
    signing = []
    for channel in session.channels():
        if session.channel_version(channel):
            target = resolve_channel(context.channels, root=root, channel=channel, store=context.store)
            if target.release_digest == digest:
                signing.append(channel)
    return signing


def _artifact_value(artifact: Artifact) -> dict[str, Any]:
    return {
        "role": artifact.role.value,
        "name": artifact.name,
        "digest": str(artifact.digest),
        "size": artifact.size,
        "media_type": artifact.media_type,
        "compression": artifact.compression.value,
        "content_digest": str(artifact.content_digest),
        "content_size": artifact.content_size,
        "variants": [_variant_value(variant) for variant in artifact.variants],
    }


def _variant_value(variant: Variant) -> dict[str, Any]:
    base = variant.base
    return {
        "digest": str(variant.digest),
        "size": variant.size,
        "base": str(base.digest) if base is not None else None,
        "base_size": base.size if base is not None else None,
    }


def _artifact_table(manifest: ReleaseManifest) -> list[str]:
    rows = []
    for item in manifest.artifacts:
        rows.append((item.role.value, size_text(item.size), str(item.digest), item.name))
        rows += [("", size_text(v.size), str(v.digest), variant_text(v)) for v in item.variants]
    return table(rows, header=("artifact", "size", "digest", "name"))
