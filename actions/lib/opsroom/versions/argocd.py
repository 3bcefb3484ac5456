"""Ask Argo CD which version runs: what its last sync brought."""

from __future__ import annotations

from ..config.fields import Fields
from ..deploys import Target
from ..errors import Code, Failure
from ..names import VERSION, either, shown
from ..structs import dataclass
from ..structs.patterns import lazy_pattern
from ..templates import fill, unknown
from ..vendors.argocd import Access, Application, Client, Place, read_access, read_place
from . import Running, VersionSource

_KNOWN = ("app", "environment")
_COMMIT = lazy_pattern(r"^[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
# The same as the deploy kind has it.
_MARK = "opsroom"


@dataclass(frozen=True)
class Options:
    """`place` is a template; `source` is the number of the source that has the version, from 1,
    where an application has several; `prefix` stands before the version in a revision."""

    access: Access
    place: Place
    source: int = 0
    prefix: str = ""


def read_options(fields: Fields) -> Options:
    """Shows what the last sync of an application brought: its target revision where it is synced to
    that, else the revision.

    - `prefix`: what stands before the version in a revision, such as `web/`.
    - `source` (number, 1 or more; default none): which of several sources has the version.
    """
    options = Options(
        access=read_access(fields),
        place=read_place(fields),
        source=fields.whole_number("source", 0, minimum=0),
        prefix=fields.text("prefix", ""),
    )
    known = either(f"{{{one}}}" for one in _KNOWN)
    for key, text in (
        ("application", options.place.application),
        ("project", options.place.project),
        ("app_namespace", options.place.namespace),
    ):
        for name in unknown(text, _KNOWN):
            fields.problem(key, f"{{{name}}} is not filled in here; known: {known}")
    return options


def make(options: Options, target: Target) -> VersionSource:
    """A source for one application and environment. Sends nothing yet."""
    return ArgoVersion(options, target)


class ArgoVersion:
    """Reads the application."""

    def __init__(self, options: Options, target: Target) -> None:
        names = {"app": target.app, "environment": target.environment}
        place = options.place
        self._prefix = options.prefix
        self._name = fill(place.application, names)
        filled = Place(self._name, fill(place.project, names), fill(place.namespace, names))
        self._client = Client(
            options.access, filled, f"apps.{target.app}.version", _MARK, options.source
        )

    def ask(self) -> Running:
        """The version of the last sync, with its commit where the source is git; empty before the
        first.

        The name is the target revision where the application is synced to it, or the revision that
        was asked for; otherwise only the commit is known. Raises Failure(bad_answer) where it is no
        version.
        """
        application = self._client.application()
        if not application.history:
            return Running("")
        last = application.history[-1].revision
        commit = last if _COMMIT.match(last) else ""
        name = _name_of(application, last) or last
        if _COMMIT.match(name):
            return Running(name[:12], commit)
        version = name[len(self._prefix) :] if name.startswith(self._prefix) else name
        if not VERSION.match(version):
            raise Failure(
                Code.BAD_ANSWER,
                f"Argo CD has synced {self._name} to {shown(name) or 'nothing'}, which is not a "
                "version.",
                "Let it follow tags or versions of a chart, or ask the application itself.",
            )
        return Running(version, commit)


def _name_of(application: Application, revision: str) -> str:
    """The name that stands for a revision; empty where it cannot be told."""
    if application.sync == "Synced" and application.revision == revision:
        return application.history[-1].target
    operation = application.operation
    done = operation is not None and operation.phase == "Succeeded"
    return operation.wanted if done and operation and operation.revision == revision else ""
