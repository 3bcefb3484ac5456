"""The registry of one sort of provider: the name of a kind in the config, and its module, which is
imported when the kind is first used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Generic, Mapping, Tuple, TypeVar

from .config.fields import Fields

Made = TypeVar("Made")


class Registry(Generic[Made]):
    """Name of a kind -> module. A module of a kind has two functions:

    - `read_options(fields) -> options` checks the kind's keys in the config and returns a frozen
      dataclass;
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
        """Let the kind check another part of the config with a function that it has for it, such as
        `read_target`."""
        return getattr(import_module(self._modules[kind]), function)(*arguments)

    def make(self, kind: str, options: Any, **arguments: Any) -> Made:
        """Build the provider of a kind from its checked options."""
        made: Made = import_module(self._modules[kind]).make(options, **arguments)
        return made


class LazyRegistry:
    """The registry of a package, which is imported when the config first names one of its kinds: an
    action that pages need not load what cards are made of."""

    def __init__(self, package: str) -> None:
        self._package = package

    @property
    def _registry(self) -> Registry[Any]:
        registry: Registry[Any] = import_module(self._package).REGISTRY
        return registry

    @property
    def what(self) -> str:
        """As Registry.what."""
        return self._registry.what

    def kinds(self) -> Tuple[str, ...]:
        """As Registry.kinds."""
        return self._registry.kinds()

    def read_options(self, kind: str, fields: Fields) -> Any:
        """As Registry.read_options."""
        return self._registry.read_options(kind, fields)

    def read(self, kind: str, function: str, *arguments: Any) -> Any:
        """As Registry.read."""
        return self._registry.read(kind, function, *arguments)
