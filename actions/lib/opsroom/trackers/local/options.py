"""The options of a board of the tracker kind `local`."""

from __future__ import annotations

from typing import List, Sequence, Tuple

from ...config.fields import Fields
from ...config.problems import found
from ...names import comparable
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Reading

# Nothing that a card's id, an expression or another tracker's id could be mistaken for; no blanks.
_PROJECT = lazy_pattern(r"^[A-Za-z][A-Za-z0-9_.-]{0,30}\Z")
_CARD = lazy_pattern(r"^(?P<project>[A-Za-z][A-Za-z0-9_.-]{0,30})-(?P<number>0*[1-9]\d{0,8})\Z")
_COLUMN = lazy_pattern(r"^[^\x00-\x1f\x7f]{1,60}\Z")
_COLUMNS = ("To do", "Doing", "Done")


@dataclass(frozen=True)
class Options:
    """`project` is where new cards go, `projects` are others of this board. A card of the last
    column is closed."""

    project: str = "CARD"
    projects: Tuple[str, ...] = ()
    columns: Tuple[str, ...] = _COLUMNS

    @property
    def every(self) -> Tuple[str, ...]:
        """All projects, that for new cards first."""
        return (self.project, *self.projects)

    def reads_card(self, text: str) -> Reading:
        """PROJECT-12, when the project is one of this board; upper and lower case are the same."""
        found = _CARD.match(text.strip())
        project = self.reads_project(found["project"]).id if found else ""
        return (
            Reading(f"{project}-{int(found['number'])}", True) if found and project else Reading()
        )

    def reads_project(self, text: str) -> Reading:
        """The name of one of the projects of this board, in any case."""
        wanted = comparable(text)
        return next(
            (Reading(one, True) for one in self.every if comparable(one) == wanted), Reading()
        )


def read_options(fields: Fields) -> Options:
    """A board in opsroom's own database, for teams without a tracker. Nothing else is needed.

    - `project` (letter, then letters, digits, `_`, `.`, `-`): where new cards go; their ids are
      CARD-1, CARD-2 and so on.
    - `projects` (list of the same): other projects of this board, such as `[WEB]`.
    - `columns` (list of two or more): the columns; new cards are in the first, and those in the
      last are closed.
    """
    name = "a name such as OPS: a letter, then letters, digits, _ . - (31 characters at most)"
    options = Options(
        project=fields.text("project", "CARD", pattern=_PROJECT, expected=name),
        projects=fields.texts("projects", (), expected="a list of names such as OPS"),
        columns=fields.texts("columns", _COLUMNS, expected="a list of names of columns"),
    )
    for one in options.projects:
        if not _PROJECT.match(one):
            fields.problem("projects", f"expected {name}, found {found(one)}")
    for one in _twice(options.every):
        fields.problem(
            "projects",
            f"expected each project once, upper and lower case being the same, found '{one}' twice",
        )
    if fields.has("columns") and len(options.columns) == 1:
        fields.problem(
            "columns", "expected two columns or more, the last being for what is done, found one"
        )
    if fields.has("columns") and fields.raw("columns") == []:
        fields.problem(
            "columns", "expected two columns or more, the last being for what is done, found none"
        )
    for one in options.columns:
        if not _COLUMN.match(one):
            fields.problem(
                "columns",
                f"expected names of 60 characters at most, on one line, found {found(one)}",
            )
    for one in _twice([" ".join(column.split()) for column in options.columns]):
        fields.problem(
            "columns",
            f"expected each column once, upper and lower case being the same, found '{one}' twice",
        )
    return options


def _twice(names: Sequence[str]) -> List[str]:
    seen: List[str] = []
    twice: List[str] = []
    for name in names:
        (twice if comparable(name) in seen else seen).append(comparable(name))
    return [name for name in names if comparable(name) in twice][-1:] if twice else []
