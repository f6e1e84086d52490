"""The service's settings: typed values <-> Cap'n Proto bytes, and the evaluation of an operator's file.

Only types are checked here. Ranges, paths and what belongs together are checked where the settings are used.
Defaults are in ``config.capnp`` and nowhere else; start from :func:`default_config`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from schemas import _capnp
from schemas.errors import ConfigError

MAX_CONFIG_BYTES: Final = 64 * 1024
EVALUATION_SECONDS: Final = 30
_FILE: Final = "config.capnp"
_STRUCT: Final = "ServerConfig"
_MAX_TEXT: Final = 4096
_COMPILER_LINE: Final = re.compile(r"^\S*\.capnp:(\d+): failed:")
"""Where a mistake is; the compiler counts lines from 0."""


class LogLevel(StrEnum):
    """How much the service logs; the order is that of the schema's enumerants."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStoreMessage:
    """The embedded store: a directory."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class S3StoreMessage:
    """A bucket of an S3-compatible service; empty text means not set."""

    endpoint: str
    bucket: str
    prefix: str
    region: str
    access_key_file: str
    path_style: bool
    connect_timeout_seconds: int
    read_timeout_seconds: int
    max_attempts: int
    max_connections: int


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitsMessage:
    """What one client, or all of them together, may use."""

    max_blob_bytes: int
    max_message_bytes: int
    max_workers: int
    max_uploads: int
    upload_idle_seconds: int
    max_staged_bytes: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerConfigMessage:
    """One ServerConfig message; the meaning of each field is in ``config.capnp``. Empty text means not set."""

    listen_address: str
    port: int
    store: FileStoreMessage | S3StoreMessage
    online_key_file: str
    limits: LimitsMessage
    drain_seconds: int
    log_level: LogLevel
    timestamp_expiry_seconds: int
    snapshot_expiry_seconds: int
    tls_certificate_file: str
    tls_key_file: str
    token_file: str
    staging_directory: str


def default_config() -> ServerConfigMessage:
    """The settings of a service without configuration."""
    return decode_config(_capnp.encode(_FILE, _STRUCT, {}, max_bytes=MAX_CONFIG_BYTES))


def default_s3_store() -> S3StoreMessage:
    """The settings of an S3 store of which nothing is given yet, not even its bucket."""
    data = _capnp.encode(_FILE, _STRUCT, {"store": {"s3": {}}}, max_bytes=MAX_CONFIG_BYTES)
    store = decode_config(data).store
    if not isinstance(store, S3StoreMessage):
        raise TypeError(store)
    return store


def encode_config(config: ServerConfigMessage) -> bytes:
    """The message of some settings.

    Raises:
        FormatError: a value its field cannot hold, such as a negative port.
    """
    store: dict[str, object]
    if isinstance(config.store, FileStoreMessage):
        store = {"file": config.store.path}
    else:
        store = {"s3": _camel_fields(config.store)}
    values = _camel_fields(config) | {
        "store": store,
        "limits": _camel_fields(config.limits),
        "logLevel": str(config.log_level),
    }
    return _capnp.encode(_FILE, _STRUCT, values, max_bytes=MAX_CONFIG_BYTES)


def decode_config(data: bytes) -> ServerConfigMessage:
    """The settings in a message; defaults where it says nothing.

    Raises:
        FormatError: not a ServerConfig message.
    """
    with _capnp.decode(_FILE, _STRUCT, data, max_bytes=MAX_CONFIG_BYTES) as root:
        return ServerConfigMessage(
            listen_address=_text(root, "listenAddress"),
            port=root.integer("port"),
            store=_store(root.struct("store")),
            online_key_file=_text(root, "onlineKeyFile"),
            limits=_limits(root.struct("limits")),
            drain_seconds=root.integer("drainSeconds"),
            log_level=root.enumerant("logLevel", tuple(LogLevel)),
            timestamp_expiry_seconds=root.integer("timestampExpirySeconds"),
            snapshot_expiry_seconds=root.integer("snapshotExpirySeconds"),
            tls_certificate_file=_text(root, "tlsCertificateFile"),
            tls_key_file=_text(root, "tlsKeyFile"),
            token_file=_text(root, "tokenFile"),
            staging_directory=_text(root, "stagingDirectory"),
        )


def evaluate_config_file(path: Path) -> bytes:
    """The message of the constant ``config`` in an operator's ``.capnp`` file.

    The schema compiler ends its process at the first mistake, so it runs in a child.

    Raises:
        ConfigError: the file cannot be read or compiled, or defines no such constant; with the compiler's words.
    """
    if not path.is_file():
        raise ConfigError(f"no configuration file at {path}", hint="without --config the daemon runs on its defaults")
    package_root = str(_capnp.SCHEMA_DIRECTORY.parent)
    search = os.pathsep.join(filter(None, (package_root, os.environ.get("PYTHONPATH"))))
    try:
        child = subprocess.run(
            [sys.executable, "-P", "-m", "schemas._evaluate_config", str(path.absolute())],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=EVALUATION_SECONDS,
            env={**os.environ, "PYTHONPATH": search},
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigError(f"{path} was not evaluated within {EVALUATION_SECONDS} s") from error
    if child.returncode != 0:
        raise ConfigError(f"{path} is not a valid configuration: {_explanation(child.stderr)}")
    return child.stdout


def _explanation(stderr: bytes) -> str:
    """The compiler's words without the noise of the aborting process."""
    lines = [line.strip() for line in stderr.decode("utf-8", "replace").splitlines()]
    told = [line.removeprefix("what():").strip() for line in lines if line and not line.startswith("terminate called")]
    told = [_COMPILER_LINE.sub(lambda match: f"line {int(match[1]) + 1}:", line) for line in told]
    return " ".join(told)[:1000] or "the schema compiler said nothing"


def _store(store: _capnp.Reader) -> FileStoreMessage | S3StoreMessage:
    if store.which() == "file":
        return FileStoreMessage(path=_text(store, "file"))
    s3 = store.struct("s3")
    return S3StoreMessage(
        endpoint=_text(s3, "endpoint"),
        bucket=_text(s3, "bucket"),
        prefix=_text(s3, "prefix"),
        region=_text(s3, "region"),
        access_key_file=_text(s3, "accessKeyFile"),
        path_style=s3.boolean("pathStyle"),
        connect_timeout_seconds=s3.integer("connectTimeoutSeconds"),
        read_timeout_seconds=s3.integer("readTimeoutSeconds"),
        max_attempts=s3.integer("maxAttempts"),
        max_connections=s3.integer("maxConnections"),
    )


def _limits(limits: _capnp.Reader) -> LimitsMessage:
    return LimitsMessage(
        max_blob_bytes=limits.integer("maxBlobBytes"),
        max_message_bytes=limits.integer("maxMessageBytes"),
        max_workers=limits.integer("maxWorkers"),
        max_uploads=limits.integer("maxUploads"),
        upload_idle_seconds=limits.integer("uploadIdleSeconds"),
        max_staged_bytes=limits.integer("maxStagedBytes"),
    )


def _text(reader: _capnp.Reader, field: str) -> str:
    return reader.text(field, max_length=_MAX_TEXT)


def _camel_fields(message: ServerConfigMessage | S3StoreMessage | LimitsMessage) -> dict[str, object]:
    return {_camel(name): getattr(message, name) for name in message.__dataclass_fields__}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
