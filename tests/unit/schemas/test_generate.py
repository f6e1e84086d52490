"""The committed stubs are those of the committed definitions."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.generate import OUTPUT, generate, rewrite_imports


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.relative_to(directory).as_posix(): path.read_bytes()
        for path in sorted(directory.rglob("*.py*"))
        if "__pycache__" not in path.parts
    }


def test_stubs_are_up_to_date(tmp_path: Path) -> None:
    generate(tmp_path)
    fresh, committed = contents(tmp_path), contents(OUTPUT)
    changed = sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))
    assert changed == [], "run: python -m schemas.generate"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from google.rpc import status_pb2 as s", "from schemas._generated.google.rpc import status_pb2 as s"),
        ("from build.bazel.semver import semver_pb2", "from schemas._generated.build.bazel.semver import semver_pb2"),
        ("import artifactd_pb2 as artifactd__pb2", "from schemas._generated import artifactd_pb2 as artifactd__pb2"),
        ("from google.protobuf import any_pb2", "from google.protobuf import any_pb2"),
        ("from google.protobuf.internal import x", "from google.protobuf.internal import x"),
        ("import grpc", "import grpc"),
    ],
)
def test_imports_are_rewritten(before: str, after: str) -> None:
    assert rewrite_imports(before + "\n") == after + "\n"


def test_definitions_keep_their_public_names() -> None:
    package = "schemas._generated.build.bazel.remote.execution.v2"
    module = importlib.import_module(f"{package}.remote_execution_pb2")
    assert module.DESCRIPTOR.name == "build/bazel/remote/execution/v2/remote_execution.proto"
    assert (
        module.DESCRIPTOR.services_by_name["Capabilities"].full_name == "build.bazel.remote.execution.v2.Capabilities"
    )


def test_stubs_import_neither_a_google_nor_a_build_package_of_their_own() -> None:
    code = (
        "import sys\n"
        "from schemas._generated import artifactd_pb2_grpc\n"
        "from schemas._generated.build.bazel.remote.execution.v2 import remote_execution_pb2_grpc\n"
        "from schemas._generated.google.bytestream import bytestream_pb2_grpc\n"
        "bad = [m for m in sys.modules if m.split('.')[0] == 'build' or m.startswith(('google.rpc', 'google.api.'))]\n"
        "assert not bad, bad\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=OUTPUT.parents[1])
