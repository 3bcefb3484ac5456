"""Reading a mapping of the config key by key: every problem is kept, so that all are reported at
once."""

from __future__ import annotations

# Not that of typing: isinstance takes ten times as long with it.
from collections.abc import Mapping
from typing import (
    Any,
    Callable,
    Iterator,
    List,
    Optional,
    Pattern,
    Sequence,
    Tuple,
    TypeVar,
    Union,
)
from urllib.parse import urlsplit

from ..names import nearest
from .problems import COMMENT, Problems, duration, found, found_text, is_reference

T = TypeVar("T")


class Missing:
    """The default of a key that must be there."""


REQUIRED = Missing()


class Fields:
    """The keys of one mapping of the config.

    Each reader checks one key and marks it as known. A wrong value is noted in `problems` and
    replaced by an empty value, so that reading continues; the caller raises when there are
    problems. `finish()` complains of keys that no reader asked for.
    """

    def __init__(self, raw: Any, path: str, problems: Problems) -> None:
        self.path = path
        self.problems = problems
        self._known: List[str] = []
        self._raw: Mapping[str, Any] = {}
        if isinstance(raw, Mapping):
            # YAML reads unquoted 10 or yes as keys that are no text.
            self._raw = {str(key): value for key, value in raw.items()}
            for key in raw:
                if not isinstance(key, str):
                    problems.add(
                        self.key(str(key)),
                        f"expected a key that is a text, found {found_text(key)}",
                    )
        elif raw is not None:
            # A text in place of a mapping of secrets may be one.
            problems.add(
                path or "(top)",
                f"expected a mapping, found {'a text' if isinstance(raw, str) else found(raw)}",
            )

    def key(self, name: str) -> str:
        """The full name of a key: `environments.uat.rooms`."""
        return f"{self.path}.{name}" if self.path else name

    def problem(self, name: str, what: str) -> None:
        """Note a complaint about a key."""
        self.problems.add(self.key(name), what)

    def has(self, name: str) -> bool:
        """Whether the key is there and not null. Does not mark it as known."""
        return self._raw.get(name) is not None

    def holds(self, name: str) -> bool:
        """Whether the key is there, whatever its value. Does not mark it as known."""
        return name in self._raw

    def text(
        self,
        name: str,
        default: Union[str, Missing] = REQUIRED,
        choices: Sequence[str] = (),
        pattern: Optional[Pattern[str]] = None,
        expected: str = "a text",
        digits: bool = False,
        hidden: bool = False,
    ) -> str:
        """A text that is not empty.

        A number is refused, since YAML reads 1.10 as 1.1, 007 as 7 and 0176543210 as 33056392. With
        `digits` a whole number is taken as its digits: an id that never begins with a zero. With
        `hidden` a wrong value is never shown, as that of a secret field never is.
        """

        def read(value: Any) -> Optional[str]:
            if digits and isinstance(value, int) and not isinstance(value, bool):
                value = str(value)
            if not isinstance(value, str):
                return None
            line = value.strip()
            if not choices and self.problems.references and is_reference(line):
                return line
            if (
                not line
                or (choices and line not in choices)
                or (pattern and not pattern.match(line))
            ):
                return None
            if pattern and not _can_be_split(line):
                return None
            return line

        wanted = f"one of {', '.join(choices)}" if choices else expected
        return self._read(name, default, "", read, wanted, lambda value: found_text(value, hidden))

    def secret(
        self,
        name: str,
        default: Union[str, Missing] = REQUIRED,
        pattern: Optional[Pattern[str]] = None,
        expected: str = "a secret",
    ) -> str:
        """A text that is a secret in the schema too: a wrong one is never shown."""
        return self.text(name, default, pattern=pattern, expected=expected, hidden=True)

    def whole_number(
        self,
        name: str,
        default: Union[int, Missing] = REQUIRED,
        minimum: int = 0,
        maximum: Optional[int] = None,
    ) -> int:
        """A whole number between `minimum` and `maximum`."""

        def read(value: Any) -> Optional[int]:
            if isinstance(value, bool) or not isinstance(value, int):
                return None
            return value if value >= minimum and (maximum is None or value <= maximum) else None

        span = f"of {minimum} or more" if maximum is None else f"from {minimum} to {maximum}"
        return self._read(name, default, minimum, read, f"a whole number {span}")

    def flag(self, name: str, default: Union[bool, Missing] = REQUIRED) -> bool:
        """true or false."""
        return self._read(
            name,
            default,
            False,
            lambda value: value if isinstance(value, bool) else None,
            "true or false",
        )

    def seconds(
        self,
        name: str,
        default: Union[float, Missing] = REQUIRED,
        minimum: float = 0.0,
        maximum: float = 86400.0 * 366,
    ) -> float:
        """A length of time in seconds, written `30s`, `5m`, `2h`, `1d` or as a number of
        seconds."""

        def read(value: Any) -> Optional[float]:
            length = duration(value)
            return length if length is not None and minimum <= length <= maximum else None

        span = f" of {minimum:g}s or more" if minimum else ""
        return self._read(
            name, default, minimum, read, f"a length of time{span} such as 30s, 5m or 2h"
        )

    def texts(
        self,
        name: str,
        default: Union[Sequence[str], Missing] = REQUIRED,
        expected: str = "a list of texts",
    ) -> Tuple[str, ...]:
        """A list of texts; one text alone counts as a list of one. What is wrong with an entry is
        said of the entry."""

        def read(value: Any) -> Optional[Tuple[str, ...]]:
            if isinstance(value, str):
                return (value.strip(),) if value.strip() else None
            if not isinstance(value, (list, tuple)):
                return None
            for number, item in enumerate(value):
                if not isinstance(item, str) or not item.strip():
                    self.problem(f"{name}[{number}]", f"expected a text, found {found_text(item)}")
            return tuple(item.strip() for item in value if isinstance(item, str) and item.strip())

        wanted = default if isinstance(default, Missing) else tuple(default)
        return self._read(name, wanted, (), read, expected, found_text)

    def arguments(self, name: str) -> Tuple[str, ...]:
        """A command as a list of arguments. One string is refused: it would need a shell to be
        taken apart."""
        if isinstance(self._raw.get(name), str):
            self._known.append(name)
            self.problem(
                name,
                f'expected a list of arguments such as ["deploy.sh", "{{version}}"], found '
                f"{found(self._raw[name])}",
            )
            return ()
        arguments = self.texts(name, expected="a list of arguments")
        if not arguments and isinstance(self._raw.get(name), list) and not self._raw[name]:
            self.problem(name, "expected a list of at least one argument, found an empty list")
        return arguments

    def text_map(self, name: str, hidden: bool = False) -> Mapping[str, str]:
        """A mapping of texts to texts (HTTP headers, variables); empty when absent. `hidden` as for
        a text."""
        inner = self.inside(name)
        return {key: inner.text(key, hidden=hidden) for key in inner.names()}

    def secret_map(self, name: str, beside: str) -> Mapping[str, str]:
        """A mapping of texts to secrets. No key of it may be in the mapping `beside` it, too."""
        secrets = self.text_map(name, hidden=True)
        for key in self.inside(beside).names():
            if key in secrets:
                self.problem(f"{name}.{key}", f"expected a name that is not under {beside}, too")
        return secrets

    def inside(self, name: str) -> Fields:
        """The mapping under a key, to be read on; empty when the key is absent."""
        self._known.append(name)
        return Fields(self._raw.get(name), self.key(name), self.problems)

    def each(self, name: str) -> Iterator[Tuple[str, Fields]]:
        """The named mappings under a key: `(name, fields)` pairs. Of a null one `check_values` has
        complained."""
        inner = self.inside(name)
        for key in inner.names():
            yield key, inner.inside(key)

    def each_of(self, name: str) -> Iterator[Fields]:
        """The mappings of the list under a key; none when it is absent."""
        self._known.append(name)
        value = self._raw.get(name)
        if value is not None and not isinstance(value, (list, tuple)):
            self.problem(name, f"expected a list of mappings, found {found(value)}")
            return
        for number, item in enumerate(value or ()):
            path = f"{self.key(name)}[{number}]"
            if item is None:
                self.problems.add(path, f"expected a mapping, found nothing {COMMENT}")
            else:
                yield Fields(item, path, self.problems)

    def names(self) -> List[str]:
        """The keys of this mapping."""
        return list(self._raw)

    def raw(self, name: str) -> Any:
        """A value as it is, for a reader that checks it itself."""
        self._known.append(name)
        return self._raw.get(name)

    def ignore_rest(self) -> None:
        """Report no unknown keys: which keys there should be is not known."""
        self._known += list(self._raw)

    def finish(self) -> None:
        """Complain of every key that nobody asked for."""
        for name in self._raw:
            if name not in self._known:
                near = nearest(name, self._known, most=1)
                known = (
                    f"did you mean {near[0]}?"
                    if near
                    else f"known here: {', '.join(sorted(set(self._known)))}"
                )
                self.problem(name, f"there is no such key; {known}")

    def _read(
        self,
        name: str,
        default: Union[T, Missing],
        empty: T,
        read: Callable[[Any], Optional[T]],
        expected: str,
        shown: Optional[Callable[[Any], str]] = None,
    ) -> T:
        self._known.append(name)
        value = self._raw.get(name)
        if name in self._raw and value is None:
            self.problem(name, f"expected {expected}, found {found(None)}")
            return empty
        if value is None:
            if isinstance(default, Missing):
                self.problem(name, f"expected {expected}, found nothing")
                return empty
            return default
        result = read(value)
        if result is None:
            self.problem(name, f"expected {expected}, found {(shown or found)(value)}")
            return empty
        return result


def _can_be_split(text: str) -> bool:
    """False for an address with half a bracket (`https://[::1`), of which Python makes an error
    wherever it is used."""
    try:
        urlsplit(text)
    except ValueError:
        return False
    return True
