"""``init``: keys, the trusted root and a first channel."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from artifactd.cli.context import Context, new_password
from artifactd.cli.output import CommandResult
from artifactd.cli.parsing import Subparsers, add_command
from artifactd.client.resolve import open_session, read_root
from artifactd.client.trust import ExpiryPolicy
from schemas.digest import Digest
from schemas.errors import ConfigError
from schemas.tuf_names import check_channel_name


def register(parsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        parsers,
        "init",
        run,
        summary="create keys, the root metadata and a first channel; running it again changes nothing",
        examples="""\
  artifactctl init --address 127.0.0.1:7420
  artifactctl init --keys ./keys --channel stable --channel canary
  artifactctl init --encrypt                      protect the new keys by a password

root.json, beside the keys unless --root says otherwise, is what users of the releases have to be given.
The private keys never leave this machine: keep a copy of the directory in a safe place.""",
        trusts=True,
    )
    parser.add_argument("--channel", action="append", metavar="NAME", help="create this channel (default: stable)")
    parser.add_argument("--no-channel", action="store_true", help="create no channel")
    parser.add_argument(
        "--encrypt", action="store_true", help="encrypt new keys (ARTIFACTD_KEY_PASSWORD, or asked for)"
    )


def run(context: Context) -> CommandResult:
    """Create what is missing."""
    names = [] if context.options.no_channel else context.options.channel or ["stable"]
    channels = [check_channel_name(name) for name in names]
    password = new_password() if context.options.encrypt else None
    publisher, path = context.publisher, context.root_path
    created = publisher.create_keys(password=password)
    if path.exists():
        root = read_root(path)
    else:
        # The root is on the disk before the service has it: a crash in between leaves nothing that is lost.
        root = publisher.find_root() or publisher.sign_root()
        _write_new(path, root)
    initialised = publisher.initialise(root)
    session = open_session(
        context.channels, root=root, channel=None, store=context.store, expiry=ExpiryPolicy.TOLERATE_PUBLISHERS
    )
    missing = [name for name in channels if name not in session.channels()]
    for name in missing:
        publisher.create_channel(root, name, password=password)
    value = {
        "keys": str(context.keys_path),
        "root": str(path),
        "root_digest": str(Digest.of(root)),
        "initialised": initialised,
        "created_keys": created,
        "created_channels": missing,
    }
    lines = [
        "initialised the service" if initialised else "the service was initialised before",
        f"keys      {context.keys_path}  (private, keep a copy)",
        f"root      {path}  ({Digest.of(root).short}, give this file to users)",
        f"channels  {', '.join(missing) + ' (new)' if missing else 'nothing new'}",
    ]
    return CommandResult(value=value, lines=lines)


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that must not exist yet, whole or not at all."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".root.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), 0o644)
                file.flush()
                os.fsync(file.fileno())
            path.hardlink_to(temporary)
        finally:
            temporary.unlink()
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}", hint="check the directory") from error
