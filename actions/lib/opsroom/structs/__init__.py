"""Data classes that cost next to nothing to define; `patterns` has such regular expressions.

`dataclasses.dataclass` writes the source of the methods of each class and compiles it: half a
millisecond a class, and an action defines up to a hundred before it answers. The methods here are
the same functions for every class, and read the names of the fields from it. Making an object
takes 1 µs longer in exchange; docs/adr/0013-own-data-classes.md has the figures.

`field`, `fields`, `replace` and `asdict` of `dataclasses` work on these classes.
"""

from __future__ import annotations

import dataclasses
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Dict, Tuple

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(class_=None, *, frozen=False):
        """As `dataclasses.dataclass`, of whose options this takes `frozen` alone.

        Annotations have to be strings (`from __future__ import annotations`), and the bases are no
        data classes of the standard library. Raises TypeError for a field without a default behind
        one that has a default, and ValueError for a default that is a list, dict or set.
        """
        if class_ is None:
            return lambda class_: _define(class_, frozen)
        return _define(class_, frozen)


# What says in a Field of the standard library that it is no ClassVar: `fields` and `replace` look.
_KIND: Any = dataclasses._FIELD  # type: ignore[attr-defined]
_MISSING = dataclasses.MISSING


def _define(class_: type, frozen: bool) -> type:
    members = class_.__dict__
    found: Dict[str, Any] = {}
    for base in reversed(class_.__mro__[1:]):
        found.update(base.__dict__.get("__dataclass_fields__", ()))
    for name, annotation in members.get("__annotations__", {}).items():
        if annotation.startswith("ClassVar"):
            continue
        default = members.get(name, _MISSING)
        if isinstance(default, dataclasses.Field):
            made: Any = default
            if made.default is _MISSING:
                delattr(class_, name)
            else:
                setattr(class_, name, made.default)
        else:
            if default.__class__.__hash__ is None:
                raise ValueError(f"{class_.__name__}.{name}: use default_factory for {default!r}")
            made = dataclasses.field(default=default)  # pylint: disable=invalid-field-call
        made.name, made.type, made._field_type = name, annotation, _KIND
        found[name] = made
    optional = ""
    for name, made in found.items():
        if made.default is not _MISSING or made.default_factory is not _MISSING:
            optional = name
        elif optional:
            raise TypeError(
                f"{class_.__name__}.{name} has no default, and follows {optional}, which has one"
            )
    methods: Dict[str, Any] = {"__init__": _init, "__repr__": _repr, "__eq__": _eq}
    if frozen:
        methods.update(__setattr__=_refuse_to_set, __delattr__=_refuse_to_delete)
    if members.get("__hash__") is None:
        # Python itself puts None there for a class that defines __eq__.
        setattr(class_, "__hash__", _hash if frozen else None)  # noqa: B010
    for name, method in methods.items():
        if name not in members:
            setattr(class_, name, method)
    setattr(class_, "__dataclass_fields__", found)  # noqa: B010
    return class_


def _init(self: Any, *values: Any, **named: Any) -> None:
    fields = self.__dataclass_fields__
    state = dict(zip(fields, values))
    by_name = 0
    # In the order of the fields: `vars` of an object is what is stored and written.
    for name, made in fields.items():
        if name in state:
            continue
        if name in named:
            state[name] = named[name]
            by_name += 1
        elif made.default is not _MISSING:
            state[name] = made.default
        elif made.default_factory is not _MISSING:
            state[name] = made.default_factory()
        else:
            raise TypeError(f"{type(self).__name__} needs {name}")
    if len(values) > len(fields) or by_name < len(named):
        # Names alone: a value may be a secret.
        raise TypeError(
            f"{type(self).__name__}({', '.join(fields)}) does not take"
            f" {len(values)} values and {', '.join(named) or 'no name'}"
        )
    # Past __setattr__, which refuses in a frozen class.
    self.__dict__.update(state)


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (
        f"{name}={getattr(self, name)!r}"
        for name, made in self.__dataclass_fields__.items()
        if made.repr
    )
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _compared(self: Any) -> Tuple[Any, ...]:
    return tuple(
        getattr(self, name) for name, made in self.__dataclass_fields__.items() if made.compare
    )


def _eq(self: Any, other: object) -> Any:
    return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented


def _hash(self: Any) -> int:
    return hash(_compared(self))


def _refuse_to_set(self: Any, name: str, value: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(self: Any, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
