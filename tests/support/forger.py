"""An attacker on the way to the client, if wanted with the daemon's online keys: serves what it likes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import MetaFile, Root, Snapshot, Timestamp

from schemas.digest import Digest
from schemas.tuf_metadata import Document, meta_of, parse, sign
from schemas.tuf_names import ROOT, SNAPSHOT, TIMESTAMP, TIMESTAMP_FILE, file_name, meta_name
from tests.support.publisher import Publisher


class Forger:
    """Starts from the committed files; :meth:`resign` makes a newer state of whatever is put in."""

    def __init__(self, publisher: Publisher) -> None:
        self.publisher = publisher
        self.files = publisher.files()

    def timestamp(self) -> Document[Timestamp]:
        return parse(TIMESTAMP, Timestamp, self.files[TIMESTAMP_FILE])

    def snapshot(self) -> Document[Snapshot]:
        version = self.timestamp().signed.snapshot_meta.version
        return parse(SNAPSHOT, Snapshot, self.files[file_name(SNAPSHOT, version)])

    def current(self, role: str) -> tuple[str, bytes]:
        """Name and bytes of the current file of a role."""
        name = file_name(role, self.snapshot().signed.meta[meta_name(role)].version)
        return name, self.files[name]

    def resign(
        self,
        files: Mapping[str, tuple[int, bytes]] | None = None,
        *,
        drop: tuple[str, ...] = (),
        snapshot_version: int | None = None,
        snapshot_lifetime: timedelta = timedelta(days=7),
        timestamp_version: int | None = None,
        timestamp_lifetime: timedelta = timedelta(days=1),
        signers: Mapping[str, CryptoSigner] | None = None,
    ) -> None:
        """Sign a snapshot and a timestamp, one version higher, over ``files`` ({role: (version, bytes)})."""
        old = self.snapshot()
        meta = {name: entry for name, entry in old.signed.meta.items() if name not in {meta_name(r) for r in drop}}
        for role, (version, data) in (files or {}).items():
            meta[meta_name(role)] = MetaFile(version, len(data), {"sha256": Digest.of(data).hex})
            self.files[file_name(role, version)] = data
        now = self.publisher.clock.now
        snapshot = sign(
            SNAPSHOT,
            Snapshot(version=snapshot_version or old.version + 1, expires=now + snapshot_lifetime, meta=meta),
            self._signers(SNAPSHOT, signers),
        )
        self.files[file_name(SNAPSHOT, snapshot.version)] = snapshot.data
        timestamp = Timestamp(
            version=timestamp_version or self.timestamp().version + 1,
            expires=now + timestamp_lifetime,
            snapshot_meta=meta_of(snapshot),
        )
        self.files[TIMESTAMP_FILE] = sign(TIMESTAMP, timestamp, self._signers(TIMESTAMP, signers)).data

    def _signers(self, role: str, given: Mapping[str, CryptoSigner] | None) -> list[CryptoSigner]:
        if given is not None:
            return [given[role]]
        root = parse(ROOT, Root, self.publisher.root).signed
        return list(self.publisher.online_keys.signers_for(role, root))


def with_byte_flipped(data: bytes, index: int = -20) -> bytes:
    changed = bytearray(data)
    changed[index] ^= 1
    return bytes(changed)
