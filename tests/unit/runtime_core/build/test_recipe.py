"""How manifests say what a release was built of."""

from __future__ import annotations

import pytest

from runtime_core.build.recipe import Layer, read_layers
from schemas.errors import FormatError


@pytest.mark.parametrize(
    "layers",
    [
        (Layer(),),
        (Layer(packages=True, link=False),),
        (Layer(), Layer(on="baseline", imports=("json", "a.b"))),
        (
            Layer(packages=True),
            Layer(on="baseline", imports=("json",)),
            Layer(on="package", worker=True, modules={"tools": ("one", "two"), "empty": ()}),
        ),
        (Layer(), Layer(on="baseline", packages=True, imports=("x",)), Layer(on="package", worker=True)),
    ],
)
def test_layers_come_back_from_flags(layers: tuple[Layer, ...]) -> None:
    flags = [flag for layer in layers for flag in layer.flags()]
    assert read_layers(flags) == layers


def test_what_the_flags_look_like() -> None:
    layer = Layer(on="package", imports=("json",), worker=True, modules={"tools": ("one", "two")})
    assert layer.flags() == ("--on package", "--import json", "--worker", "--host-module tools:one,two")


@pytest.mark.parametrize(
    ("flag", "reason"),
    [
        ("--fast", "unknown"),
        ("--import", "without a value"),
        ("--worker w.py", "with a value"),
        ("--host-module tools", "without members"),
        ("json", "no option"),
        ("", "empty"),
        ("--on", "without a value"),
    ],
)
def test_unknown_flags_are_refused(flag: str, reason: str) -> None:
    with pytest.raises(FormatError, match="unknown flag"):
        read_layers([flag])
    assert reason
