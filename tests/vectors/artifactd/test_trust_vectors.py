"""Signed metadata of yesterday is still written, and still read, byte for byte."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from artifactd.client.trust import TrustSession
from artifactd.client.trust_state import TrustedState
from schemas.digest import Digest
from tests.support.publisher import START, run_on_files
from tests.vectors.artifactd.trust_scene import FILES, scene

NOW = START + timedelta(hours=2)


def stored() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FILES.iterdir() if path.name != "state.json"}


def test_the_same_keys_and_times_give_the_same_bytes(tmp_path: Path) -> None:
    publisher = scene(tmp_path)
    assert publisher.files() == stored()
    assert publisher.session("stable").state.to_bytes() == (FILES / "state.json").read_bytes()


def test_stored_metadata_verifies() -> None:
    files = stored()
    session = TrustSession(root=files["1.root.json"], now=NOW, channel="stable")
    asked = run_on_files(session, files)
    assert asked[1:] == ["timestamp.json", "4.snapshot.json", "2.targets.json", "2.channel-stable.json"]
    target = session.resolve()
    assert (target.release_id, target.channel_version) == ("stable-2", 2)
    assert target.release_digest == Digest.of(b"manifest of stable-2")
    assert target.moved_at == START + timedelta(hours=1)


def test_stored_state_is_taken_up() -> None:
    files = stored()
    state = TrustedState.from_bytes((FILES / "state.json").read_bytes())
    session = TrustSession(root=files["1.root.json"], now=NOW, channel="stable", previous=state)
    assert run_on_files(session, files) == ["2.root.json", "timestamp.json"]
    assert session.discarded == ()
