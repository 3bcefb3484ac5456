"""The options of the deploy kind argocd. Every command reads them; few deploy."""

from __future__ import annotations

from enum import Enum

from ...config.fields import Fields
from ...names import either
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from ...templates import unknown
from ...vendors.argocd import Access, Place, read_access, read_place

_PLACE = ("app", "environment")
_REVISION = lazy_pattern(r"^[A-Za-z0-9{][A-Za-z0-9._+/@{}-]{0,199}\Z")


class Mode(str, Enum):
    """What a deployment leaves behind.

    TARGET: the target revision of the application, set for good. SYNC: only what was synced; the
    next sync of anyone goes back to the target revision.
    """

    TARGET = "target"
    SYNC = "sync"


@dataclass(frozen=True)
class Options:
    """`place` and `revision` are templates. `source` is the number of the source that has the
    version, from 1, where an application has several; 0 otherwise. `time_limit` is in seconds."""

    access: Access
    place: Place
    mode: Mode = Mode.TARGET
    revision: str = "{version}"
    source: int = 0
    prune: bool = False
    time_limit: float = 1800.0


def read_options(fields: Fields) -> Options:
    """Syncs an application of Argo CD and follows it until it is healthy.

    - `mode`: `target` sets the target revision for good; `sync` syncs to the version once.
    - `revision` (text with `{version}`): the revision that a version is, such as `{app}/{version}`.
    - `source` (number, 1 or more; default none): which of several sources has the version, from 1.
    - `prune`: whether resources that the version no longer has are deleted.
    - `time_limit`: how long the sync and the way to Healthy may take; then the sync is ended.
    """
    modes = [one.value for one in Mode]
    options = Options(
        access=read_access(fields),
        place=read_place(fields),
        mode=Mode(fields.text("mode", Mode.TARGET.value, choices=modes) or Mode.TARGET.value),
        revision=fields.text("revision", "{version}", (), _REVISION, "a text with {version}"),
        source=fields.whole_number("source", 0, minimum=0),
        prune=fields.flag("prune", False),
        time_limit=fields.seconds("time_limit", 1800.0, minimum=5.0),
    )
    check_placeholders(fields, options.place)
    for name in unknown(options.revision, (*_PLACE, "version")):
        known = either(f"{{{one}}}" for one in (*_PLACE, "version"))
        fields.problem("revision", f"{{{name}}} is not filled in here; known: {known}")
    if options.revision and "{version}" not in options.revision:
        fields.problem("revision", "expected {version} in it; all versions would be the same")
    return options


def check_placeholders(fields: Fields, place: Place) -> None:
    """Note placeholders that are not filled in in the keys of a place."""
    known = either(f"{{{one}}}" for one in _PLACE)
    for key, text in (
        ("application", place.application),
        ("project", place.project),
        ("app_namespace", place.namespace),
    ):
        for name in unknown(text, _PLACE):
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
