"""The repository of the trust vectors: fixed keys, a fixed time, two moves of one channel."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.signer import CryptoSigner

from artifactd.online_keys import OnlineKeys
from tests.support.publisher import Publisher

FILES: Final = Path(__file__).parent / "trust"
ONLINE: Final = b"""{"format": "artifactd-online-keys-1", "keys": [
 {"role": "snapshot", "seed": "%s"},
 {"role": "timestamp", "seed": "%s"}
]}""" % (b"a1" * 32, b"a2" * 32)


def signer(number: int) -> CryptoSigner:
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


def scene(directory: Path) -> Publisher:
    """Made anew; ``directory`` is for the daemon's key file, whose format is one of the vectors."""
    key_file = directory / "online.json"
    key_file.write_bytes(ONLINE)
    key_file.chmod(0o600)
    publisher = Publisher(
        online_keys=OnlineKeys.load_or_create(key_file),
        root_signers=[signer(1), signer(2), signer(3)],
        targets_signer=signer(4),
        channel_signers={"stable": signer(5)},
    )
    publisher.initialise("stable")
    publisher.clock.advance(hours=1)
    publisher.move("stable", publisher.releases.add("stable-2"))
    return publisher
