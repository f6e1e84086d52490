"""``renew``: sign metadata anew before, or after, it expires."""

from __future__ import annotations

from artifactd.cli.context import Context
from artifactd.cli.output import CommandResult
from artifactd.cli.parsing import Subparsers, add_command


def register(parsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(
        parsers,
        "renew",
        run,
        summary="sign anew what will expire of root, targets and channels, as far as the keys are here",
        examples="""\
  artifactctl renew
  artifactctl renew --keys ./offline/keys --root ./keys/root.json     the keys of one place, then those of another
  artifactctl renew --replace-online-keys                             the service has lost its key file

Root and targets are valid for 365 days, channels for 90; a promotion renews its channel, too. What has more than half
of that left is not touched, so this can run every day. What has expired already can still be renewed. Users keep the
root.json they have.""",
        trusts=True,
    )
    parser.add_argument(
        "--replace-online-keys",
        action="store_true",
        help="let root name the keys that the service has now; make sure that it is your service",
    )


def run(context: Context) -> CommandResult:
    """Renew what can be renewed here."""
    with context.reporter.activity("renewing metadata"):
        renewed = context.publisher.renew(context.root, replace_online_keys=context.options.replace_online_keys)
    lines = [f"{role}: signed anew" for role in renewed.roles]
    lines += [f"{role}: its key is not here, renew it where that is" for role in renewed.elsewhere]
    lines += [f"{role}: valid for long enough" for role in renewed.current]
    value = {
        "renewed": list(renewed.roles),
        "elsewhere": list(renewed.elsewhere),
        "current": list(renewed.current),
    }
    return CommandResult(value=value, lines=lines)
