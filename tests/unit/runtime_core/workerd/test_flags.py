from __future__ import annotations

import pytest

from runtime_core.workerd.flags import BASELINE_FLAGS, FLAG_NAMES, flag_record
from schemas.errors import ConfigError


def test_record_has_every_flag_in_order() -> None:
    record = flag_record(["python_workers", "rpc"])
    assert tuple(record) == FLAG_NAMES
    assert [name for name, value in record.items() if value] == ["python_workers", "rpc"]


def test_baseline_flags_exist() -> None:
    assert sum(flag_record(BASELINE_FLAGS).values()) == len(BASELINE_FLAGS) > 50


def test_refuses_unknown_flag() -> None:
    with pytest.raises(ConfigError, match="no such compatibility flag") as caught:
        flag_record(["python_workers", "python_worker"])
    assert caught.value.found == "python_worker"
