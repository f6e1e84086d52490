from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PutReleaseRequest(_message.Message):
    __slots__ = ("manifest",)
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    manifest: bytes
    def __init__(self, manifest: _Optional[bytes] = ...) -> None: ...

class PutReleaseResponse(_message.Message):
    __slots__ = ("release_id", "digest", "created")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    digest: str
    created: bool
    def __init__(self, release_id: _Optional[str] = ..., digest: _Optional[str] = ..., created: _Optional[bool] = ...) -> None: ...

class GetReleaseRequest(_message.Message):
    __slots__ = ("release_id", "digest")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    digest: str
    def __init__(self, release_id: _Optional[str] = ..., digest: _Optional[str] = ...) -> None: ...

class GetReleaseResponse(_message.Message):
    __slots__ = ("release_id", "digest", "manifest")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    MANIFEST_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    digest: str
    manifest: bytes
    def __init__(self, release_id: _Optional[str] = ..., digest: _Optional[str] = ..., manifest: _Optional[bytes] = ...) -> None: ...

class ListReleasesRequest(_message.Message):
    __slots__ = ("page_size", "page_token")
    PAGE_SIZE_FIELD_NUMBER: _ClassVar[int]
    PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    page_size: int
    page_token: str
    def __init__(self, page_size: _Optional[int] = ..., page_token: _Optional[str] = ...) -> None: ...

class ListReleasesResponse(_message.Message):
    __slots__ = ("releases", "next_page_token")
    RELEASES_FIELD_NUMBER: _ClassVar[int]
    NEXT_PAGE_TOKEN_FIELD_NUMBER: _ClassVar[int]
    releases: _containers.RepeatedCompositeFieldContainer[ReleaseSummary]
    next_page_token: str
    def __init__(self, releases: _Optional[_Iterable[_Union[ReleaseSummary, _Mapping]]] = ..., next_page_token: _Optional[str] = ...) -> None: ...

class ReleaseSummary(_message.Message):
    __slots__ = ("release_id", "digest", "pyodide_version")
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    PYODIDE_VERSION_FIELD_NUMBER: _ClassVar[int]
    release_id: str
    digest: str
    pyodide_version: str
    def __init__(self, release_id: _Optional[str] = ..., digest: _Optional[str] = ..., pyodide_version: _Optional[str] = ...) -> None: ...

class GetOnlineKeysRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetOnlineKeysResponse(_message.Message):
    __slots__ = ("keys",)
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedCompositeFieldContainer[OnlineKey]
    def __init__(self, keys: _Optional[_Iterable[_Union[OnlineKey, _Mapping]]] = ...) -> None: ...

class OnlineKey(_message.Message):
    __slots__ = ("role", "key_id", "json")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    KEY_ID_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    role: str
    key_id: str
    json: str
    def __init__(self, role: _Optional[str] = ..., key_id: _Optional[str] = ..., json: _Optional[str] = ...) -> None: ...

class GetMetadataRequest(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class GetMetadataResponse(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class SignedMetadata(_message.Message):
    __slots__ = ("role", "data")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    role: str
    data: bytes
    def __init__(self, role: _Optional[str] = ..., data: _Optional[bytes] = ...) -> None: ...

class PublishRequest(_message.Message):
    __slots__ = ("metadata", "timestamp_version")
    METADATA_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_VERSION_FIELD_NUMBER: _ClassVar[int]
    metadata: _containers.RepeatedCompositeFieldContainer[SignedMetadata]
    timestamp_version: int
    def __init__(self, metadata: _Optional[_Iterable[_Union[SignedMetadata, _Mapping]]] = ..., timestamp_version: _Optional[int] = ...) -> None: ...

class PublishResponse(_message.Message):
    __slots__ = ("timestamp_version", "snapshot_version")
    TIMESTAMP_VERSION_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_VERSION_FIELD_NUMBER: _ClassVar[int]
    timestamp_version: int
    snapshot_version: int
    def __init__(self, timestamp_version: _Optional[int] = ..., snapshot_version: _Optional[int] = ...) -> None: ...

class ListChannelsRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListChannelsResponse(_message.Message):
    __slots__ = ("channels",)
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    channels: _containers.RepeatedCompositeFieldContainer[ChannelSummary]
    def __init__(self, channels: _Optional[_Iterable[_Union[ChannelSummary, _Mapping]]] = ...) -> None: ...

class ChannelSummary(_message.Message):
    __slots__ = ("name", "version", "release_digest", "release_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    RELEASE_DIGEST_FIELD_NUMBER: _ClassVar[int]
    RELEASE_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: int
    release_digest: str
    release_id: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[int] = ..., release_digest: _Optional[str] = ..., release_id: _Optional[str] = ...) -> None: ...
