"""What the options and the environment of a command mean: its connection, keys, trusted root and progress."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import platformdirs

from artifactd.cli.progress import Reporter
from artifactd.client.blobs import BlobClient
from artifactd.client.cache import ArtifactCache
from artifactd.client.channels import ChannelClient
from artifactd.client.connection import Connection, Endpoint
from artifactd.client.keys import KeyDirectory
from artifactd.client.publisher import Publisher
from artifactd.client.releases import Pin, ReleaseClient, ReleaseRecord
from artifactd.client.resolve import read_root
from artifactd.client.state_store import StateStore
from schemas.digest import Digest
from schemas.errors import ConfigError, PinMismatchError

KEYS_ENV: Final = "ARTIFACTD_KEYS"
ROOT_ENV: Final = "ARTIFACTD_ROOT"
PASSWORD_ENV: Final = "ARTIFACTD_KEY_PASSWORD"  # noqa: S105 - the name of a variable
ROOT_NAME: Final = "root.json"


@dataclass(frozen=True, kw_only=True)
class Context:
    """One run of a command. Connections are made when they are first used, and closed by :meth:`close`."""

    options: argparse.Namespace
    reporter: Reporter

    @cached_property
    def connection(self) -> Connection:
        """The connection to the service."""
        endpoint = Endpoint.from_environment(self.options.address)
        if self.options.ca is not None:
            endpoint = Endpoint(address=endpoint.address, ca_file=self.options.ca, token=endpoint.token)
        return Connection(endpoint)

    @property
    def blobs(self) -> BlobClient:
        """The service's blobs."""
        return BlobClient(self.connection)

    @property
    def releases(self) -> ReleaseClient:
        """The service's releases."""
        return ReleaseClient(self.connection)

    @property
    def channels(self) -> ChannelClient:
        """The service's channels."""
        return ChannelClient(self.connection)

    @cached_property
    def keys(self) -> KeyDirectory:
        """The publisher's keys."""
        return KeyDirectory(self.keys_path)

    @property
    def keys_path(self) -> Path:
        """--keys, else ARTIFACTD_KEYS, else the user's configuration directory."""
        configured = self.options.keys or _path_from_environment(KEYS_ENV)
        return configured or platformdirs.user_config_path("artifactd") / "keys"

    @property
    def root_path(self) -> Path:
        """--root, else ARTIFACTD_ROOT, else root.json beside the keys."""
        return self.options.root or _path_from_environment(ROOT_ENV) or self.keys_path / ROOT_NAME

    @property
    def root(self) -> bytes:
        """The trusted root's bytes."""
        return read_root(self.root_path)

    @cached_property
    def store(self) -> StateStore:
        """What was verified before."""
        return StateStore()

    @cached_property
    def cache(self) -> ArtifactCache:
        """The local cache."""
        return ArtifactCache()

    @cached_property
    def publisher(self) -> Publisher:
        """The publisher's side of channels."""
        return Publisher(self.channels, self.keys, store=self.store, passwords=ask_password)

    def close(self) -> None:
        """Close the connection if there is one."""
        if "connection" in self.__dict__:
            self.connection.close()

    def release(self, text: str) -> ReleaseRecord:
        """The release that a RELEASE argument names: an id, a manifest digest, or a pin.

        Raises:
            PinMismatchError: the release id has another manifest than the pin says.
        """
        if text.startswith("sha256:"):
            return self.releases.get(Digest.parse(text))
        if "@" not in text:
            return self.releases.get(text)
        pin = Pin.parse(text)
        record = self.releases.get(pin.release_id)
        if record.digest != pin.digest:
            raise PinMismatchError(
                f"release {pin.release_id} is not the pinned one", expected=pin.digest, found=record.digest
            )
        return record


def ask_password(key: str) -> bytes | None:
    """The password of a key: ARTIFACTD_KEY_PASSWORD, else asked for on a terminal; None if there is neither."""
    configured = os.environ.get(PASSWORD_ENV)
    if configured:
        return configured.encode()
    if sys.stdin.isatty():
        return getpass.getpass(f"password of key {key}: ", stream=sys.stderr).encode()
    return None


def new_password() -> bytes:
    """A password for new keys: ARTIFACTD_KEY_PASSWORD, else asked for twice.

    Raises:
        ConfigError: there is no terminal to ask on, or nothing was entered, or two different things.
    """
    configured = os.environ.get(PASSWORD_ENV)
    if configured:
        return configured.encode()
    if not sys.stdin.isatty():
        raise ConfigError("no password for the new keys", hint=f"set {PASSWORD_ENV}, or run this on a terminal")
    first = getpass.getpass("password for the new keys: ", stream=sys.stderr)
    if not first or first != getpass.getpass("the same again: ", stream=sys.stderr):
        raise ConfigError("the passwords are empty or differ", hint="try again")
    return first.encode()


def _path_from_environment(name: str) -> Path | None:
    value = os.environ.get(name)
    return Path(value) if value else None
