"""Which of several versions is newer: the order of Semantic Versioning, wider where tags are.

Not the library `packaging`: it reads the versions of Python packages, to which `1.0.0-1` is later
than `1.0.0` and `1.0.0-SNAPSHOT`, `web@1.2.0` and `release/2026-11` are no versions at all. Pure.
"""

from __future__ import annotations

import re
from typing import Dict, Iterable, List, Optional, Tuple

from ...structs import dataclass
from ...structs.patterns import lazy_pattern

# Natural order: text and numbers in turn, so that `rc10` comes after `rc9`.
Natural = Tuple[Tuple[int, int, str], ...]
Precedence = Tuple[Tuple[int, ...], int, Natural, Natural]

_SIGNS = lazy_pattern(r"(?:^|(?<=[/@_-]))(?=[vV]?[0-9])")
# Dates are written with dashes too: 2026-11, 2026-11-30.
_DATE = lazy_pattern(r"^((?:19|20)[0-9]{2})-([0-9]{1,2})(?:-([0-9]{1,2}))?(?![0-9A-Za-z])")
_NUMBERS = lazy_pattern(r"^[0-9]+(?:\.[0-9]+)*")
_PIECE = lazy_pattern(r"[0-9]+|[^0-9.]+")
# What follows the numbers and means the release itself, or something made after it.
_RELEASE = lazy_pattern(r"^[.-](?:final|release|ga)(?![0-9A-Za-z])", re.IGNORECASE)
_LATER = lazy_pattern(r"^[.-]?(?:post|sp)(?=[.0-9-]|(?![\s\S]))", re.IGNORECASE)
_BEFORE, _EXACT, _AFTER = 0, 1, 2
# A longer name cannot be deployed (names.VERSION), and Python makes no number of thousands of
# digits.
_MAX_LENGTH = 128


@dataclass(frozen=True)
class Ref:
    """The name of a tag or branch, and when it was made, in seconds since 1970 (0 where nobody
    knows)."""

    name: str
    made_at: int = 0


def precedence(name: str) -> Optional[Precedence]:
    """What to compare a version by; None for a name that is no version, such as `nightly`.

    Of two versions of one family (see `family`) the newer has the greater one: by their numbers
    (`1.10.0` after `1.9.0`, `1.2` equal to `1.2.0`, four and more of them too), then a pre-release
    before its release, then what follows a `+`, which Semantic Versioning leaves open.
    """
    start = _start(name)
    if start is None:
        return None
    rest = name[start:].lstrip("vV")
    date = _DATE.match(rest)
    if date:
        numbers, after = tuple(int(one) for one in date.groups() if one), rest[date.end() :]
    else:
        found = _NUMBERS.match(rest)
        assert found is not None
        numbers, after = tuple(int(one) for one in found.group().split(".")), rest[found.end() :]
    suffix, _, build = after.partition("+")
    suffix = _RELEASE.sub("", suffix)
    while numbers and numbers[-1] == 0:
        numbers = numbers[:-1]
    if not suffix:
        return numbers, _EXACT, (), natural(build)
    place = _AFTER if _LATER.match(suffix) else _BEFORE
    return numbers, place, natural(suffix.lstrip("-~._")), natural(build)


def family(name: str) -> str:
    """What precedes the version: `web@` of `web@1.2.0`, `release/` of `release/2026-11`,
    nothing of `v1.2.0`."""
    start = _start(name)
    return name if start is None else name[:start]


def natural(text: str) -> Natural:
    """What to sort a text by as people would: numbers by their value, and before words (as
    pre-releases are)."""
    pieces = _PIECE.findall(text[:_MAX_LENGTH])
    return tuple((0, int(one), "") if one.isdigit() else (1, 0, one.casefold()) for one in pieces)


def newest_first(refs: Iterable[Ref], like: str = "") -> List[str]:
    """The names of all, the newest version first.

    Versions come before other names. Those of one family are ordered by `precedence`, families by
    their youngest member, with that of `like` before all others. Other names, and equal versions,
    are ordered by when they were made, then in natural order, the last first.
    """
    versions: Dict[str, List[Tuple[Precedence, Ref]]] = {}
    others: List[Ref] = []
    for ref in refs:
        known = precedence(ref.name)
        if known is None:
            others.append(ref)
        else:
            versions.setdefault(family(ref.name), []).append((known, ref))
    wanted = family(like) if precedence(like) is not None else None

    def youngest(name: str) -> Tuple[bool, int, bool, int, Natural]:
        made = max(ref.made_at for _, ref in versions[name])
        return name == wanted, made, not name, len(versions[name]), natural(name)

    names: List[str] = []
    for name in sorted(versions, key=youngest, reverse=True):
        ordered = sorted(versions[name], key=lambda one: (one[0], *_age(one[1])), reverse=True)
        names += [ref.name for _, ref in ordered]
    return names + [ref.name for ref in sorted(others, key=_age, reverse=True)]


def _age(ref: Ref) -> Tuple[int, Natural, str]:
    return ref.made_at, natural(ref.name), ref.name


def _start(name: str) -> Optional[int]:
    """Where the version begins in a name; None where there is none. `test1` and `main` hold none.

    The last sign that a version follows counts, but not one inside the version: `web-1.2.0-rc.1` is
    1.2.0-rc.1.
    """
    for found in _SIGNS.finditer(name) if len(name) <= _MAX_LENGTH else ():
        if "/" not in name[found.start() :] and "@" not in name[found.start() :]:
            return found.start()
    return None
