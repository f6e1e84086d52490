"""A process that moves the channel ``stable`` until it is killed, and prints each acknowledged move."""

from __future__ import annotations

import itertools
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from artifactd.channels import ChannelRepository
from artifactd.client.publish import move_channel
from artifactd.client.trust import TrustSession, verify
from artifactd.online_keys import OnlineKeys
from artifactd.storage.file import FileBucket
from schemas.digest import Digest
from schemas.errors import ChannelConflictError
from schemas.tuf_roles import ReleaseTarget
from tests.support.publisher import Release, fetch_from


class EveryRelease:
    """Has whatever release is asked for; its id is its manifest."""

    def __init__(self) -> None:
        self.known: dict[Digest, Release] = {}

    def add(self, name: str) -> ReleaseTarget:
        release = Release(release_id=name, manifest=name.encode())
        self.known[release.target.digest] = release
        return release.target

    def get_by_digest(self, digest: Digest) -> Release:
        return self.known[digest]


def main() -> None:
    settings = json.load(sys.stdin)
    now = datetime.fromtimestamp(settings["now"], UTC)
    releases = EveryRelease()
    repository = ChannelRepository(
        FileBucket(Path(settings["bucket"])),
        releases,
        OnlineKeys.load_or_create(Path(settings["online_keys"])),
        clock=lambda: now,
    )
    signer = CryptoSigner(load_pem_private_key(settings["key"].encode(), None))
    print("ready", flush=True)
    for number in itertools.count():
        name = f"{settings['name']}-{number}"
        target = releases.add(name)
        session = TrustSession(root=settings["root"].encode(), now=now, channel=None)
        verify(session, lambda request: fetch_from(repository, request))
        version = session.channel_version("stable")
        move = move_channel(channel="stable", current_version=version, release=target, signers=[signer], now=now)
        try:
            repository.publish([move], timestamp_version=session.timestamp_version)
        except ChannelConflictError:
            continue
        print(version + 1, name, flush=True)


if __name__ == "__main__":
    main()
