"""The daemon's command line: check-config, help, exit codes, TLS."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from artifactd.__main__ import ExitCode
from tests.support.daemon import run_artifactd, running_daemon
from tests.support.raw_client import RawClient, read_name


def test_check_config_says_that_all_is_well(tmp_path: Path) -> None:
    code, out, err = run_artifactd("check-config", cwd=tmp_path)
    assert (code, err) == (ExitCode.OK, "")
    assert "the configuration is valid" in out
    assert list(tmp_path.iterdir()) == [], "checking creates nothing"


def test_check_config_says_everything_that_is_wrong(tmp_path: Path) -> None:
    environment = {"ARTIFACTD_PORT": "http"}
    code, out, err = run_artifactd("check-config", "--log-level", "loud", cwd=tmp_path, environment=environment)
    assert (code, out) == (ExitCode.CONFIG, "")
    assert len(err.splitlines()) == 2
    assert "ARTIFACTD_PORT='http': not a number" in err
    assert "--log-level='loud'" in err


def test_check_config_speaks_json(tmp_path: Path) -> None:
    code, out, _ = run_artifactd("check-config", "--json", "--port", "x", cwd=tmp_path)
    assert code == ExitCode.CONFIG
    report = json.loads(out)
    assert report["ok"] is False
    assert report["error"] == "config"
    assert len(report["problems"]) == 1
    code, out, _ = run_artifactd("check-config", "--json", "--listen-address", "0.0.0.0", cwd=tmp_path)
    assert code == ExitCode.OK
    assert "everyone who reaches" in json.loads(out)["warnings"][0]


def test_serve_refuses_a_wrong_configuration(tmp_path: Path) -> None:
    code, out, err = run_artifactd("serve", "--config", str(tmp_path / "absent.capnp"), cwd=tmp_path)
    assert (code, out) == (ExitCode.CONFIG, "")
    assert "no configuration file" in err
    assert "Traceback" not in err


@pytest.mark.parametrize("arguments", [(), ("dance",), ("serve", "--prot", "1")])
def test_wrong_usage_has_its_own_exit_code(arguments: tuple[str, ...]) -> None:
    code, _, err = run_artifactd(*arguments)
    assert code == ExitCode.USAGE
    assert "usage: artifactd" in err


def test_help_teaches() -> None:
    code, out, _ = run_artifactd("serve", "--help")
    assert code == ExitCode.OK
    assert "--limits-max-blob-bytes" in out
    assert "exit codes: 0 done" in out


def test_a_damaged_online_key_is_told(tmp_path: Path) -> None:
    key = tmp_path / "online.key"
    key.write_text("not a key")
    key.chmod(0o600)
    code, _, err = run_artifactd("serve", "--port", "0", "--online-key-file", str(key), cwd=tmp_path)
    assert code == ExitCode.CONFIG
    assert "Traceback" not in err


def write_certificate(directory: Path) -> tuple[Path, Path]:
    """A certificate for localhost that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "server.pem", directory / "server-key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem = serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, serialization.NoEncryption()))
    key_file.chmod(0o600)
    return certificate_file, key_file


def test_tls_serves_those_who_trust_the_certificate(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    arguments = ("--tls-certificate-file", str(certificate), "--tls-key-file", str(key))
    with running_daemon(tmp_path / "daemon", arguments=arguments) as daemon:
        address = f"localhost:{daemon.port}"
        trusting = grpc.ssl_channel_credentials(certificate.read_bytes())
        with grpc.secure_channel(address, trusting) as channel:
            client = RawClient(channel)
            client.upload(b"private")
            assert client.read(read_name(b"private")) == b"private"
        with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError):
            RawClient(channel).missing(b"private")
