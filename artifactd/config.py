"""The daemon's settings: file, environment and flags put together, checked once, all problems at a time.

A value given as a flag beats the environment variable, which beats the file, which beats the default. Flags and
variables follow from the setting's name: ``limits.max_workers`` is ``--limits-max-workers`` and
``ARTIFACTD_LIMITS_MAX_WORKERS``. The store is chosen by one of them: ``file:DIRECTORY`` or ``s3:BUCKET[/PREFIX]``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from artifactd.settings import ServerSettings, check_settings
from schemas.config import (
    FileStoreMessage,
    LogLevel,
    S3StoreMessage,
    ServerConfigMessage,
    decode_config,
    default_config,
    default_s3_store,
    evaluate_config_file,
)
from schemas.errors import ConfigError, PlatformError

ENVIRONMENT_PREFIX: Final = "ARTIFACTD_"
CONFIG_VARIABLE: Final = "ARTIFACTD_CONFIG"
CLIENT_VARIABLES: Final = frozenset(
    ENVIRONMENT_PREFIX + name
    for name in ("ADDRESS", "CA", "TOKEN", "CACHE", "CACHE_BYTES", "STATE", "KEYS", "ROOT", "KEY_PASSWORD")
)
"""What the client and artifactctl read; a shell that has them set can also start the daemon."""


class ConfigProblemsError(ConfigError):
    """The settings are wrong; ``problems`` has one sentence each."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"{count} in the configuration: " + "; ".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One overridable value: its dotted name, the type of its text form, and what it means."""

    name: str
    kind: str
    help: str

    @property
    def flag(self) -> str:
        """For example ``--limits-max-workers``."""
        return "--" + self.name.replace(".", "-").replace("_", "-")

    @property
    def variable(self) -> str:
        """For example ``ARTIFACTD_LIMITS_MAX_WORKERS``."""
        return ENVIRONMENT_PREFIX + self.name.replace(".", "_").upper()


SETTINGS: Final = (
    Setting(name="listen_address", kind="text", help="address to listen on"),
    Setting(name="port", kind="integer", help="port to listen on; 0 takes any free one"),
    Setting(name="store", kind="store", help="file:DIRECTORY or s3:BUCKET[/PREFIX]"),
    Setting(name="s3.endpoint", kind="text", help="URL of the S3 store; empty: the provider's own"),
    Setting(name="s3.region", kind="text", help="region of the S3 store"),
    Setting(name="s3.access_key_file", kind="path", help="file of two lines: key id, secret"),
    Setting(name="s3.path_style", kind="boolean", help="bucket in the path instead of the host name"),
    Setting(name="s3.connect_timeout_seconds", kind="integer", help="for one connection to the S3 store"),
    Setting(name="s3.read_timeout_seconds", kind="integer", help="for one answer of the S3 store"),
    Setting(name="s3.max_attempts", kind="integer", help="attempts per request that is safe to repeat"),
    Setting(name="s3.max_connections", kind="integer", help="connections to the S3 store"),
    Setting(name="staging_directory", kind="path", help="unfinished uploads; empty: in the file store, or in /var/tmp"),
    Setting(name="online_key_file", kind="path", help="keys for snapshot and timestamp; created when missing"),
    Setting(name="limits.max_blob_bytes", kind="integer", help="size of the largest blob"),
    Setting(name="limits.max_message_bytes", kind="integer", help="size of the largest gRPC message"),
    Setting(name="limits.max_workers", kind="integer", help="calls served at once"),
    Setting(name="limits.max_uploads", kind="integer", help="uploads in progress at once"),
    Setting(name="limits.max_staged_bytes", kind="integer", help="unfinished uploads together"),
    Setting(name="limits.upload_idle_seconds", kind="integer", help="when an unfinished upload is forgotten"),
    Setting(name="drain_seconds", kind="integer", help="how long calls in flight get after SIGTERM"),
    Setting(name="log_level", kind="text", help="debug, info, warning or error"),
    Setting(name="timestamp_expiry_seconds", kind="integer", help="how long clients may trust a timestamp"),
    Setting(name="snapshot_expiry_seconds", kind="integer", help="how long clients may trust a snapshot"),
    Setting(name="tls_certificate_file", kind="path", help="PEM certificate chain; empty: no TLS"),
    Setting(name="tls_key_file", kind="path", help="PEM private key"),
    Setting(name="token_file", kind="path", help="bearer token that writers must send; empty: none"),
)


def load_settings(
    *,
    file: Path | None,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    directory: Path,
) -> ServerSettings:
    """Put the settings together and check them.

    Args:
        file: the operator's ``.capnp`` file, or None; ``ARTIFACTD_CONFIG`` in the environment stands in for it.
        flags: text by setting name, as given on the command line.
        environment: the process's environment.
        directory: what relative paths in flags, variables and defaults are relative to.

    Raises:
        ConfigProblemsError: naming everything that is wrong.
    """
    named = environment.get(CONFIG_VARIABLE, "")
    chosen = file if file is not None else (directory / named if named else None)
    problems: list[str] = []
    message = default_config()
    if chosen is not None:
        try:
            message = decode_config(evaluate_config_file(chosen))
        except PlatformError as error:
            problems.append(str(error))
        message = _anchored(message, chosen.parent.absolute())
    message = _anchored(_overridden(message, flags, environment, directory, problems), directory)
    settings = check_settings(message, problems)
    if problems:
        raise ConfigProblemsError(tuple(problems))
    return settings


def _overridden(
    message: ServerConfigMessage,
    flags: Mapping[str, str],
    environment: Mapping[str, str],
    directory: Path,
    problems: list[str],
) -> ServerConfigMessage:
    known = {setting.variable for setting in SETTINGS} | {CONFIG_VARIABLE} | CLIENT_VARIABLES
    problems.extend(
        f"{name} is not a setting; known are {ENVIRONMENT_PREFIX}PORT, {ENVIRONMENT_PREFIX}STORE and so on (see --help)"
        for name in sorted(environment)
        if name.startswith(ENVIRONMENT_PREFIX) and name not in known
    )
    for setting in SETTINGS:
        if setting.name in flags:
            origin, text = setting.flag, flags[setting.name]
        elif setting.variable in environment:
            origin, text = setting.variable, environment[setting.variable]
        else:
            continue
        try:
            message = _with_value(message, setting, _PARSERS[setting.kind](text, directory))
        except ConfigError as error:
            problems.append(f"{origin}={text!r}: {error}")
    return message


def _with_value(message: ServerConfigMessage, setting: Setting, value: Any) -> ServerConfigMessage:
    group, _, name = setting.name.rpartition(".")
    if setting.name == "store":
        if isinstance(value, S3StoreMessage) and isinstance(message.store, S3StoreMessage):
            value = replace(message.store, bucket=value.bucket, prefix=value.prefix)
        return replace(message, store=value)
    if group == "s3":
        if not isinstance(message.store, S3StoreMessage):
            raise ConfigError("the store is not on S3", hint="choose it with store=s3:BUCKET")
        return replace(message, store=replace(message.store, **{name: value}))
    if group == "limits":
        return replace(message, limits=replace(message.limits, **{name: value}))
    if name == "log_level":
        if value not in tuple(LogLevel):
            raise ConfigError("not a log level", expected=", ".join(LogLevel))
        value = LogLevel(value)
    return replace(message, **{name: value})


def _parse_integer(text: str, _: Path) -> int:
    if re.fullmatch(r"[0-9]{1,18}", text, re.ASCII) is None:
        raise ConfigError("not a number", expected="decimal digits")
    return int(text)


def _parse_boolean(text: str, _: Path) -> bool:
    if text not in ("true", "false"):
        raise ConfigError("not a truth value", expected="true or false")
    return text == "true"


def _parse_path(text: str, directory: Path) -> str:
    return str(directory / text) if text else ""


def _parse_store(text: str, directory: Path) -> FileStoreMessage | S3StoreMessage:
    kind, _, rest = text.partition(":")
    if kind == "file" and rest:
        return FileStoreMessage(path=str(directory / rest))
    if kind == "s3" and rest:
        bucket, _, prefix = rest.removeprefix("//").partition("/")
        return replace(default_s3_store(), bucket=bucket, prefix=prefix)
    raise ConfigError("not a store", expected="file:DIRECTORY or s3:BUCKET[/PREFIX]")


_PARSERS: Final[dict[str, Callable[[str, Path], object]]] = {
    "text": lambda text, _: text,
    "integer": _parse_integer,
    "boolean": _parse_boolean,
    "path": _parse_path,
    "store": _parse_store,
}


def _anchored(message: ServerConfigMessage, directory: Path) -> ServerConfigMessage:
    """The same settings with every path absolute."""
    store = message.store
    if isinstance(store, FileStoreMessage):
        store = FileStoreMessage(path=_parse_path(store.path, directory))
    else:
        store = replace(store, access_key_file=_parse_path(store.access_key_file, directory))
    return replace(
        message,
        store=store,
        online_key_file=_parse_path(message.online_key_file, directory),
        tls_certificate_file=_parse_path(message.tls_certificate_file, directory),
        tls_key_file=_parse_path(message.tls_key_file, directory),
        token_file=_parse_path(message.token_file, directory),
        staging_directory=_parse_path(message.staging_directory, directory),
    )
