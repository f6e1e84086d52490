"""An independent client, python-tuf's own Updater, agrees with ours about what is to be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.ngclient import FetcherInterface, TargetFile, Updater

from artifactd.client.publish import rotate_channel_keys, rotate_root
from artifactd.client.trust_state import TrustedState
from schemas.errors import PlatformError
from schemas.tuf_names import channel_role
from tests.support.forger import Forger
from tests.support.publisher import Publisher, new_signer, publisher_with, role_keys
from tests.unit.artifactd.client import test_trust_rejected as rejected

BASE = "https://repository.invalid/"


class FilesFetcher(FetcherInterface):
    """Serves metadata files by name from memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def _fetch(self, url: str) -> Iterator[bytes]:
        data = self.files.get(url.removeprefix(BASE))
        if data is None:
            raise DownloadHTTPError("not found", 404)
        return iter([data])


def updater_for(publisher: Publisher, files: Mapping[str, bytes], directory: Path) -> Updater:
    updater = Updater(str(directory), BASE, target_base_url=BASE, fetcher=FilesFetcher(files), bootstrap=publisher.root)
    # The tests stand still in time; there is no public way to tell the client.
    updater._trusted_set.reference_time = publisher.clock.now
    return updater


def find(publisher: Publisher, files: Mapping[str, bytes], directory: Path, channel: str) -> TargetFile | None:
    updater = updater_for(publisher, files, directory)
    updater.refresh()
    return updater.get_targetinfo(f"channels/{channel}/current")


def test_it_finds_the_same_release_through_moves_and_rotations(tmp_path: Path) -> None:
    publisher = publisher_with("stable", "beta")
    seen = []

    def check() -> None:
        found = find(publisher, publisher.files(), tmp_path, "stable")
        ours = publisher.resolve("stable")
        assert found is not None
        assert (found.length, found.hashes) == (ours.length, {"sha256": ours.release_digest.hex})
        assert found.custom["releaseId"] == ours.release_id
        seen.append(ours.release_id)

    check()
    publisher.move("stable", publisher.releases.add("second"))
    check()
    key = new_signer()
    targets = rotate_channel_keys(
        publisher.session().targets,
        channel="stable",
        keys=role_keys(key),
        signers=[publisher.targets_signer],
        now=publisher.clock.now,
    )
    publisher.publish(targets, publisher.signed_move("stable", publisher.releases.add("third"), signer=key))
    check()
    publisher.publish(rotate_root(publisher.root, signers=publisher.root_signers, now=publisher.clock.now))
    publisher.clock.advance(days=5)
    publisher.repository.refresh_if_due()
    check()
    assert seen == ["stable-1", "second", "third", "third"]


# Where this repository is stricter than the specification.
OURS_ALONE = {
    rejected.root_without_consistent_snapshots,
    rejected.huge_manifest,
    rejected.channel_without_release_id,
    rejected.delegation_of_every_path,
    rejected.endless_roots,
}


@pytest.mark.parametrize(
    ("prepare", "error", "reason"),
    [case for case in rejected.REJECTED if case[0] not in OURS_ALONE],
    ids=[case[0].__name__ for case in rejected.REJECTED if case[0] not in OURS_ALONE],
)
def test_it_refuses_what_we_refuse(
    tmp_path: Path,
    prepare: Callable[[rejected.Attack], None],
    error: type[PlatformError],
    reason: str,
) -> None:
    publisher = publisher_with("stable", "beta")
    attack = rejected.Attack(publisher=publisher, forger=Forger(publisher))
    prepare(attack)
    if attack.previous is not None:
        remember(attack.previous, tmp_path)
    try:
        found = find(publisher, attack.files, tmp_path, attack.channel or "stable")
    except (RepositoryError, DownloadError):
        return
    assert found is None, f"{reason}: {error.__name__}"


def remember(state: TrustedState, directory: Path) -> None:
    """Give the client the memory that ours has."""
    parts = {"timestamp": state.timestamp, "snapshot": state.snapshot, "targets": state.targets}
    parts |= {channel_role(name): data for name, data in state.channels.items()}
    for role, data in parts.items():
        if data is not None:
            (directory / f"{role}.json").write_bytes(data)
