"""Wiring: settings to a running gRPC server, and the way down."""

from __future__ import annotations

import logging
import threading
from concurrent import futures
from datetime import timedelta
from typing import Any, Final

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from artifactd.blobs import BlobStore
from artifactd.channels import ChannelRepository, OnlineLifetimes
from artifactd.logs import fields
from artifactd.online_keys import OnlineKeys
from artifactd.releases import ReleaseStore
from artifactd.service.bytestream import SERVICE_NAME as BYTESTREAM
from artifactd.service.bytestream import ByteStreamServicer
from artifactd.service.capabilities import CapabilitiesServicer
from artifactd.service.cas import CasServicer
from artifactd.service.channels import ChannelsServicer
from artifactd.service.interceptor import EdgeInterceptor
from artifactd.service.releases import ReleasesServicer
from artifactd.service.stall import StallGuard
from artifactd.settings import FileStoreSettings, S3StoreSettings, ServerSettings
from artifactd.staging import StagingArea
from artifactd.storage.bucket import Bucket
from artifactd.storage.file import FileBucket
from schemas._generated import artifactd_pb2, artifactd_pb2_grpc
from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2, remote_execution_pb2_grpc
from schemas.errors import ConfigError, StorageError

_LOG: Final = logging.getLogger("artifactd.server")
_MESSAGE_OVERHEAD: Final = 64 * 1024
"""Bytes a message may need besides the blobs of a batch."""
_QUEUED_PER_WORKER: Final = 4
"""Calls that may wait for a worker; more are refused with RESOURCE_EXHAUSTED instead of piling up."""
_REFRESH_SECONDS: Final = 60.0
_STALL_SECONDS: Final = 120.0
"""How long a peer may neither send nor take a message of a stream."""

_CAS: Final = remote_execution_pb2.DESCRIPTOR.services_by_name["ContentAddressableStorage"].full_name
_CAPABILITIES: Final = remote_execution_pb2.DESCRIPTOR.services_by_name["Capabilities"].full_name
_RELEASES: Final = artifactd_pb2.DESCRIPTOR.services_by_name["Releases"].full_name
_CHANNELS: Final = artifactd_pb2.DESCRIPTOR.services_by_name["Channels"].full_name
SERVICES: Final = (BYTESTREAM, _CAS, _CAPABILITIES, _RELEASES, _CHANNELS)


class BindError(ConfigError):
    """The address cannot be listened on: in use, not of this machine, or not allowed."""

    code = "bind"


def open_bucket(store: FileStoreSettings | S3StoreSettings) -> Bucket:
    """The store of some settings, proven to be usable.

    Raises:
        StorageError: it cannot be reached or written, or does not honour conditional writes.
    """
    if isinstance(store, FileStoreSettings):
        return FileBucket(store.path)
    # Importing boto3 takes 0.2 s and the file store does not need it.
    from artifactd.storage.s3 import S3Bucket, S3Settings

    message = store.message
    bucket = S3Bucket(
        S3Settings(
            bucket=message.bucket,
            endpoint=message.endpoint,
            prefix=message.prefix,
            region=message.region,
            access_key_id=store.access_key_id,
            secret_access_key=store.secret_access_key,
            path_style=message.path_style,
            connect_timeout_seconds=message.connect_timeout_seconds,
            read_timeout_seconds=message.read_timeout_seconds,
            max_attempts=message.max_attempts,
            max_connections=message.max_connections,
        )
    )
    bucket.probe()
    return bucket


class ArtifactServer:
    """One daemon: bound when constructed, serving after :meth:`start`, gone after :meth:`drain`."""

    def __init__(self, settings: ServerSettings) -> None:
        """Open the store and bind the address.

        Raises:
            StorageError: the store is not usable.
            ConfigError: the online keys are not usable.
            BindError: the address cannot be listened on.
        """
        self._settings = settings
        limits = settings.limits
        bucket = open_bucket(settings.store)
        staging = StagingArea(
            settings.staging_directory,
            max_uploads=limits.max_uploads,
            max_bytes=limits.max_staged_bytes,
            idle_seconds=limits.upload_idle_seconds,
        )
        blobs = BlobStore(bucket, staging, max_blob_size=limits.max_blob_bytes)
        releases = ReleaseStore(bucket, blobs)
        self._channels = ChannelRepository(
            bucket,
            releases,
            OnlineKeys.load_or_create(settings.online_key_file),
            lifetimes=OnlineLifetimes(
                timestamp=timedelta(seconds=settings.timestamp_expiry_seconds),
                snapshot=timedelta(seconds=settings.snapshot_expiry_seconds),
            ),
        )
        self._stopping = threading.Event()
        self._guard = StallGuard(seconds=_STALL_SECONDS)
        self._health = health.HealthServicer()
        self._server = self._build(blobs, releases)
        self.port = self._bind()

    @property
    def address(self) -> str:
        """``host:port`` as bound, for clients."""
        host = self._settings.listen_address
        return f"[{host.strip('[]')}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    def start(self) -> None:
        """Accept calls."""
        self._guard.start()
        self._server.start()
        for service in ("", *SERVICES):
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        threading.Thread(target=self._refresh_channels, name="channel-refresh", daemon=True).start()

    def drain(self) -> None:
        """Report NOT_SERVING, refuse new calls, give calls in flight their time, then end them. Idempotent."""
        self._stopping.set()
        self._health.enter_graceful_shutdown()
        self._server.stop(self._settings.drain_seconds).wait()
        self._guard.stop()

    def kill(self) -> None:
        """End calls in flight at once; uploads among them can be resumed. Idempotent."""
        self._stopping.set()
        self._server.stop(0)

    def _build(self, blobs: BlobStore, releases: ReleaseStore) -> grpc.Server:
        limits = self._settings.limits
        max_batch = limits.max_message_bytes - _MESSAGE_OVERHEAD
        server = grpc.server(
            futures.ThreadPoolExecutor(max_workers=limits.max_workers, thread_name_prefix="call"),
            interceptors=[EdgeInterceptor(guard=self._guard, token=self._settings.token)],
            maximum_concurrent_rpcs=limits.max_workers * (1 + _QUEUED_PER_WORKER),
            options=_channel_options(limits.max_message_bytes),
        )
        server.add_generic_rpc_handlers((ByteStreamServicer(blobs).handler(),))
        remote_execution_pb2_grpc.add_ContentAddressableStorageServicer_to_server(
            CasServicer(blobs, max_batch_bytes=max_batch), server
        )
        remote_execution_pb2_grpc.add_CapabilitiesServicer_to_server(
            CapabilitiesServicer(max_batch_bytes=max_batch, max_blob_bytes=limits.max_blob_bytes), server
        )
        artifactd_pb2_grpc.add_ReleasesServicer_to_server(ReleasesServicer(releases), server)
        artifactd_pb2_grpc.add_ChannelsServicer_to_server(ChannelsServicer(self._channels), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        reflection.enable_server_reflection((*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
        return server

    def _bind(self) -> int:
        settings = self._settings
        host = settings.listen_address
        address = f"[{host.strip('[]')}]:{settings.port}" if ":" in host else f"{host}:{settings.port}"
        try:
            if settings.tls is None:
                return self._server.add_insecure_port(address)
            pair = (settings.tls.private_key, settings.tls.certificate)
            return self._server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
        except RuntimeError as error:
            raise BindError(
                f"cannot listen on {address}",
                hint="another process may use the port: stop it, or choose another port (0 takes any free one)",
            ) from error

    def _refresh_channels(self) -> None:
        """Sign a new timestamp before the old one expires, also when nobody publishes."""
        # It is due at half of its lifetime, so a quarter leaves room for one failed attempt.
        period = min(_REFRESH_SECONDS, self._settings.timestamp_expiry_seconds / 4)
        while True:
            try:
                if self._channels.refresh_if_due():
                    _LOG.info("timestamp renewed")
            except (StorageError, ConfigError) as error:
                _LOG.warning("timestamp not renewed, trying again", extra=fields(error=error))
            except Exception:  # noqa: BLE001 - told in full, and tried again
                # If this thread ended, every client would refuse every channel a day later.
                _LOG.exception("timestamp not renewed, trying again")
            # At the start, too: after a long stop the timestamp has expired.
            if self._stopping.wait(period):
                return


def _channel_options(max_message_bytes: int) -> list[tuple[str, Any]]:
    return [
        # Two daemons on one port would each get some of the connections, silently.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        # A peer that vanished is noticed, and its worker freed, within a minute and a half.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.max_concurrent_streams", 256),
    ]
