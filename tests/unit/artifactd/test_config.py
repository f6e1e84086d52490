"""Settings: precedence, overrides, and every problem told at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from artifactd.config import SETTINGS, ConfigProblemsError, load_settings
from artifactd.settings import FileStoreSettings, S3StoreSettings, ServerSettings
from schemas.config import LogLevel

HEADER = '@0xb58df1c0a92b3e11;\nusing Config = import "/schemas/config.capnp";\n'
EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "artifactd.capnp"


def load(
    tmp_path: Path, *, file: str = "", flags: dict[str, str] | None = None, environment: dict[str, str] | None = None
) -> ServerSettings:
    path = None
    if file:
        path = tmp_path / "etc" / "artifactd.capnp"
        path.parent.mkdir()
        path.write_text(HEADER + f"const config :Config.ServerConfig = ({file});\n")
    return load_settings(file=path, flags=flags or {}, environment=environment or {}, directory=tmp_path)


def problems_of(tmp_path: Path, **arguments: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigProblemsError) as caught:
        load(tmp_path, **arguments)
    return caught.value.problems


def test_defaults_need_no_configuration(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.listen_address, settings.port) == ("127.0.0.1", 7420)
    assert settings.store == FileStoreSettings(path=tmp_path / "artifactd-data")
    assert settings.staging_directory == tmp_path / "artifactd-data" / "staging"
    assert settings.online_key_file == tmp_path / "artifactd-online.key"
    assert settings.tls is None
    assert settings.token == ""
    assert settings.warnings == ()


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    file = "port = 1, drainSeconds = 1, logLevel = debug, limits = (maxWorkers = 3)"
    environment = {"ARTIFACTD_PORT": "2", "ARTIFACTD_DRAIN_SECONDS": "2", "UNRELATED": "x"}
    settings = load(tmp_path, file=file, environment=environment, flags={"port": "3"})
    assert settings.port == 3
    assert settings.drain_seconds == 2
    assert settings.log_level is LogLevel.DEBUG
    assert settings.limits.max_workers == 3
    assert settings.limits.max_uploads == 64


def test_paths_of_the_file_are_relative_to_it_and_others_to_the_working_directory(tmp_path: Path) -> None:
    file = 'store = (file = "data"), onlineKeyFile = "keys/online"'
    settings = load(tmp_path, file=file, flags={"staging_directory": "staging"})
    assert settings.store == FileStoreSettings(path=tmp_path / "etc" / "data")
    assert settings.online_key_file == tmp_path / "etc" / "keys" / "online"
    assert settings.staging_directory == tmp_path / "staging"


def test_the_file_may_be_named_by_the_environment(tmp_path: Path) -> None:
    (tmp_path / "a.capnp").write_text(HEADER + "const config :Config.ServerConfig = (port = 7);\n")
    assert load(tmp_path, environment={"ARTIFACTD_CONFIG": "a.capnp"}).port == 7


def test_a_store_on_s3(tmp_path: Path) -> None:
    key_file = tmp_path / "key"
    key_file.write_text("the-id\nthe-secret\n")
    key_file.chmod(0o600)
    environment = {"ARTIFACTD_S3_ACCESS_KEY_FILE": "key", "ARTIFACTD_S3_PATH_STYLE": "false"}
    flags = {"store": "s3:bucket/some/prefix", "s3.endpoint": "http://127.0.0.1:8333"}
    store = load(tmp_path, environment=environment, flags=flags).store
    assert isinstance(store, S3StoreSettings)
    assert str(store) == "s3:bucket/some/prefix"
    assert (store.access_key_id, store.secret_access_key) == ("the-id", "the-secret")
    assert not store.message.path_style
    assert store.message.endpoint == "http://127.0.0.1:8333"
    assert "the-secret" not in repr(store)


def test_every_setting_can_be_given_as_text(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef0123\n")
    secret.chmod(0o600)
    texts = {"integer": "100", "boolean": "true", "text": "127.0.0.1", "path": "x", "store": "s3:some-bucket"}
    special = {
        "log_level": "error",
        "token_file": "secret",
        "s3.endpoint": "https://s3.example.org",
        "s3.access_key_file": "",
        "tls_certificate_file": "",
        "tls_key_file": "",
        "limits.max_blob_bytes": "1000",
        "limits.max_staged_bytes": "1000",
        "limits.max_message_bytes": str(4 << 20),
        "s3.max_attempts": "5",
    }
    values = {setting.name: special.get(setting.name, texts[setting.kind]) for setting in SETTINGS}
    from_flags = load(tmp_path, flags=values)
    from_environment = load(tmp_path, environment={setting.variable: values[setting.name] for setting in SETTINGS})
    assert from_flags == from_environment
    assert from_flags.token == "0123456789abcdef0123"
    assert "0123456789abcdef0123" not in repr(from_flags)


@pytest.mark.parametrize(
    ("flags", "told", "reason"),
    [
        ({"port": "x"}, "--port='x': not a number", "no number"),
        ({"port": "-1"}, "--port='-1': not a number", "negative"),
        ({"port": "65536"}, "port is 65536: expected 0 to 65535", "out of range"),
        ({"log_level": "loud"}, "debug, info, warning, error", "unknown level"),
        ({"store": "ftp:x"}, "file:DIRECTORY or s3:BUCKET", "unknown store"),
        ({"store": "file:"}, "file:DIRECTORY or s3:BUCKET", "no directory"),
        ({"store": "s3:B"}, "store.s3.bucket is 'B'", "malformed bucket"),
        ({"store": "s3:bucket/../x"}, "store.s3.prefix", "malformed prefix"),
        ({"s3.region": "x"}, "the store is not on S3", "S3 setting without S3"),
        ({"store": "s3:bucket", "s3.endpoint": "ftp://x"}, "expected http(s)://HOST", "malformed endpoint"),
        ({"store": "s3:bucket", "s3.path_style": "yes"}, "true or false", "no truth value"),
        ({"store": "s3:bucket", "s3.access_key_file": "absent"}, "cannot be read: No such file", "absent key file"),
        ({"store": "file:/proc/version/x"}, "cannot be written", "unwritable store"),
        ({"token_file": "absent"}, "token_file", "absent token"),
        ({"tls_certificate_file": "absent"}, "tls_key_file is not set: set both", "half of TLS"),
        ({"limits.max_message_bytes": "1000"}, "limits.max_message_bytes is 1000", "message too small"),
        ({"limits.max_staged_bytes": "1"}, "limits.max_staged_bytes is 1", "staging below the largest blob"),
        ({"limits.max_workers": "0"}, "limits.max_workers is 0", "no workers"),
        ({"listen_address": ""}, "listen_address is empty", "no address"),
    ],
)
def test_wrong_values_are_told(tmp_path: Path, flags: dict[str, str], told: str, reason: str) -> None:
    assert any(told in problem for problem in problems_of(tmp_path, flags=flags)), reason


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        flags={"port": "99999", "log_level": "loud"},
        environment={"ARTIFACTD_PROT": "1", "ARTIFACTD_DRAIN_SECONDS": "many"},
    )
    assert len(found) == 4
    assert any("ARTIFACTD_PROT is not a setting" in problem for problem in found)


@pytest.mark.parametrize(
    ("file", "told", "reason"),
    [
        ("port = ", "artifactd.capnp", "syntax"),
        ("prot = 1", "prot", "unknown field"),
        ("port = 70000", "artifactd.capnp", "out of range"),
        ('port = "x"', "artifactd.capnp", "another type"),
    ],
)
def test_mistakes_in_the_file_are_told_with_the_file(tmp_path: Path, file: str, told: str, reason: str) -> None:
    [problem] = problems_of(tmp_path, file=file)
    assert told in problem, reason


def test_an_absent_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigProblemsError, match="no configuration file"):
        load_settings(file=tmp_path / "absent", flags={}, environment={}, directory=tmp_path)


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        ("short", 0o600, "16 to 1024"),
        ("two words of some length", 0o600, "16 to 1024"),
        ("", 0o600, "is empty"),
        ("0123456789abcdef", 0o644, "chmod 600"),
    ],
)
def test_tokens_are_checked(tmp_path: Path, content: str, mode: int, told: str) -> None:
    token = tmp_path / "token"
    token.write_text(content)
    token.chmod(mode)
    [problem] = problems_of(tmp_path, flags={"token_file": "token"})
    assert told in problem
    assert "0123456789abcdef" not in problem


def test_open_addresses_are_warned_about(tmp_path: Path) -> None:
    assert "everyone who reaches 0.0.0.0 may write" in load(tmp_path, flags={"listen_address": "0.0.0.0"}).warnings[0]
    token = tmp_path / "token"
    token.write_text("0123456789abcdef")
    token.chmod(0o600)
    settings = load(tmp_path, flags={"listen_address": "0.0.0.0", "token_file": "token"})
    assert "in the clear" in settings.warnings[0]


def test_the_example_in_deploy_is_valid(tmp_path: Path) -> None:
    settings = load_settings(file=EXAMPLE, flags={}, environment={}, directory=tmp_path)
    assert settings.port == 7420
