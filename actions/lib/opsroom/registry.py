"""The kinds of one sort of provider: a name in the config, a module that is imported only when it is used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Generic, Mapping, Tuple, TypeVar

from .settings.fields import Fields

Made = TypeVar("Made")


class Registry(Generic[Made]):
    """Name of a kind -> module. A module of a kind has two functions:

    - `read_options(fields) -> options` checks the kind's keys in the config and returns a frozen dataclass;
    - `make(options, ...) -> provider` builds the provider. Neither talks to the world.
    """

    def __init__(self, what: str, modules: Mapping[str, str]) -> None:
        self.what = what
        self._modules = dict(modules)

    def kinds(self) -> Tuple[str, ...]:
        """The names that `kind:` may have."""
        return tuple(sorted(self._modules))

    def read_options(self, kind: str, fields: Fields) -> Any:
        """Let the kind check its part of the config. Problems are noted in `fields`."""
        return import_module(self._modules[kind]).read_options(fields)

    def read(self, kind: str, function: str, *arguments: Any) -> Any:
        """Let the kind check another part of the config with a function that it has for it, such as `read_target`."""
        return getattr(import_module(self._modules[kind]), function)(*arguments)

    def make(self, kind: str, options: Any, **arguments: Any) -> Made:
        """Build the provider of a kind from its checked options."""
        made: Made = import_module(self._modules[kind]).make(options, **arguments)
        return made
