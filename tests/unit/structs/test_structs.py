"""Our data classes do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any, Callable, ClassVar, Dict, List

import pytest

from opsroom import structs

Definer = Callable[..., Any]


def _defined(dataclass: Definer) -> Dict[str, Any]:
    """The same classes, once by each of the two."""

    @dataclass(frozen=True)
    class Base:
        """A base."""

        kinds: ClassVar[int] = 3
        name: str
        count: int = 0

    @dataclass(frozen=True)
    class Frozen(Base):
        """Another default for an inherited field, and new fields."""

        count: int = 7
        token: str = field(default="", repr=False)
        cached: str = field(default="", compare=False)
        tags: Dict[str, str] = field(default_factory=dict)

    @dataclass
    class Open:
        """Takes other values later."""

        one: int
        several: List[int] = field(default_factory=list)

    @dataclass(frozen=True)
    class Own:
        """Has methods of its own."""

        name: str

        def __repr__(self) -> str:
            return "own"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    class Plain(Base):
        """No data class itself."""

    return {one.__name__: one for one in (Base, Frozen, Open, Own, Plain)}


OURS, THEIRS = _defined(structs.dataclass), _defined(dataclass)


@dataclasses.dataclass(frozen=True)
class Attempt:
    """What to try with each of both: a class, and what is made of an object or of the class."""

    name: str
    of: str
    work: Callable[[Any], Any]


ATTEMPTS = (
    Attempt("by position", "Frozen", lambda c: repr(c("a", 1, "secret", "b"))),
    Attempt("by name", "Frozen", lambda c: repr(c(name="a", tags={"b": "c"}))),
    Attempt("both", "Frozen", lambda c: repr(c("a", count=2))),
    Attempt("in the order of the fields", "Frozen", lambda c: vars(c(count=2, name="a"))),
    Attempt("an inherited default", "Frozen", lambda c: (c.count, c("a").count, c("a").kinds)),
    Attempt("no default on the class", "Frozen", lambda c: hasattr(c, "tags")),
    Attempt("a secret is not shown", "Frozen", lambda c: "secret" in repr(c("a", token="secret"))),
    Attempt("equal", "Frozen", lambda c: c("a") == c("a", cached="x")),
    Attempt("not equal", "Frozen", lambda c: c("a") == c("b")),
    Attempt("another class", "Base", lambda c: c("a") == ("a", 0)),
    Attempt("equal objects are one key", "Base", lambda c: len({c("a"), c("a"), c("b")})),
    Attempt("an open class is no key", "Open", lambda c: {c(1)}),
    Attempt("a dict inside is no key", "Frozen", lambda c: {c("a")}),
    Attempt("a list for each", "Open", lambda c: c(1).several is c(2).several),
    Attempt("a new value", "Open", lambda c: _set(c(1), "one", 5)),
    Attempt("a new value of a frozen one", "Frozen", lambda c: _set(c("a"), "name", "b")),
    Attempt("a deleted value of a frozen one", "Base", lambda c: delattr(c("a"), "name")),
    Attempt("too little", "Frozen", lambda c: c()),
    Attempt("too much", "Base", lambda c: c("a", 1, 2)),
    Attempt("twice", "Base", lambda c: c("a", name="b")),
    Attempt("unknown", "Base", lambda c: c("a", colour="red")),
    Attempt("own methods stay", "Own", lambda c: (repr(c("a")), c("a") == c("b"), hash(c("a")))),
    Attempt("replace", "Frozen", lambda c: repr(dataclasses.replace(c("a"), count=9))),
    Attempt("asdict", "Frozen", lambda c: dataclasses.asdict(c("a", tags={"b": "c"}))),
    Attempt("fields", "Frozen", lambda c: [one.name for one in dataclasses.fields(c)]),
    Attempt("is_dataclass", "Frozen", dataclasses.is_dataclass),
    Attempt("copy", "Frozen", lambda c: repr(copy.deepcopy(c("a")))),
    Attempt("a plain class below", "Plain", lambda c: (repr(c("a")), c("a") == c("a"))),
)


def _set(made: Any, name: str, value: Any) -> str:
    setattr(made, name, value)
    return repr(made)


def _result(attempt: Attempt, classes: Dict[str, Any]) -> Any:
    try:
        return attempt.work(classes[attempt.of])
    except (TypeError, FrozenInstanceError) as error:
        return type(error)


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=lambda one: one.name)
def test_a_data_class_does_what_one_of_the_standard_library_does(attempt: Attempt) -> None:
    assert _result(attempt, OURS) == _result(attempt, THEIRS)


def test_an_error_names_fields_and_no_value() -> None:
    with pytest.raises(TypeError) as raised:
        OURS["Base"]("a", 1, "hunter2", colour="swordfish")
    assert str(raised.value) == "Base(name, count) does not take 3 values and colour"


@structs.dataclass(frozen=True)
class Kept:
    name: str


def test_an_object_is_pickled() -> None:
    assert pickle.loads(pickle.dumps(Kept("a"))) == Kept("a")


def test_an_object_that_holds_itself_is_shown() -> None:
    made = OURS["Open"](1)
    made.several.append(made)
    assert "..." in repr(made)


def test_a_field_without_default_does_not_follow_one_with() -> None:
    with pytest.raises(TypeError, match=r"Wrong\.second has no default, and follows first"):

        @structs.dataclass
        class Wrong:
            first: int = 1
            second: int


def test_a_list_as_default_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Wrong\.one: use default_factory"):

        @structs.dataclass
        class Wrong:
            one: List[int] = []  # noqa: RUF012
