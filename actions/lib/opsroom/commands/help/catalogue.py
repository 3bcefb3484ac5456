"""The catalogue of commands: the aliases of the pack, and which of them a requester may use."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

from ...config.model import Environment
from ...errors import Code
from ...policy.access import may
from ...structs import dataclass
from ...structs.patterns import lazy_pattern
from .. import Context

# The action that answers what is no command: nobody says it by its name.
UNKNOWN = "opsroom.suggest"
# What one must be allowed to do somewhere to use an action; who may do none of it is not shown the
# command.
RIGHTS = {
    "opsroom.deploy": ("deploy",),
    "opsroom.deploy_set": ("deploy",),
    "opsroom.promote": ("deploy",),
    "opsroom.rollback": ("deploy",),
    "opsroom.cancel_deployment": ("deploy",),
    "opsroom.confirm_change": ("deploy",),
    "opsroom.emergency_deploy": ("override",),
    "opsroom.approve_change": ("approve",),
    "opsroom.review_change": ("approve",),
    "opsroom.reject_change": ("approve", "deploy"),
    "opsroom.lock": ("lock",),
    "opsroom.unlock": ("lock",),
}
# Positive and negative: what someone may do at environments that are named, and may do at none.
GROUPS = {
    "Deploy": (
        "deploy",
        "deploy_set",
        "promote",
        "rollback",
        "cancel_deployment",
        "plan",
        "emergency_deploy",
    ),
    "Changes": (
        "list_changes",
        "approve_change",
        "reject_change",
        "confirm_change",
        "review_change",
    ),
    "Locks": ("list_locks", "lock", "unlock"),
    "Cards": ("create_card", "comment_card", "get_card", "move_card", "assign_card", "find_cards"),
    "Pages": (
        "page",
        "get_on_call",
        "list_pages",
        "ack_page",
        "resolve_page",
        "escalate_page",
        "add_responder",
    ),
    "Incidents": ("open_incident", "end_incident", "list_incidents"),
    "Look": (
        *(
            "get_version",
            "compare_versions",
            "compare_environments",
            "get_history",
            "metrics",
            "report",
            "audit_report",
            "audit_verify",
            "reconcile",
            "quiet",
            "loud",
        ),
        "whoami",
        "doctor",
        "help",
    ),
}
# Groups that are shown on their own where not all fit into one message, the last ones first.
# What nobody is shown where no tracker is configured.
_OF_TRACKERS = tuple(f"opsroom.{action}" for action in GROUPS["Cards"])
# The same for a room to announce in, and for pagers.
_OF_ANNOUNCEMENTS = ("opsroom.quiet", "opsroom.loud")
_OF_PAGERS = tuple(f"opsroom.{action}" for action in GROUPS["Pages"])
# For an incident either will do.
_OF_INCIDENTS = tuple(f"opsroom.{action}" for action in GROUPS["Incidents"])
PLACEHOLDER = lazy_pattern(r"\{\{\s*(\w+)\s*\}\}")
# Words before a value that do not belong to the name of a command.
_CONNECTING = ("for", "from", "of", "on", "with", "because")


@dataclass(frozen=True)
class Command:
    """One alias as help shows it.

    `formats` are as the alias has them, `says` as people read them. `word` is the one that it
    begins with, `head` all words before the first value: "audit" and "audit report".
    """

    word: str
    head: str
    formats: Tuple[str, ...]
    says: Tuple[str, ...]
    description: str
    action: str


def read_commands(aliases: Path) -> List[Command]:
    """The commands of the pack, from the folder of its aliases; without the one that answers what
    is none."""
    # PyYAML takes 0.02 s to import, and only help reads YAML.
    import yaml

    # Ten times as fast as the one in Python; PyYAML is built without it on few machines. Both load
    # safely.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    commands = []
    for path in sorted(aliases.glob("*.yaml")):
        alias = yaml.load(path.read_text(encoding="utf-8"), loader)  # noqa: S506
        if not alias.get("enabled", True) or alias["action_ref"] == UNKNOWN:
            continue
        formats = tuple(
            one["display"] if isinstance(one, dict) else one for one in alias["formats"]
        )
        head = PLACEHOLDER.split(formats[0])[0].replace(":", " ").split()
        head = head[1:] if head[0] == "opsroom" else head
        head = head[:-1] if head[-1] in _CONNECTING else head
        says = tuple(shown_form(one) for one in formats)
        commands.append(
            Command(
                head[0], " ".join(head), formats, says, alias["description"], alias["action_ref"]
            )
        )
    return commands


def is_configured(context: Context, command: Command) -> bool:
    """Whether there is something that the command could be about."""
    if command.action in _OF_TRACKERS:
        return bool(context.settings.trackers)
    if command.action in _OF_INCIDENTS:
        return bool(context.settings.trackers or context.settings.pagers)
    if command.action in _OF_ANNOUNCEMENTS:
        return bool(context.settings.announce)
    return command.action not in _OF_PAGERS or bool(context.settings.pagers)


def may_use(context: Context, command: Command) -> bool:
    """Whether the requester may use a command anywhere, and the config has what it is about."""
    if not is_configured(context, command):
        return False
    rights = RIGHTS.get(command.action)
    return rights is None or any(
        places_by_right(context, right)[0] or places_by_right(context, right)[1] for right in rights
    )


def places_by_right(
    context: Context, right: str = "deploy"
) -> Tuple[List[Environment], List[Environment], List[Environment]]:
    """The environments where the requester has a right: from here, from another room, and
    nowhere."""
    here: List[Environment] = []
    elsewhere: List[Environment] = []
    nowhere: List[Environment] = []
    for environment in context.settings.environments.values():
        refused = may(context.settings, context.speaker, environment, right)
        only_room = all(one.code is Code.WRONG_ROOM for one in refused)
        (nowhere if not only_room else elsewhere if refused else here).append(environment)
    return here, elsewhere, nowhere


def shown_form(display: str) -> str:
    return PLACEHOLDER.sub(lambda match: match.group(1).upper(), display)
