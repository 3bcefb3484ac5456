"""Many small cases in one test: for those that take less than pytest takes to run a test."""

from __future__ import annotations

import inspect
from typing import Any, Callable, Iterable, List, Sequence, Union

import pytest


def cases(names: Union[str, Sequence[str]], values: Iterable[Any]) -> Callable[[Any], Any]:
    """Run a test once for each of the values, as `pytest.mark.parametrize` does, but as one test;
    on a class, each of its tests.

    Every case runs; those that fail are listed with their values, and the first one's traceback is
    shown. For tests of a few microseconds: pytest takes some milliseconds for each test of its own.
    Fixtures are made once for all cases, so it takes none that a case changes.

    - `names`: the parameter, or several.
    - `values`: a value for each case, or a sequence of them where there are several names.
    """
    parameters = [names] if isinstance(names, str) else list(names)
    listed = [(one,) if isinstance(names, str) else tuple(one) for one in values]
    assert all(len(one) == len(parameters) for one in listed), f"a case is not {names}"

    def decorate(test: Any) -> Any:
        if inspect.isclass(test):
            for name, method in list(vars(test).items()):
                if name.startswith("test_"):
                    setattr(test, name, decorate(method))
            return test

        def all_cases(*arguments: Any, **fixtures: Any) -> None:
            __tracebackhide__ = True
            assert listed, "there is no case"
            failures: List[str] = []
            first: Any = None
            for case in listed:
                named = dict(zip(parameters, case))
                try:
                    test(*arguments, **fixtures, **named)
                except (Exception, pytest.fail.Exception) as error:
                    first = first or error
                    shown = ", ".join(f"{name}={one!r:.200}" for name, one in named.items())
                    failures.append(f"[{shown}] {type(error).__name__}: {error}")
            if failures:
                count = f"{len(failures)} of {len(listed)} cases fail"
                raise AssertionError("\n".join([count, *failures])) from first

        all_cases.__dict__.update(vars(test))  # the marks that stand below this one
        signature = inspect.signature(test)
        fixtures = [one for one in signature.parameters.values() if one.name not in parameters]
        all_cases.__signature__ = signature.replace(parameters=fixtures)
        for name in ("__name__", "__qualname__", "__module__", "__doc__"):
            setattr(all_cases, name, getattr(test, name))
        return all_cases

    return decorate
