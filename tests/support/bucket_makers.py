"""How to open a store under test: picklable, so that child processes open the same bucket for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artifactd.storage.bucket import Bucket
from artifactd.storage.file import FileBucket
from artifactd.storage.s3 import S3Bucket, S3Settings


class BucketMaker(Protocol):
    """Opens one more client of the same bucket."""

    def __call__(self) -> Bucket: ...


@dataclass(frozen=True, kw_only=True)
class FileBucketMaker:
    root: Path

    def __call__(self) -> FileBucket:
        return FileBucket(self.root)


@dataclass(frozen=True, kw_only=True)
class S3BucketMaker:
    endpoint: str
    bucket: str
    access_key_id: str
    secret_access_key: str
    prefix: str

    def __call__(self) -> S3Bucket:
        return S3Bucket(
            S3Settings(
                endpoint=self.endpoint,
                bucket=self.bucket,
                prefix=self.prefix,
                access_key_id=self.access_key_id,
                secret_access_key=self.secret_access_key,
                read_timeout_seconds=30,
            )
        )
