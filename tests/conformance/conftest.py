"""The stores under the one Bucket suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.bucket_makers import BucketMaker, FileBucketMaker, S3BucketMaker
from tests.support.seaweedfs import S3Server, s3_server

__all__ = ["s3_server"]


@pytest.fixture(params=["file", pytest.param("s3", marks=pytest.mark.s3)])
def maker(request: pytest.FixtureRequest, tmp_path: Path) -> BucketMaker:
    """Makes any number of clients of one fresh bucket, in this process or another."""
    if request.param == "file":
        return FileBucketMaker(root=tmp_path / "bucket")
    # Asked for here only, so that the file store's half of the suite starts no server.
    server: S3Server = request.getfixturevalue("s3_server")
    return S3BucketMaker(
        endpoint=server.endpoint,
        bucket=server.bucket,
        prefix=server.new_prefix(),
        access_key_id=server.access_key_id,
        secret_access_key=server.secret_access_key,
    )
