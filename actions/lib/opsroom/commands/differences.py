"""What changed: the commits between two versions of an application, and what runs on one
environment but not on another. Changes nothing."""

from __future__ import annotations

from functools import partial
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from ..deploys import Historian
from ..errors import Code, OpsroomError, Refusal
from ..names import check_version, listed
from ..text import not_marked, one_line, table
from ..versions import Running, same
from . import Context, Outcome
from .cards.delivered import brought
from .deployments.delivery import Delivery, counted, delivery, subject
from .live_version import ask, ask_many
from .resolve import DeploymentTarget, find_app, find_environment, find_target

# So many commits fit into an answer; all of them are in its facts.
_SHOWN = 4


def compare_versions(context: Context, app_name: str, before: str, after: str) -> Outcome:
    """The commits that `after` has and `before` has not, with authors and cards; where it has none,
    those that it lacks.

    Raises Refusal(unknown_app, unknown_version, not_possible) where the way in which the
    application is deployed does not know commits.
    """
    settings = context.settings
    app = find_app(settings, app_name)
    places = settings.environments_of(app)
    if not places:
        raise Refusal(Code.NOT_IN_ENVIRONMENT, f"{app.name} is configured for no environment.")
    target = find_target(settings, app.name, places[0])
    _must_know_commits(target)
    earlier = target.deployer.resolve(check_version(before))
    later = target.deployer.resolve(check_version(after))
    found = delivery(target, earlier, later)
    title = f"{app.name} {earlier.version} → {later.version}"
    facts = {
        "app": app.name,
        "before": earlier.version,
        "after": later.version,
        **_facts(context, found),
    }
    if not found.commits:
        text = f"{title}: no commits lie between the two."
        return Outcome(True, Code.COMMITS, text, facts)
    lines = [f"{title}: {counted(found.facts())}."]
    lines += [not_marked(f"{subject(one)} ({one_line(one.author, 40)})") for one in found.commits]
    if len(lines) > _SHOWN + 1:
        rest = len(lines) - _SHOWN - 1
        lines = [*lines[: _SHOWN + 1], f"and {rest} more"]
    if facts["cards"]:
        lines.append(f"Cards: {listed(facts['cards'], 8)}.")
    if found.link:
        lines.append(found.link)
    return Outcome(True, Code.COMMITS, "\n".join(lines), facts)


def _must_know_commits(target: DeploymentTarget) -> None:
    if not isinstance(target.deployer, Historian):
        kind = target.app.deploy.kind if target.app.deploy else ""
        raise Refusal(
            Code.NOT_POSSIBLE,
            f"{target.app.name} is deployed by {kind}, which does not know the commits of a "
            "version.",
            "The kinds that do: git, github, gitlab.",
        )


def _facts(context: Context, found: Delivery) -> Dict[str, Any]:
    """All commits as data, and their cards."""
    cards = () if found.back else brought(context.settings, found.net).delivered
    return {
        **found.facts(),
        "every_commit": [
            {"id": one.id, "author": one_line(one.author, 80), "subject": subject(one)}
            for one in found.commits
        ],
        "cards": list(cards),
    }


class _Difference(NamedTuple):
    """What one application has on the source and lacks on the base; `found` is empty where that is
    unknown."""

    app: str
    source: str
    base: str
    found: Delivery


def compare_environments(context: Context, source_name: str, environment_name: str) -> Outcome:
    """Each application of both environments whose versions differ, with what that brings.

    A place that does not answer is shown beside those that do. Raises Refusal(unknown_environment,
    unknown_app, not_possible) where they have no application in common.
    """
    settings = context.settings
    source, base = (find_environment(settings, one) for one in (source_name, environment_name))
    if source.name == base.name:
        hint = f"For example: what is on {source.name} but not on another environment"
        raise Refusal(Code.NOT_POSSIBLE, f"{source.name} does not differ from itself.", hint)
    on_both = set(settings.apps_in(base.name))
    apps = [name for name in settings.apps_in(source.name) if name in on_both]
    if not apps:
        raise Refusal(
            Code.UNKNOWN_APP,
            f"No application is configured for both {source.name} and {base.name}.",
        )
    targets = {
        (app, place.name): find_target(settings, app, place.name)
        for app in apps
        for place in (source, base)
    }
    answers = ask_many({key: partial(ask, target) for key, target in targets.items()})
    silent: List[Tuple[str, str, str]] = []
    differences: List[_Difference] = []
    for app in apps:
        pair = [answers[(app, place.name)] for place in (source, base)]
        errors = [one for one in pair if isinstance(one, OpsroomError)]
        if errors:
            silent.append((app, "unknown", one_line(errors[0].message, 100)))
            continue
        runs, lacks = (one for one in pair if isinstance(one, Running))
        difference = _difference(targets[(app, source.name)], app, runs, lacks)
        if difference is not None:
            differences.append(difference)
    return _answer(context, source.name, base.name, differences, silent)


def _difference(
    target: DeploymentTarget, app: str, source: Running, base: Running
) -> Optional[_Difference]:
    if not source.version or same(source, base):
        return None
    return _Difference(
        app, source.version, base.version or "nothing", _between(target, source, base)
    )


def _between(target: DeploymentTarget, source: Running, base: Running) -> Delivery:
    try:
        if not base.version or not isinstance(target.deployer, Historian):
            return Delivery()
        # It brings the copy up to date in which commits are looked up.
        return delivery(target, base, target.deployer.resolve(source.version))
    except OpsroomError:
        return Delivery()


def _answer(
    context: Context,
    source: str,
    base: str,
    differences: List[_Difference],
    silent: List[Tuple[str, str, str]],
) -> Outcome:
    facts = {
        "source": source,
        "environment": base,
        "differences": [
            {"app": one.app, source: one.source, base: one.base, **_facts(context, one.found)}
            for one in differences
        ],
        "unanswered": [app for app, _, _ in silent],
    }
    if not differences and not silent:
        text = f"Nothing is on {source} that is not on {base}."
        return Outcome(True, Code.DIFFERENCES, text, facts)
    rows: List[Tuple[str, ...]] = list(silent)
    for one in differences:
        brings = counted(one.found.facts())
        link = f" {one.found.link}" if one.found.link else ""
        rows.append((one.app, f"{one.source} ({base}: {one.base})", f"{brings}{link}".strip()))
    text = table(
        rows,
        narrow="say: changes between VERSION and VERSION of APPLICATION",
        heading=f"On {source} but not on {base}:",
    )
    return Outcome(True, Code.DIFFERENCES, text, facts)
