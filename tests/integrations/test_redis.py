"""The package of the stores in Redis."""

from __future__ import annotations

import importlib
import sys

import pytest


def test_without_redis_the_import_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name of the extra."""
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.redis", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'wikipayam_async\[redis\]'"):
        importlib.import_module("wikipayam_async.integrations.redis")
