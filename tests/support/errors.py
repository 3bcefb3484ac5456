"""The errors of calls."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from opsroom.errors import Failure, Refusal


def failure_of(call: Callable[..., Any], *arguments: Any, **options: Any) -> Failure:
    """The failure of a call."""
    with pytest.raises(Failure) as caught:
        call(*arguments, **options)
    return caught.value


def refusal_of(call: Callable[..., Any], *arguments: Any, **options: Any) -> Refusal:
    """The refusal of a call."""
    with pytest.raises(Refusal) as caught:
        call(*arguments, **options)
    return caught.value
