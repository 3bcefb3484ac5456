"""The rules: what sets each off, what it hands on, and that none of them can set off a deployment
by a deployment."""

from __future__ import annotations

import ast
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, FrozenSet, Iterator, List, Set, Tuple

import pytest

from opsroom.commands.audit.reconcile import RECORDED
from support.cases import cases
from support.metadata import metadata, read

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "actions" / "lib"


RULES, ACTIONS, WORKFLOWS = metadata("rules"), metadata("actions"), metadata("actions/workflows")
# These hand on whole answers, to actions of StackStorm's own pack: see test_rules_answers.py. They
# run no action of this pack, and those that they run notify nobody, so that they set nothing off.
for _name in ("answer_at_once", "answer_otherwise"):
    assert not RULES.pop(_name)["action"]["ref"].startswith("opsroom.")
TRIGGERS: Dict[str, Any] = {
    f"opsroom.{one['name']}": one
    for path in (ROOT / "sensors").glob("*.yaml")
    for one in read(path)["trigger_types"]
}
ENDED = "core.st2.generic.actiontrigger"
TIMERS = ("core.st2.IntervalTimer", "core.st2.CronTimer")
WEBHOOK = "core.st2.webhook"

# Use cases that put a version somewhere, that change cards, that page.
DEPLOYING = {
    "opsroom.commands.deployments.commands",
    "opsroom.commands.deployments.sets",
    "opsroom.commands.changes.execute",
}
CARDING = {
    "opsroom.commands.deployments.card_updates",
    "opsroom.commands.cards.actions",
    "opsroom.commands.cards.edit",
}
PAGING = {"opsroom.commands.pages.page"}


@lru_cache(maxsize=None)
def imports(path: Path) -> FrozenSet[str]:
    """The modules of opsroom that a file imports, wherever in it, and not only for types."""
    tree = ast.parse(path.read_text())
    package = (
        list(path.relative_to(LIBRARY).with_suffix("").parts[:-1])
        if LIBRARY in path.parents
        else []
    )
    found: Set[str] = set()
    for node in walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            found |= {module, *(f"{module}.{one.name}" for one in node.names)}
    return frozenset(one for one in found if one.startswith("opsroom") and file_of(one).exists())


def walk(node: ast.AST) -> Iterator[ast.AST]:
    for inner in ast.iter_child_nodes(node):
        if (
            isinstance(inner, ast.If)
            and isinstance(inner.test, ast.Name)
            and inner.test.id == "TYPE_CHECKING"
        ):
            continue
        yield inner
        yield from walk(inner)


def file_of(module: str) -> Path:
    path = LIBRARY.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@lru_cache(maxsize=None)
def reaches(action: str) -> FrozenSet[str]:
    """Every module of opsroom that an action, or one of the steps of a workflow, may come to
    run."""
    if not is_python(action):
        steps = [str(task.get("action", "")) for task in WORKFLOWS[action]["tasks"].values()]
        mine = [one.split(".", 1)[1] for one in steps if one.startswith("opsroom.")]
        return frozenset(module for one in mine for module in reaches(one))
    left, found = [ROOT / "actions" / f"{action}.py"], set()
    while left:
        for module in imports(left.pop()):
            if module not in found:
                found.add(module)
                left.append(file_of(module))
    return frozenset(found)


def is_python(action: str) -> bool:
    return bool(ACTIONS[action]["runner_type"] == "python-script")


def deploys(action: str) -> bool:
    return bool(reaches(action) & DEPLOYING)


def action_of(rule: str) -> str:
    return str(RULES[rule]["action"]["ref"].split(".", 1)[1])


def acts(rule: str) -> bool:
    """Whether it does more than look, record and tell."""
    action, given = action_of(rule), RULES[rule]["action"]["parameters"]
    if action == "check_record":
        return bool(given.get("wake"))
    if action == "close_dead_executions":
        # It ends nothing that is alive: it has StackStorm know of an end.
        return False
    if action in (
        *("announce_deployments", "remind", "note_drift", "note_reach", "watch_pages"),
        "announce_head",
    ):
        return action == "announce_head"
    return True


def may_set_off(action: str, rule: str) -> bool:
    """Whether what the action does may set off the rule, going by the trigger and its criteria."""
    trigger, criteria = RULES[rule]["trigger"]["type"], RULES[rule]["criteria"]
    if trigger == ENDED:
        return bool(re.match(criteria["trigger.action_ref"]["pattern"], f"opsroom.{action}"))
    if trigger.startswith("opsroom.version_"):
        # The sensor tells a change that a deployment on record made as version_changed.
        return trigger == "opsroom.version_changed" and deploys(action)
    if trigger.startswith("opsroom.card_"):
        return bool(reaches(action) & CARDING)
    if trigger.startswith("opsroom.page_"):
        return bool(reaches(action) & PAGING)
    # Timers, webhooks, and whether something can be reached.
    return False


def edges() -> List[Tuple[str, str]]:
    return [(one, other) for one in RULES for other in RULES if may_set_off(action_of(one), other)]


@cases("name", RULES)
class TestRule:
    def test_it_says_what_it_does_and_why_it_is_on_or_off(self, name: str) -> None:
        text = (ROOT / "rules" / f"{name}.yaml").read_text()
        assert re.match(r"[A-Z].*\.$", RULES[name]["description"])
        assert re.search(r"^# O(n|ff)\b.*\n(# .*\n)*enabled: (true|false)$", text, re.MULTILINE)
        assert ("# On" in text) is RULES[name]["enabled"]

    def test_its_trigger_exists_with_what_it_hands_on(self, name: str) -> None:
        trigger = RULES[name]["trigger"]["type"]
        known = {"execution_id", "action_ref", "status"} if trigger == ENDED else set()
        if trigger.startswith("opsroom."):
            known = set(TRIGGERS[trigger]["payload_schema"]["properties"])
        else:
            assert trigger in (ENDED, WEBHOOK, *TIMERS)
        for value in RULES[name]["action"]["parameters"].values():
            for one in re.findall(r"trigger\.(\w+)", str(value)):
                assert one in known
        for one in RULES[name]["criteria"]:
            assert one.split(".")[1] in known

    def test_it_hands_on_single_values_as_they_are(self, name: str) -> None:
        for value in RULES[name]["action"]["parameters"].values():
            if isinstance(value, str) and "{" in value:
                assert re.match(
                    r"^\{\{ (trigger\.\w+|action_context\.trigger_instance\.id) \}\}$", value
                )

    def test_nothing_of_a_webhook_but_an_id_is_handed_on(self, name: str) -> None:
        if RULES[name]["trigger"]["type"] == WEBHOOK:
            given = [one for one in RULES[name]["action"]["parameters"].values() if "{" in one]
            assert given == ["{{ action_context.trigger_instance.id }}"]

    def test_an_event_of_a_sensor_is_handed_on_so_that_a_double_is_known(self, name: str) -> None:
        if RULES[name]["trigger"]["type"].startswith("opsroom."):
            assert RULES[name]["action"]["parameters"]["event"] == "{{ trigger.event }}"

    def test_it_runs_no_workflow_with_what_came_from_outside(self, name: str) -> None:
        given = [one for one in RULES[name]["action"]["parameters"].values() if "{{" in str(one)]
        assert not given or is_python(action_of(name))

    def test_what_acts_is_off(self, name: str) -> None:
        action = action_of(name)
        if not is_python(action) or action == "morning_report":
            return
        assert RULES[name]["enabled"] is not acts(name)


def test_every_action_that_deploys_is_announced_and_paged_about() -> None:
    # What a workflow deploys, one of these steps of it does.
    wanted = {name for name in ACTIONS if is_python(name) and deploys(name)}
    assert {"deploy", "approve_change", "deploy_release", "promote_card", "rollback"} <= wanted
    for rule in ("announce_deployments", "page_on_failure"):
        pattern = re.compile(RULES[rule]["criteria"]["trigger.action_ref"]["pattern"])
        assert {name for name in ACTIONS if pattern.match(f"opsroom.{name}")} == wanted
        assert not pattern.match("opsroom.deployed")
        assert not pattern.match("other.opsroom.deploy")


def test_the_board_is_renewed_by_everything_that_changes_what_it_shows() -> None:
    pattern = re.compile(RULES["renew_board"]["criteria"]["trigger.action_ref"]["pattern"])
    renewing = {name for name in ACTIONS if pattern.match(f"opsroom.{name}")}
    # Those that leave a record but show nothing there; and those that rules and workflows run.
    elsewhere = {"assign_card", "comment_card", "create_card", "move_card", "loud", "quiet"}
    by_rules = {"deploy_release", "incident_step", "note_drift", "page_on_failure", "promote_card"}
    assert renewing == set(RECORDED) - elsewhere | by_rules
    assert not pattern.match("opsroom.board")
    assert not pattern.match("other.opsroom.deploy")


def test_no_rule_that_deploys_is_set_off_by_what_a_rule_did() -> None:
    leading = {(one, other) for one, other in edges() if deploys(action_of(other))}
    by_cards = {
        (one, other)
        for one, other in leading
        if RULES[other]["trigger"]["type"] == "opsroom.card_moved"
    }
    assert leading == by_cards
    # A card that a deployment moved asks for nothing: the action sees it in the record, and the
    # config may not name one column for both: test_rules_cards.py shows it.
    assert {other for _, other in by_cards} == {"promote_ready_cards"}


def test_no_rule_leads_back_to_itself() -> None:
    after: Dict[str, Set[str]] = {rule: set() for rule in RULES}
    for one, other in edges():
        if RULES[other]["trigger"]["type"] != "opsroom.card_moved":
            after[one].add(other)
    for start in RULES:
        seen: Set[str] = set()
        left = list(after[start])
        while left:
            rule = left.pop()
            if rule not in seen:
                seen.add(rule)
                left += after[rule]
        assert start not in seen, start


def test_the_graph_knows_a_loop_when_it_sees_one(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = {
        "trigger": {"type": ENDED},
        "criteria": {"trigger.action_ref": {"pattern": "^opsroom\\.deploy"}},
        "action": {"ref": "opsroom.deploy_release", "parameters": {}},
    }
    monkeypatch.setitem(RULES, "loop", loop)
    assert ("loop", "loop") in edges()
    with pytest.raises(AssertionError):
        test_no_rule_leads_back_to_itself()
    with pytest.raises(AssertionError):
        test_no_rule_that_deploys_is_set_off_by_what_a_rule_did()
