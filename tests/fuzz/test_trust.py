"""Whatever bytes a service serves, verification raises its own errors and nothing else."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from securesystemslib.signer import Signer
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from artifactd.client.trust import TrustSession, verify
from artifactd.client.trust_state import TrustedState
from schemas.errors import ArtifactError, ChannelNotFoundError, FormatError, IntegrityError
from schemas.tuf_metadata import SignedMetadata, check_not_expired, parse, parse_public_key, verify_signatures
from schemas.tuf_names import parse_file_name
from schemas.tuf_roles import check_root_shape, check_targets_shape, read_channel
from tests.support.publisher import START, Publisher, publisher_with, run_on_files

STABLE = "channel-stable"
KINDS: dict[str, tuple[type[Any], str]] = {
    "root": (Root, "1.root.json"),
    "timestamp": (Timestamp, "timestamp.json"),
    "snapshot": (Snapshot, "3.snapshot.json"),
    "targets": (Targets, "2.targets.json"),
    STABLE: (Targets, "1.channel-stable.json"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=8,
)


def the_publisher() -> Publisher:
    return publisher_with("stable")


@st.composite
def edited(draw: st.DrawFn, data: bytes) -> bytes:
    """Metadata with some bytes changed, cut out or put in."""
    changed = bytearray(data)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(changed)))
        match draw(st.sampled_from(["change", "cut", "insert"])):
            case "change" if at < len(changed):
                changed[at] = draw(st.integers(0, 255))
            case "cut":
                del changed[at : at + draw(st.integers(1, 40))]
            case _:
                changed[at:at] = draw(st.binary(max_size=20))
    return bytes(changed)


@st.composite
def restructured(draw: st.DrawFn, data: bytes) -> Any:
    """Metadata with one value, anywhere, replaced, removed or added."""
    value = json.loads(data)
    node: Any = value
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return value
        key = draw(st.sampled_from(keys))
        if isinstance(node[key], dict | list) and draw(st.booleans()):
            node = node[key]
            continue
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                node[key] = draw(JSON)
            case "remove":
                del node[key]
            case _ if isinstance(node, dict):
                node[draw(st.text(max_size=12))] = draw(JSON)
            case _:
                node.append(draw(JSON))
        return value


def expect_own_errors(files: dict[str, bytes], previous: TrustedState | None = None) -> None:
    publisher = the_publisher()
    session = TrustSession(root=publisher.root, now=START, channel="stable", previous=previous)
    try:
        run_on_files(session, files)
    except (FormatError, IntegrityError):
        return
    assert session.resolve().release_id == "stable-1"


@given(st.sampled_from(sorted(KINDS)), st.binary(max_size=300))
def test_any_bytes_in_place_of_any_file(role: str, data: bytes) -> None:
    files = the_publisher().files()
    name = "2.root.json" if role == "root" else KINDS[role][1]
    expect_own_errors({**files, name: data})


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_edited_files(data: st.DataObject, role: str) -> None:
    files = the_publisher().files()
    name = KINDS[role][1]
    target = "2.root.json" if role == "root" else name
    expect_own_errors({**files, target: data.draw(edited(files[name]))})


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_restructured_files(data: st.DataObject, role: str) -> None:
    files = the_publisher().files()
    name = KINDS[role][1]
    target = "2.root.json" if role == "root" else name
    expect_own_errors({**files, target: json.dumps(data.draw(restructured(files[name]))).encode()})


@given(st.data(), st.sampled_from(["timestamp", "snapshot", "targets"]))
def test_a_damaged_memory(data: st.DataObject, part: str) -> None:
    publisher = the_publisher()
    state = publisher.session("stable").state
    value = json.loads(state.to_bytes())
    value[part] = data.draw(edited(value[part].encode())).decode("utf-8", "replace")
    expect_own_errors(publisher.files(), TrustedState.from_bytes(json.dumps(value).encode()))


@given(st.data(), st.sampled_from(sorted(KINDS)))
def test_whatever_parses_can_be_judged(data: st.DataObject, role: str) -> None:
    """Metadata of any structure that is read at all makes every later check answer, also when it is signed."""
    publisher = the_publisher()
    kind, name = KINDS[role]
    value = data.draw(restructured(publisher.files()[name]))
    with contextlib.suppress(Exception):
        # Sign it anew, where python-tuf can: a publisher, too, may write nonsense.
        value = json.loads(signed_again(value, publisher.root_signers[0]))
    try:
        document = parse(role, kind, json.dumps(value).encode())
    except (FormatError, IntegrityError):
        return
    root = parse("root", Root, publisher.root).signed
    with contextlib.suppress(FormatError, IntegrityError):
        verify_signatures(document, root, by="root")
    with contextlib.suppress(FormatError, IntegrityError):
        check_not_expired(document, START, hint="")
    with contextlib.suppress(FormatError, IntegrityError):
        if isinstance(document.signed, Root):
            check_root_shape(document.signed)
            verify_signatures(document, document.signed, by="itself")
        elif role == STABLE:
            read_channel(document, "stable")
        elif isinstance(document.signed, Targets):
            check_targets_shape(document.signed)


def signed_again(value: Any, signer: Signer) -> bytes:
    metadata: Metadata[Any] = Metadata.from_dict(value)
    metadata.sign(signer)
    return metadata.to_bytes()


@given(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_as_state(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        TrustedState.from_bytes(data)


@given(st.text(max_size=80), st.text(max_size=200) | JSON.map(json.dumps))
def test_any_text_as_key(key_id: str, text: str) -> None:
    with contextlib.suppress(FormatError):
        parse_public_key(key_id, text)


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,17}\.[a-z-]{1,12}\.json", fullmatch=True))
def test_any_text_as_name(name: str) -> None:
    with contextlib.suppress(FormatError):
        assert str(parse_file_name(name)) == name


@given(st.dictionaries(st.sampled_from([name for _, name in KINDS.values()]), st.none(), max_size=3))
def test_any_files_withheld(missing: dict[str, None]) -> None:
    publisher = the_publisher()
    files = {name: data for name, data in publisher.files().items() if name not in missing}
    session = TrustSession(root=publisher.root, now=START, channel="stable")
    with contextlib.suppress(FormatError, IntegrityError, ChannelNotFoundError):
        verify(session, lambda request: files.get(request.name))


@given(st.data(), st.sampled_from(["root", "targets", STABLE]))
def test_any_metadata_submitted_to_the_daemon(data: st.DataObject, role: str) -> None:
    """The daemon refuses it, in its own words, and stores nothing."""
    publisher = the_publisher()
    before = publisher.files()
    value = json.dumps(data.draw(restructured(before[KINDS[role][1]]))).encode()
    with contextlib.suppress(FormatError, IntegrityError, ArtifactError):
        publisher.repository.publish([SignedMetadata(role=role, data=value)], timestamp_version=3)
        raise AssertionError("an edited file was committed")
    assert publisher.files() == before
