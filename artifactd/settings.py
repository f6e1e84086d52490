"""Checked settings: ranges, files and what belongs together. Everything that is wrong is told, not just the first."""

from __future__ import annotations

import ipaddress
import os
import re
import stat
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from schemas.config import FileStoreMessage, LimitsMessage, LogLevel, S3StoreMessage, ServerConfigMessage

_S3_SINGLE_PUT: Final = 5 << 30
"""Bytes of the largest object that S3 takes in one PUT."""
_MIN_MESSAGE: Final = 2 << 20
"""A message must hold 1 MiB of a blob or a manifest, and what is around it."""
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_KEY_PREFIX: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*", re.ASCII)
_TOKEN: Final = re.compile(r"[!-~]{16,1024}", re.ASCII)
_MAX_SECRET_FILE: Final = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class FileStoreSettings:
    """The embedded store in a directory of this machine."""

    path: Path

    def __str__(self) -> str:
        return f"file:{self.path}"


@dataclass(frozen=True, kw_only=True, slots=True)
class S3StoreSettings:
    """A bucket of an S3-compatible store; empty keys leave credentials to the usual environment and profile."""

    message: S3StoreMessage
    access_key_id: str
    secret_access_key: str = field(repr=False)

    def __str__(self) -> str:
        prefix = f"/{self.message.prefix}" if self.message.prefix else ""
        return f"s3:{self.message.bucket}{prefix}"


@dataclass(frozen=True, kw_only=True, slots=True)
class TlsSettings:
    """PEM certificate chain and private key."""

    certificate: bytes
    private_key: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """Checked settings. ``token`` is empty where writing needs none; ``warnings`` are worth telling, not wrong."""

    listen_address: str
    port: int
    store: FileStoreSettings | S3StoreSettings
    staging_directory: Path
    online_key_file: Path
    limits: LimitsMessage
    drain_seconds: int
    log_level: LogLevel
    timestamp_expiry_seconds: int
    snapshot_expiry_seconds: int
    tls: TlsSettings | None
    token: str = field(repr=False)
    warnings: tuple[str, ...]


def check_settings(message: ServerConfigMessage, problems: list[str]) -> ServerSettings:
    """Check settings whose paths are absolute; the result is usable only if nothing was added to ``problems``."""
    _check_ranges(message, problems)
    warnings: list[str] = []
    store = _check_store(message.store, problems)
    tls = _check_tls(message, problems)
    token = _check_token(message.token_file, problems)
    if not message.listen_address:
        problems.append("listen_address is empty: name an address, such as 127.0.0.1")
    elif not token and not _is_loopback(message.listen_address):
        warnings.append(f"everyone who reaches {message.listen_address} may write: set token_file")
    if token and tls is None and not _is_loopback(message.listen_address):
        warnings.append("the token crosses the network in the clear: set tls_certificate_file and tls_key_file")
    if not message.online_key_file:
        problems.append("online_key_file is empty: name a file, it is created when missing")
    return ServerSettings(
        listen_address=message.listen_address,
        port=message.port,
        store=store,
        staging_directory=_staging_directory(message, store),
        online_key_file=Path(message.online_key_file),
        limits=message.limits,
        drain_seconds=message.drain_seconds,
        log_level=message.log_level,
        timestamp_expiry_seconds=message.timestamp_expiry_seconds,
        snapshot_expiry_seconds=message.snapshot_expiry_seconds,
        tls=tls,
        token=token,
        warnings=tuple(warnings),
    )


def _check_ranges(message: ServerConfigMessage, problems: list[str]) -> None:
    limits = message.limits
    ranges = (
        ("port", message.port, 0, 65535),
        ("drain_seconds", message.drain_seconds, 0, 3600),
        ("timestamp_expiry_seconds", message.timestamp_expiry_seconds, 60, 366 * 86400),
        ("snapshot_expiry_seconds", message.snapshot_expiry_seconds, 60, 366 * 86400),
        ("limits.max_blob_bytes", limits.max_blob_bytes, 1, _S3_SINGLE_PUT),
        ("limits.max_message_bytes", limits.max_message_bytes, _MIN_MESSAGE, 64 << 20),
        ("limits.max_workers", limits.max_workers, 2, 1024),
        ("limits.max_uploads", limits.max_uploads, 1, 65536),
        ("limits.upload_idle_seconds", limits.upload_idle_seconds, 10, 30 * 86400),
        ("limits.max_staged_bytes", limits.max_staged_bytes, limits.max_blob_bytes, 1 << 60),
    )
    problems.extend(
        f"{name} is {value}: expected {low} to {high}" for name, value, low, high in ranges if not low <= value <= high
    )


def _check_store(store: FileStoreMessage | S3StoreMessage, problems: list[str]) -> FileStoreSettings | S3StoreSettings:
    if isinstance(store, FileStoreMessage):
        path = Path(store.path)
        if not store.path:
            problems.append("store.file is empty: name a directory")
        elif not _can_be_made(path):
            problems.append(f"store.file {path} cannot be written: choose a directory that this user may write")
        return FileStoreSettings(path=path)
    ranges = (
        ("connect_timeout_seconds", store.connect_timeout_seconds, 1, 300),
        ("read_timeout_seconds", store.read_timeout_seconds, 1, 3600),
        ("max_attempts", store.max_attempts, 1, 20),
        ("max_connections", store.max_connections, 1, 1024),
    )
    problems.extend(
        f"store.s3.{name} is {value}: expected {low} to {high}"
        for name, value, low, high in ranges
        if not low <= value <= high
    )
    if _BUCKET.fullmatch(store.bucket) is None:
        problems.append(f"store.s3.bucket is {store.bucket!r}: expected 3 to 63 of a-z, 0-9, '.' and '-'")
    if store.prefix and _KEY_PREFIX.fullmatch(store.prefix) is None:
        problems.append(f"store.s3.prefix is {store.prefix!r}: expected segments of [A-Za-z0-9._-] joined by /")
    if store.endpoint and not _is_url(store.endpoint):
        problems.append(f"store.s3.endpoint is {store.endpoint!r}: expected http(s)://HOST[:PORT]")
    key_id, secret = _check_access_key(store.access_key_file, problems)
    return S3StoreSettings(message=store, access_key_id=key_id, secret_access_key=secret)


def _check_access_key(file: str, problems: list[str]) -> tuple[str, str]:
    if not file:
        return "", ""
    lines = _read_secret("access_key_file", file, problems).split()
    if len(lines) == 2:
        return lines[0], lines[1]
    if lines:
        problems.append(f"access_key_file {file} has {len(lines)} words: expected two lines, key id and secret")
    return "", ""


def _check_token(file: str, problems: list[str]) -> str:
    if not file:
        return ""
    token = _read_secret("token_file", file, problems).strip()
    if token and _TOKEN.fullmatch(token) is None:
        problems.append(f"token_file {file}: expected 16 to 1024 printable characters without spaces on one line")
    return token


def _check_tls(message: ServerConfigMessage, problems: list[str]) -> TlsSettings | None:
    if not message.tls_certificate_file and not message.tls_key_file:
        return None
    if not message.tls_certificate_file or not message.tls_key_file:
        missing = "tls_key_file" if message.tls_certificate_file else "tls_certificate_file"
        problems.append(f"{missing} is not set: set both TLS files or neither")
        return None
    certificate = _read("tls_certificate_file", message.tls_certificate_file, problems)
    key = _read_secret("tls_key_file", message.tls_key_file, problems)
    for name, pem, mark in (
        ("tls_certificate_file", certificate, "-----BEGIN CERTIFICATE-----"),
        ("tls_key_file", key, "PRIVATE KEY-----"),
    ):
        if pem and mark not in pem:
            problems.append(f"{name} is not PEM: expected a line with {mark}")
    return TlsSettings(certificate=certificate.encode(), private_key=key.encode())


def _read_secret(name: str, file: str, problems: list[str]) -> str:
    try:
        readable = Path(file).stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)
    except OSError:
        readable = 0  # _read says what is wrong
    if readable:
        problems.append(f"{name} {file} can be read by other users: chmod 600 {file}")
    text = _read(name, file, problems)
    if not text.strip() and not any(problem.startswith(f"{name} ") for problem in problems):
        problems.append(f"{name} {file} is empty")
    return text


def _read(name: str, file: str, problems: list[str]) -> str:
    try:
        with Path(file).open("rb") as stream:
            return stream.read(_MAX_SECRET_FILE).decode()
    except OSError as error:
        problems.append(f"{name} {file} cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        problems.append(f"{name} {file} is not text")
    return ""


def _staging_directory(message: ServerConfigMessage, store: FileStoreSettings | S3StoreSettings) -> Path:
    if message.staging_directory:
        return Path(message.staging_directory)
    if isinstance(store, FileStoreSettings):
        # On the store's file system a complete upload becomes a blob by link, without a copy.
        return store.path / "staging"
    base = Path("/var/tmp")  # noqa: S108 - holds a private directory; survives a restart, unlike most /tmp
    if not base.is_dir():
        base = Path(tempfile.gettempdir())
    return base / f"artifactd-staging-{os.getuid()}"


def _can_be_made(path: Path) -> bool:
    if path.exists():
        return path.is_dir() and os.access(path, os.W_OK | os.X_OK)
    ancestor = next(parent for parent in path.parents if parent.exists())
    return ancestor.is_dir() and os.access(ancestor, os.W_OK | os.X_OK)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address == "localhost"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
