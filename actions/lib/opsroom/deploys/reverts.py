"""What commits deliver when some of them revert others: a reverted commit delivers nothing, its
revert neither; the revert of the revert delivers again. Pure.

A revert is known by what git, GitHub, GitLab and conventional commits write: `Revert "SUBJECT"`,
`Reapply "SUBJECT"`, `revert: SUBJECT`, "This reverts commit ID.", "This reverts merge request !12",
"Reverts acme/web#12".
"""

from __future__ import annotations

import re
from dataclasses import field, replace
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Set, Tuple

from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from . import Commit

_ID = r"[0-9a-f]{7,64}"
# `Revert "X"` with the number that GitHub puts behind a title when it squashes, which is inside
# the quotes too.
_NUMBER = lazy_pattern(r"\s*\((?:pull request )?[#!]([0-9]+)\)\s*(?![\s\S])")
_QUOTED = lazy_pattern(
    r"^(revert|reapply)[:\s]+[\"“'‘](.*?)[\"”'’]?\s*(?![\s\S])", re.IGNORECASE | re.DOTALL
)
# The same in free words: a revert only where the text says of what.
_UNQUOTED = lazy_pattern(r"^(?:revert|reapply|undo|back out)\b", re.IGNORECASE)
_CONVENTIONAL = lazy_pattern(
    r"^revert(?:\([^()\n]*\))?!?:\s*[\"“]?(.+?)[\"”]?\s*(?![\s\S])", re.IGNORECASE
)
_IDS = lazy_pattern(
    r"^[ \t>*-]{0,8}(?:this )?(?:revert(?:s|ed)?|back(?:s|ed)? out) (?:commit|changeset)s?:? "
    rf"((?:{_ID}\b[\s,.]*(?:and )?)+)",
    re.IGNORECASE | re.MULTILINE,
)
_REQUEST = lazy_pattern(
    r"^[ \t>*-]{0,8}(?:this )?reverts (?:(?:pull|merge) requests? )?(?:[\w./-]*)[#!]([0-9]+)\b",
    re.IGNORECASE | re.MULTILINE,
)
_REFS = lazy_pattern(rf"^refs: ((?:{_ID}\b[\s,]*)+)", re.IGNORECASE | re.MULTILINE)
_PICKED = lazy_pattern(rf"^\(cherry picked from commit ({_ID})\)", re.IGNORECASE | re.MULTILINE)
_MERGED = lazy_pattern(
    r"\b(?:merge pull request #|see merge request [\w./-]*!|merged pr )([0-9]+)\b", re.IGNORECASE
)
_REVERT_BRANCH = lazy_pattern(
    r"^merge pull request #[0-9]+ from \S+?/revert-([0-9]+)-", re.IGNORECASE
)
_MAINLINE = lazy_pattern(rf"reversing\s+changes\s+made\s+to\s+({_ID})", re.IGNORECASE)
_HEX = lazy_pattern(_ID, re.IGNORECASE)
# What a squash merge lists: `* subject`, each with its text.
_LISTED = lazy_pattern(r"^\* (?=\S)", re.MULTILINE)
# Nobody reads more of a message, or of its first line.
_MAX_TEXT, _MAX_SUBJECT = 200_000, 500
# So many commits one message may revert.
_MAX_REVERTS = 100


@dataclass(frozen=True)
class Statement:
    """A text that says what is delivered, apart from what the texts `but_not` speak of."""

    text: str
    but_not: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Net:
    """What remains of a range of commits: what they deliver, newest first, and what was said of
    older work that they take back. `commits` are those that change something, newest first: no
    merges, and none whose work was reverted within the range, nor its revert."""

    delivered: Tuple[Statement, ...] = ()
    taken_back: Tuple[str, ...] = ()
    commits: Tuple[Commit, ...] = ()


@dataclass(frozen=True)
class _Revert:
    """What a text says to revert. `subject` is that of the reverted commit; `times` counts the
    reverts around the work itself; `own` is whether the text has words of its own before them."""

    subject: str = ""
    ids: Tuple[str, ...] = ()
    requests: Tuple[str, ...] = ()
    times: int = 1
    own: bool = False
    mainline: str = ""


@dataclass
class _Piece:
    """A commit, or one of those that a squash merge lists."""

    commit: Commit
    text: str
    revert: Optional[_Revert]
    targets: List[int] = field(default_factory=list)
    older: Tuple[Commit, ...] = ()
    undone: bool = False

    @property
    def subject(self) -> str:
        return _subject(self.text)


def referred_to(messages: Iterable[str]) -> Tuple[str, ...]:
    """The commits that messages say to revert, as they name them."""
    found = [
        id
        for message in messages
        for text in _pieces(message)
        for id in getattr(_read(text), "ids", ())
    ]
    return tuple(dict.fromkeys(found))


def net(commits: Sequence[Commit]) -> Net:
    """What the commits of a range deliver and take back. Newest first, children before parents;
    those that are not `new` were there before, and count only as what others revert."""
    new = [one for one in commits if one.new]
    return _Range(new, [one for one in commits if not one.new]).net()


class _Range:
    def __init__(self, new: Sequence[Commit], older: Sequence[Commit]) -> None:
        self._older = older
        self._commits = {one.id: one for one in new}
        self._pieces: List[_Piece] = []
        self._of: Dict[str, List[int]] = {}
        self._picked: List[Tuple[str, str]] = []
        self._requests: Dict[str, List[str]] = {}
        for commit in reversed(new):
            message = commit.message[:_MAX_TEXT]
            for origin in _PICKED.findall(message):
                self._picked.append((origin.lower(), commit.id))
            for request in (
                *_MERGED.findall(message),
                *_NUMBER.findall(message.partition("\n")[0][:_MAX_SUBJECT]),
            ):
                self._requests.setdefault(request, []).append(commit.id)
            for text in _pieces(commit.message):
                self._of.setdefault(commit.id, []).append(len(self._pieces))
                self._pieces.append(_Piece(commit, text, _read(text)))
        for number, piece in enumerate(self._pieces):
            if piece.revert is not None:
                self._find(number, piece, piece.revert)
                for target in piece.targets:
                    self._set(target, undone=True)

    def net(self) -> Net:
        delivered: List[Statement] = []
        taken: List[str] = []
        for piece in reversed(self._pieces):
            if piece.undone:
                continue
            revert = piece.revert
            if revert is None:
                if self._delivers(piece):
                    delivered.append(Statement(piece.text))
                continue
            texts = [self._pieces[one].text for one in piece.targets]
            if not piece.targets:
                times, of = self._depth(piece)
                if times % 2:
                    taken += [revert.subject, *of]
                    texts += of
                else:
                    delivered += [Statement(text) for text in (revert.subject, *of)]
            if revert.own:
                delivered.append(Statement(_own(piece.text), tuple(texts)))
        return Net(tuple(delivered), tuple(one for one in taken if one), self._effective())

    def _effective(self) -> Tuple[Commit, ...]:
        ids = {
            one.commit.id
            for one in self._pieces
            if not one.undone and (one.revert is None or one.revert.own or not one.targets)
        }
        commits = self._commits.values()
        return tuple(one for one in commits if one.id in ids and len(one.parents) < 2)

    def _delivers(self, piece: _Piece) -> bool:
        """A merge delivers what it brings: where all of that was reverted, it speaks of nothing
        that is there."""
        brought = self._brought(piece.commit)
        if not brought:
            return True
        numbers = [number for id in brought for number in self._of.get(id, ())]
        return any(
            not self._pieces[one].undone and self._pieces[one].revert is None for one in numbers
        )

    def _find(self, number: int, piece: _Piece, revert: _Revert) -> None:
        """What a revert undoes: commits by their ids, else by the number of their request, else by
        their subject."""
        ids = [found for id in revert.ids for found in self._by_id(id)]
        targets = [
            one for id in ids for one in self._with_brought(id, revert.mainline) if one < number
        ]
        if not targets:
            piece.older = tuple(
                one
                for one in self._older
                if any(one.id.startswith(id.lower()) for id in revert.ids)
            )
            if piece.older:
                return
        if not targets:
            targets = [
                one
                for request in revert.requests
                for one in self._by_request(request)
                if one < number
            ]
        if not targets and revert.subject:
            same = [
                one for one in range(number) if _alike(self._pieces[one].subject, revert.subject)
            ]
            same = [one for one in same if not self._pieces[one].undone] or same
            targets = self._whole(same[-1]) if same else []
        piece.targets = list(dict.fromkeys(targets))

    def _by_id(self, id: str) -> List[str]:
        """The commits of the range that an id means: also those that were picked from that commit
        elsewhere."""
        wanted = id.lower()
        found = [one for one in self._commits if one.startswith(wanted)]
        if found:
            return found
        return [id for origin, id in self._picked if _begins(origin, wanted)]

    def _by_request(self, number: str) -> List[int]:
        return [one for id in self._requests.get(number, ()) for one in self._with_brought(id, "")]

    def _whole(self, number: int) -> List[int]:
        """A piece that a squash merge lists separately; with the first piece of a commit all of
        that."""
        id = self._pieces[number].commit.id
        return self._with_brought(id, "") if number == self._of[id][0] else [number]

    def _with_brought(self, id: str, mainline: str) -> List[int]:
        """The pieces of a commit, and where it is a merge those of all that it brought."""
        brought = self._brought(self._commits[id], mainline)
        return sorted([*self._of[id], *(number for one in brought for number in self._of[one])])

    def _brought(self, commit: Commit, mainline: str = "") -> Set[str]:
        """The commits of the range that a merge brought into its mainline, which is the first
        parent unless said."""
        return _brought(commit, mainline, self._commits)

    def _texts_of(self, commit: Commit, mainline: str) -> List[str]:
        """What an older commit says, and where it is a merge what it brought says."""
        brought = _brought(commit, mainline, {one.id: one for one in self._older})
        if not brought or _read(commit.message) is not None:
            return [commit.message]
        part = [one for one in self._older if one.id in brought]
        return [
            text.text for text in net([replace(one, new=True) for one in (commit, *part)]).delivered
        ]

    def _set(self, number: int, undone: bool) -> None:
        """Undo a piece, or have it again; what it reverted itself goes the other way."""
        todo = [(number, undone)]
        while todo:
            one, wanted = todo.pop()
            piece = self._pieces[one]
            if piece.undone != wanted:
                piece.undone = wanted
                todo += [(target, not wanted) for target in piece.targets]

    def _depth(self, piece: _Piece) -> Tuple[int, List[str]]:
        """How many reverts lie between a piece and the work that was there before, and what was
        said of that."""
        assert piece.revert is not None
        times, at = 0, (piece.revert, piece.older)
        texts: List[str] = []
        seen: Set[str] = set()
        while True:
            revert, older = at
            if not older:
                return times + revert.times, texts
            times, first = times + 1, older[0]
            texts += [text for one in older for text in self._texts_of(one, revert.mainline)]
            further = _read(first.message)
            if further is None or first.id in seen:
                return times, texts
            seen.add(first.id)
            ids = further.ids
            at = (
                further,
                tuple(
                    one for one in self._older if any(one.id.startswith(id.lower()) for id in ids)
                ),
            )


def _brought(merge: Commit, mainline: str, known: Mapping[str, Commit]) -> Set[str]:
    """The ids of the known commits that a merge brought into its mainline."""
    if len(merge.parents) < 2:
        return set()
    main = next(
        (one for one in merge.parents if mainline and _begins(one, mainline.lower())),
        merge.parents[0],
    )
    return _reach([one for one in merge.parents if one != main], known) - _reach([main], known)


def _reach(start: Sequence[str], known: Mapping[str, Commit]) -> Set[str]:
    seen: Set[str] = set()
    todo = list(start)
    while todo:
        one = todo.pop()
        if one in known and one not in seen:
            seen.add(one)
            todo += known[one].parents
    return seen


def _pieces(message: str) -> Iterator[str]:
    """A message, taken apart where a squash merge lists what it holds, in the order in which that
    was made."""
    yield from [one.strip() for one in _LISTED.split(message[:_MAX_TEXT]) if one.strip()] or [""]


def _read(text: str) -> Optional[_Revert]:
    subject, _, body = text.partition("\n")
    subject = subject[:_MAX_SUBJECT]
    branch = _REVERT_BRANCH.match(subject)
    inner, times = _unquoted(_subject(text))
    if not times and branch:
        # The title of the request, which quotes what is reverted, is below.
        inner, times = _unquoted(_subject(body.strip()))
    conventional = not times and _CONVENTIONAL.match(subject)
    if conventional:
        inner, times = _subject(conventional.group(1)), 1
    ids = [id for found in _IDS.findall(text) for id in _HEX.findall(found)]
    ids += [
        id for found in (_REFS.findall(body) if conventional else ()) for id in _HEX.findall(found)
    ]
    requests = _REQUEST.findall(text) + ([branch.group(1)] if branch else [])
    if not times and not ids and not requests:
        return None
    main = _MAINLINE.search(text)
    own = not times and not branch and not _UNQUOTED.match(subject)
    return _Revert(
        inner,
        tuple(ids[:_MAX_REVERTS]),
        tuple(requests[:_MAX_REVERTS]),
        times or 1,
        own,
        main.group(1) if main else "",
    )


def _own(text: str) -> str:
    """A text without the lines that say what it reverts: they may quote its subject."""
    return "\n".join(
        one for one in text.split("\n") if not (_IDS.match(one) or _REQUEST.match(one))
    )


def _unquoted(subject: str) -> Tuple[str, int]:
    """The subject of what is reverted, and how many reverts lie around the work; 0 for a subject
    that is no revert."""
    found = _QUOTED.match(subject)
    if found is None:
        return "", 0
    inner = _subject(found.group(2))
    if found.group(1).lower() == "reapply":
        return f'Revert "{inner}"', 2 + _unquoted(inner)[1]
    return inner, 1 + _unquoted(inner)[1]


def _subject(text: str) -> str:
    """The first line without the numbers of requests at its end."""
    subject = text.strip().partition("\n")[0][:_MAX_SUBJECT].strip()
    while _NUMBER.search(subject):
        subject = _NUMBER.sub("", subject)
    return subject


def _alike(one: str, other: str) -> bool:
    """Whether two subjects are the same, or one is the other cut short."""
    if other.endswith(("…", "...")):
        cut = other.rstrip(".…").rstrip()
        return len(cut) > 10 and one.startswith(cut)
    return one == other and one != ""


def _begins(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)
