"""``channel``: create channels, move them, look at them."""

from __future__ import annotations

from typing import Any

from artifactd.cli.context import Context, new_password
from artifactd.cli.output import CommandResult, table
from artifactd.cli.parsing import Parser, Subparsers, UsageError, add_command, add_group
from artifactd.client.history import HistoryEntry, Verification
from artifactd.client.publisher import ChannelMoved
from artifactd.client.releases import ReleaseRecord
from artifactd.client.resolve import read_history, resolve_channel
from schemas.errors import ReleaseNotFoundError
from schemas.tuf_names import check_channel_name


def register(parsers: Subparsers) -> None:
    """Add the commands."""
    group = add_group(parsers, "channel", summary="create, move and inspect channels, the signed names of releases")
    _register_changes(group)
    show = add_command(
        group,
        "show",
        run_show,
        summary="say where a channel points, with all signatures checked",
        examples="""\
  artifactctl channel show stable --root root.json
  artifactctl channel show stable --json | jq -r .pin""",
        trusts=True,
    )
    _add_channel(show)
    history = add_command(
        group,
        "history",
        run_history,
        summary="list where a channel pointed before, newest first",
        examples="  artifactctl channel history stable --limit 10",
        trusts=True,
    )
    _add_channel(history)
    history.add_argument("--limit", type=int, default=20, metavar="N", help="versions to go back (default: 20)")
    add_command(
        group,
        "list",
        run_list,
        summary="list all channels as the service tells them; `channel show` checks the signatures of one",
        examples="  artifactctl channel list",
    )


def _register_changes(group: Subparsers) -> None:
    create = add_command(
        group,
        "create",
        run_create,
        summary="create a channel that points nowhere yet, and its key",
        examples="  artifactctl channel create canary\n  artifactctl channel create canary --encrypt",
        trusts=True,
    )
    _add_channel(create)
    create.add_argument(
        "--encrypt", action="store_true", help="encrypt a new key (ARTIFACTD_KEY_PASSWORD, or asked for)"
    )
    rotate = add_command(
        group,
        "rotate-key",
        run_rotate_key,
        summary="replace the keys of a channel by a new one, such as after a theft; needs the key of targets",
        examples="  artifactctl channel rotate-key stable",
        trusts=True,
    )
    _add_channel(rotate)
    rotate.add_argument(
        "--encrypt", action="store_true", help="encrypt the new key (ARTIFACTD_KEY_PASSWORD, or asked for)"
    )
    promote = add_command(
        group,
        "promote",
        run_promote,
        summary="point a channel at a release",
        examples="""\
  artifactctl channel promote stable pyodide-314.0.5
  artifactctl channel promote stable pyodide-314.0.5@sha256:5e8848...    only if it is exactly this one
  artifactctl channel promote stable --from canary                       what canary points at""",
        trusts=True,
    )
    _add_channel(promote)
    promote.add_argument("release", nargs="?", metavar="RELEASE", help="release id, pin, or manifest digest")
    promote.add_argument("--from", dest="source", metavar="CHANNEL", help="the release another channel points at")
    rollback = add_command(
        group,
        "rollback",
        run_rollback,
        summary="point a channel at the release it pointed at before; again, and it is back",
        examples="""\
  artifactctl channel rollback stable
  artifactctl channel rollback stable --to pyodide-314.0.4""",
        trusts=True,
    )
    _add_channel(rollback)
    rollback.add_argument("--to", metavar="RELEASE", help="an earlier release: id, pin or manifest digest")


def run_create(context: Context) -> CommandResult:
    """Create a channel."""
    name = check_channel_name(context.options.channel)
    root = context.root
    password = new_password() if context.options.encrypt else None
    context.publisher.create_channel(root, name, password=password)
    lines = [f"created channel {name}", f"next: artifactctl channel promote {name} RELEASE"]
    return CommandResult(value={"channel": name, "created": True}, lines=lines)


def run_rotate_key(context: Context) -> CommandResult:
    """Replace a channel's keys."""
    name = check_channel_name(context.options.channel)
    password = new_password() if context.options.encrypt else None
    key_id = context.publisher.rotate_channel_keys(context.root, name, password=password)
    lines = [
        f"channel {name} is signed by the new key {key_id[:16]}; its old ones are retired",
        "give the new key to everybody who moves the channel, and keep a copy",
    ]
    return CommandResult(value={"channel": name, "key_id": key_id}, lines=lines)


def run_promote(context: Context) -> CommandResult:
    """Point a channel at a release."""
    name, release, source = context.options.channel, context.options.release, context.options.source
    if (release is None) == (source is None):
        raise UsageError("artifactctl channel promote: give a RELEASE, or --from CHANNEL")
    if source is not None:
        target = resolve_channel(context.channels, root=context.root, channel=source, store=context.store)
        record = context.releases.get(target.release_digest)
    else:
        record = context.release(release)
    return moved_result(move(context, name, record))


def run_rollback(context: Context) -> CommandResult:
    """Point a channel at an earlier release."""
    name = check_channel_name(context.options.channel)
    if context.options.to is not None:
        return moved_result(move(context, name, context.release(context.options.to)))
    entries = read_history(context.channels, root=context.root, channel=name, store=context.store)
    for entry in entries[1:]:
        if entry.release_digest != entries[0].release_digest and entry.verification is Verification.CURRENT_KEYS:
            return moved_result(move(context, name, context.releases.get(entry.release_digest)))
    raise ReleaseNotFoundError(
        f"channel {name} has no earlier release that its present keys have signed",
        hint=f"see artifactctl channel history {name}, and name a release with --to",
    )


def run_show(context: Context) -> CommandResult:
    """Show a verified channel."""
    target = resolve_channel(context.channels, root=context.root, channel=context.options.channel, store=context.store)
    pin = f"{target.release_id}@{target.release_digest}"
    value = {
        "channel": target.channel,
        "version": target.channel_version,
        "release_id": target.release_id,
        "digest": str(target.release_digest),
        "pin": pin,
        "moved_at": target.moved_at.isoformat(),
        "expires": target.expires.isoformat(),
    }
    lines = [
        f"channel  {target.channel}, version {target.channel_version}, signatures checked",
        f"pin      {pin}",
        f"moved    {target.moved_at:%Y-%m-%d %H:%M:%S} UTC",
        f"expires  {target.expires:%Y-%m-%d %H:%M:%S} UTC",
    ]
    return CommandResult(value=value, lines=lines)


def run_history(context: Context) -> CommandResult:
    """Show where a channel pointed."""
    if not 1 <= context.options.limit <= 1000:
        raise UsageError("artifactctl channel history: --limit takes 1 to 1000")
    name = check_channel_name(context.options.channel)
    entries = read_history(
        context.channels, root=context.root, channel=name, store=context.store, limit=context.options.limit
    )
    rows = [
        (
            str(entry.version),
            f"{entry.moved_at:%Y-%m-%d %H:%M:%S}",
            f"{entry.release_id}@{entry.release_digest}",
            _signature_text(entry),
        )
        for entry in entries
    ]
    value = {"channel": name, "entries": [_history_value(entry) for entry in entries]}
    return CommandResult(value=value, lines=table(rows, header=("version", "moved (UTC)", "release", "signed by")))


def run_list(context: Context) -> CommandResult:
    """List the channels."""
    channels = context.channels.list()
    value = [
        {
            "name": channel.name,
            "version": channel.version,
            "release_id": channel.release_id or None,
            "digest": str(channel.release_digest) if channel.release_digest else None,
        }
        for channel in channels
    ]
    rows = [(channel.name, str(channel.version), channel.release_id or "(nowhere yet)") for channel in channels]
    lines = table(rows, header=("channel", "version", "release")) if rows else ["no channels"]
    return CommandResult(value={"channels": value, "verified": False}, lines=lines)


def move(context: Context, name: str, record: ReleaseRecord) -> ChannelMoved:
    """Move a channel, showing that it runs if it takes a while."""
    with context.reporter.activity(f"moving channel {name}"):
        return context.publisher.move_channel(context.root, check_channel_name(name), record)


def moved_result(moved: ChannelMoved) -> CommandResult:
    """The result of a move."""
    lines = [f"channel {moved.channel} version {moved.channel_version} -> {moved_value(moved)['pin']}"]
    return CommandResult(value=moved_value(moved), lines=lines)


def moved_value(moved: ChannelMoved) -> dict[str, Any]:
    """A move as JSON values."""
    return {
        "channel": moved.channel,
        "version": moved.channel_version,
        "release_id": moved.release.release_id,
        "digest": str(moved.release.digest),
        "pin": f"{moved.release.release_id}@{moved.release.digest}",
    }


def _add_channel(parser: Parser) -> None:
    parser.add_argument("channel", metavar="CHANNEL")


def _signature_text(entry: HistoryEntry) -> str:
    return {
        Verification.COMMITTED: "current keys, verified",
        Verification.CURRENT_KEYS: "current keys",
        Verification.OTHER_KEYS: "OTHER KEYS, do not rely on it",
    }[entry.verification]


def _history_value(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "version": entry.version,
        "release_id": entry.release_id,
        "digest": str(entry.release_digest),
        "moved_at": entry.moved_at.isoformat(),
        "expires": entry.expires.isoformat(),
        "verification": entry.verification.value,
    }
