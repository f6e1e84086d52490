"""The service's settings as messages and as an operator's file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from schemas import _capnp
from schemas._evaluate_config import TYPE_ID
from schemas.config import (
    FileStoreMessage,
    LogLevel,
    S3StoreMessage,
    decode_config,
    default_config,
    encode_config,
    evaluate_config_file,
)
from schemas.errors import ConfigError, FormatError

S3 = S3StoreMessage(
    endpoint="https://s3.example.org",
    bucket="artifacts",
    prefix="p/",
    region="eu-west-1",
    access_key_file="keys",
    path_style=False,
    connect_timeout_seconds=1,
    read_timeout_seconds=2,
    max_attempts=3,
    max_connections=4,
)
IMPORT = '@0xb58df1c0a92b3e11;\nusing Config = import "/schemas/config.capnp";\n'


def test_defaults() -> None:
    config = default_config()
    assert (config.listen_address, config.port) == ("127.0.0.1", 7420)
    assert config.store == FileStoreMessage(path="artifactd-data")
    assert config.log_level is LogLevel.INFO
    assert config.limits.max_blob_bytes == 2**32
    assert config.tls_key_file == ""


def test_round_trip_of_the_defaults() -> None:
    assert decode_config(encode_config(default_config())) == default_config()


def test_round_trip_of_everything_else() -> None:
    config = dataclasses.replace(
        default_config(),
        listen_address="",
        port=0,
        store=S3,
        limits=dataclasses.replace(default_config().limits, max_workers=1, upload_idle_seconds=0),
        log_level=LogLevel.ERROR,
        tls_certificate_file="cert.pem",
        token_file="token",
    )
    assert decode_config(encode_config(config)) == config
    assert encode_config(config) == encode_config(config)


def test_every_field_of_the_schema_has_a_value() -> None:
    config = default_config()
    for name, message in (("ServerConfig", config), ("S3Store", S3), ("Limits", config.limits)):
        assert len(_capnp.struct("config.capnp", name).schema.fieldnames) == len(dataclasses.fields(message)), name
    assert list(_capnp.struct("config.capnp", "LogLevel").schema.enumerants) == [level.value for level in LogLevel]
    assert _capnp.struct("config.capnp", "ServerConfig").schema.node.id == TYPE_ID


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_value_its_field_cannot_hold_is_not_written(port: int) -> None:
    with pytest.raises(FormatError, match="cannot be encoded"):
        encode_config(dataclasses.replace(default_config(), port=port))


def test_other_bytes_are_refused() -> None:
    with pytest.raises(FormatError):
        decode_config(b"listen: 127.0.0.1")


def test_a_store_of_the_future_is_refused() -> None:
    data = bytearray(encode_config(default_config()))
    data[18:20] = b"\x02\x00"  # the second 16 bits of the data section number the member of the union
    with pytest.raises(FormatError, match=r"ServerConfig\.store"):
        decode_config(bytes(data))


def test_a_file_is_evaluated(tmp_path: Path) -> None:
    file = tmp_path / "server.capnp"
    (tmp_path / "shared.capnp").write_text('@0xc58df1c0a92b3e12;\nconst bucket :Text = "artifacts";\n')
    file.write_text(
        IMPORT + 'using import "shared.capnp".bucket;\n'
        "const config :Config.ServerConfig = (port = 1, store = (s3 = (bucket = .bucket)), logLevel = debug);\n"
    )
    config = decode_config(evaluate_config_file(file))
    assert config.port == 1
    assert isinstance(config.store, S3StoreMessage)
    assert (config.store.bucket, config.store.region) == ("artifacts", "us-east-1")
    assert config.log_level is LogLevel.DEBUG
    assert config.drain_seconds == 30


BROKEN_FILES = [
    ("not the language", "listen: 127.0.0.1", "line 1: Parse error"),
    ("no constant", IMPORT, "does not define 'config'"),
    ("constant of another type", IMPORT + "const config :Config.Limits = ();", "does not define 'config'"),
    ("constant a number", IMPORT + "const config :UInt8 = 1;", "does not define 'config'"),
    ("a struct of that name", IMPORT + "struct config {}", "not a valid configuration"),
    ("unknown field", IMPORT + "const config :Config.ServerConfig = (prt = 1);", "line 3: .*no field named 'prt'"),
    ("number out of range", IMPORT + "const config :Config.ServerConfig = (port = 70000);", "out of range"),
    ("missing import", '@0xb58df1c0a92b3e11;\nusing C = import "gone.capnp";', "Import failed"),
]


@pytest.mark.parametrize(("reason", "text", "message"), BROKEN_FILES, ids=[case[0] for case in BROKEN_FILES])
def test_a_broken_file_is_explained(reason: str, text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "server.capnp"
    file.write_text(text)
    with pytest.raises(ConfigError, match=message) as caught:
        evaluate_config_file(file)
    assert str(file) in str(caught.value)
    assert list(tmp_path.iterdir()) == [file]


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no configuration file"):
        evaluate_config_file(tmp_path / "gone.capnp")
    with pytest.raises(ConfigError, match="no configuration file"):
        evaluate_config_file(tmp_path)
