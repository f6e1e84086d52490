"""``push`` and ``pull``: single blobs, and whole releases to a directory."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult, size_text
from artifactd.cli.parsing import Subparsers, UsageError, add_command
from artifactd.client.release_directory import ARTIFACTS_NAME, MANIFEST_NAME
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import resolve_channel
from artifactd.client.save import save_blob
from artifactd.client.sources import BlobRef, FileSource
from schemas.compression import decompress
from schemas.digest import Digest
from schemas.errors import (
    BlobNotFoundError,
    ConfigError,
    FormatError,
    IntegrityError,
    MissingToolError,
    StorageError,
)
from schemas.release import Artifact, Compression, decode_manifest


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    push = add_command(
        parsers,
        "push",
        run_push,
        summary="upload files by digest; what the service has is not sent again",
        examples="""\
  artifactctl push model.bin
  artifactctl push --json dist/*.whl | jq -r '.blobs[].name'""",
    )
    push.add_argument("files", nargs="+", type=Path, metavar="FILE")
    pull = add_command(
        parsers,
        "pull",
        run_pull,
        summary="download a blob to a file, or a release to a directory; nothing appears before it was checked",
        examples="""\
  artifactctl pull sha256:2c26b4.../3 -o foo                    a blob, as push printed its name
  artifactctl pull sha256:9f86d0... -o snapshot.bin             an artifact of a release: its size is looked up
  artifactctl pull pyodide-314.0.5 -o release/                  a release by its id
  artifactctl pull pyodide-314.0.5@sha256:5e8848... -o release/ a pinned release
  artifactctl pull --channel stable -o release/                 what a channel points at, signatures checked""",
        trusts=True,
    )
    pull.add_argument("name", nargs="?", metavar="DIGEST|RELEASE", help="what to download")
    pull.add_argument("--channel", metavar="NAME", help="download the release this channel points at")
    pull.add_argument("-o", "--output", required=True, type=Path, metavar="PATH", help="file or directory to write")


def run_push(context: Context) -> CommandResult:
    """Upload files."""
    files: list[Path] = context.options.files
    with context.reporter.activity("hashing"):
        sources = [FileSource(path) for path in files]
    total = sum({source.ref: source.ref.size for source in sources}.values())
    with context.reporter.transfer("uploading", total) as advance:
        sent = context.blobs.upload_all(sources, progress=lambda ref, done: advance(ref.digest.hex, done))
    blobs = [
        {
            "file": str(path),
            "digest": str(source.ref.digest),
            "size": source.ref.size,
            "name": str(source.ref),
            "uploaded": source.ref in sent,
        }
        for path, source in zip(files, sources, strict=True)
    ]
    lines = [
        f"{source.ref}  {path}{'' if source.ref in sent else '  (was there)'}"
        for path, source in zip(files, sources, strict=True)
    ]
    return CommandResult(value={"blobs": blobs}, lines=lines)


def run_pull(context: Context) -> CommandResult:
    """Download a blob or a release."""
    name, channel = context.options.name, context.options.channel
    if (name is None) == (channel is None):
        raise UsageError("artifactctl pull: name a DIGEST or RELEASE, or give --channel")
    if channel is not None:
        target = resolve_channel(context.channels, root=context.root, channel=channel, store=context.store)
        return _pull_release(context, context.releases.get(target.release_digest))
    if name.startswith("sha256:"):
        return _pull_blob(context, name)
    return _pull_release(context, context.release(name))


def _pull_blob(context: Context, name: str) -> CommandResult:
    digest_text, slash, size_digits = name.partition("/")
    digest = Digest.parse(digest_text)
    if slash:
        if not (size_digits.isascii() and size_digits.isdecimal() and len(size_digits) < 19):
            raise FormatError("not the size of a blob", expected="DIGEST/SIZE", found=repr(name)[:120])
        ref = BlobRef(digest=digest, size=int(size_digits))
    else:
        with context.reporter.activity("looking for a release with this artifact"):
            ref = _find_artifact(context, digest)
    output: Path = context.options.output
    with context.reporter.transfer("downloading", ref.size) as advance:
        chunks = context.blobs.stream(ref, progress=lambda blob, done: advance(blob.digest.hex, done))
        save_blob(output, chunks, ref)
    value = {"digest": str(digest), "size": ref.size, "file": str(output)}
    return CommandResult(value=value, lines=[f"{output}  {size_text(ref.size)}  {digest}"])


def _find_artifact(context: Context, digest: Digest) -> BlobRef:
    """The size of a blob that only its digest is known of, from the manifests that name it."""
    for summary in context.releases.list():
        manifest = decode_manifest(context.releases.get(summary.digest).manifest)
        for artifact in manifest.artifacts:
            if artifact.digest == digest:
                return BlobRef(digest=digest, size=artifact.size)
    raise BlobNotFoundError(
        f"no release has an artifact {digest}", hint="for other blobs give the size, too: DIGEST/SIZE"
    )


def _pull_release(context: Context, record: ReleaseRecord) -> CommandResult:
    """Write the layout that ``release build`` writes and ``release publish`` reads; the manifest comes last."""
    output: Path = context.options.output
    manifest = decode_manifest(record.manifest)
    artifacts = output / ARTIFACTS_NAME
    try:
        artifacts.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot create {artifacts}: {error.strerror or error}", hint="choose another -o") from error
    refs = {digest: BlobRef(digest=digest, size=size) for digest, size in manifest.blobs().items()}
    total = sum(ref.size for ref in refs.values())
    with context.reporter.transfer("downloading", total) as advance:

        def obtain(ref: BlobRef) -> None:
            path = artifacts / ref.digest.hex
            if not _is_whole(path, ref):
                chunks = context.blobs.stream(ref, progress=lambda blob, done: advance(blob.digest.hex, done))
                save_blob(path, chunks, ref)
            advance(ref.digest.hex, ref.size)

        for artifact in manifest.artifacts:
            for variant in artifact.variants:
                obtain(refs[variant.digest])
            _unpack_here(artifact, artifacts)
            obtain(refs[artifact.digest])
    name = BlobRef(digest=record.digest, size=len(record.manifest))
    save_blob(output / MANIFEST_NAME, [record.manifest], name)
    value = {
        "release_id": record.release_id,
        "digest": str(record.digest),
        "directory": str(output),
        "artifacts": [{"digest": str(ref.digest), "size": ref.size} for ref in refs.values()],
    }
    return CommandResult(value=value, lines=[f"{record.release_id}@{record.digest}", f"{output}  {size_text(total)}"])


def _unpack_here(artifact: Artifact, directory: Path) -> None:
    """Make an artifact from its frame, which is here already; where that fails, it is downloaded."""
    frame = next((variant for variant in artifact.variants if variant.base is None), None)
    ref = BlobRef(digest=artifact.digest, size=artifact.size)
    path = directory / artifact.digest.hex
    if frame is None or artifact.compression is not Compression.NONE or _is_whole(path, ref):
        return
    source = FileSource(directory / frame.digest.hex)
    with suppress(FormatError, IntegrityError, MissingToolError):
        save_blob(path, decompress(source.chunks(0)), ref)


def _is_whole(path: Path, ref: BlobRef) -> bool:
    try:
        return FileSource(path).ref == ref
    except ConfigError:
        return False
