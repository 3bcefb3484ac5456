"""Nobody alone gets anything onto an environment that needs approval, whatever they say, under
whatever name."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any, Dict, List, Tuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.expectations import expect
from support.worlds.guarded import approvals_in, guarded_world
from support.worlds.world import World

# Alice under every name of hers, as StackStorm reports them: chat name, room, StackStorm user. She
# may also take a nick that nobody has, claim another's name through the API with her own user, and
# use a user that nobody knows.
FACES: List[Tuple[str, str, str]] = [
    ("alice", "#dev", "chatops_bot"),
    ("alice2", "#ops", "chatops_bot"),
    ("alice!~alice@10.0.0.7", "alice!~alice@10.0.0.7", "chatops_bot"),
    ("ghost", "#dev", "chatops_bot"),
    ("", "#dev", "chatops_bot"),
    ("alice", "", "alice"),
    ("carol", "#ops", "alice.smith"),
    ("carol", "#ops", "mallory"),
]
VERSIONS = ("v1.0.0", "v1.1.0", "v1.2.0")
PLACE = {"app": "web", "environment": "production"}
COMMANDS: List[Tuple[str, Dict[str, Any]]] = [
    *(("deploy", {**PLACE, "version": version}) for version in VERSIONS),
    *(("deploy", {**PLACE, "version": version, "redeploy": True}) for version in VERSIONS[:2]),
    ("promote", {**PLACE, "source": "test"}),
    ("rollback", PLACE),
    ("emergency_deploy", {**PLACE, "version": "v1.1.0", "reason": "it burns"}),
    ("approve_change", {}),
    ("approve_change", {"code": "123456"}),
    ("confirm_change", {}),
    ("reject_change", {"reason": "no"}),
    ("review_change", {"text": "fine"}),
    ("list_changes", {}),
    ("lock", {"environment": "production", "reason": "mine"}),
    ("unlock", {"environment": "production"}),
]
# What could deploy is said more often than the rest, so that most conversations come near to it.
LIKELY = [one for one in COMMANDS if one[0] in ("deploy", "approve_change")]
SAYING = st.tuples(
    st.sampled_from(FACES),
    st.one_of(st.sampled_from(LIKELY), st.sampled_from(COMMANDS)),
    st.integers(0, 3),
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world where something runs on test and on production, with its history. Locks and changes
    pile up in it."""
    world = guarded_world(tmp_path_factory.mktemp("alone"))
    rules = world.config["environments"]
    guarded, rules["production"] = rules["production"], {}
    world.deploy("v1.1.0", "test", who="alice")
    for version in ("v1.0.0", "v1.2.0"):
        expect(world.deploy(version, "production", who="alice"), code="deployed")
    rules["production"] = guarded
    return world


def say(
    world: World,
    face: Tuple[str, str, str],
    command: Tuple[str, Dict[str, Any]],
    changes: List[str],
    which: int,
) -> Dict[str, Any]:
    """Say something as one of the faces; what is said about a change is said about one of those
    made so far."""
    action, given_ = command
    parameters = dict(given_)
    if action.endswith("_change"):
        parameters["change"] = changes[which % len(changes)] if changes else "K7QX"
    who, room, user = face
    answer: Dict[str, Any] = world.ask(action, who, room=room, user=user, **parameters)
    if answer.get("change") and answer["change"] not in changes:
        changes.append(answer["change"])
    return answer


def converse(
    start: World, conversation: List[Tuple[Any, Any, int]], **rules: Any
) -> Tuple[World, int]:
    """The world after all of it was said, where production has these rules besides its own; and
    how many records there were before."""
    world = World(start.folder, start.database, copy.deepcopy(start.config))
    world.config["environments"]["production"].update(rules)
    before = len(world.records())
    changes: List[str] = []
    for face, command, which in conversation:
        answer = say(world, face, command, changes, which)
        assert answer["code"] != "crashed", answer
    return world, before


CONVERSATIONS = settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@CONVERSATIONS
@given(st.lists(SAYING, min_size=4, max_size=12), st.sampled_from([None, ["alice", "carol"]]))
def test_no_sequence_of_commands_by_one_person_deploys_where_approval_is_needed(
    start: World, conversation: List[Tuple[Any, Any, int]], approvers: Any
) -> None:
    # Also where the person is among those who may approve, and where every known person is.
    world, before = converse(start, conversation, approvers=approvers)
    assert world.running("production") == "v1.2.0"
    new = [record for record in world.records()[before:] if record.environment == "production"]
    events = {record.event.value for record in new}
    assert not events & {"started", "succeeded", "approved", "overridden"}
    assert world.chain_holds()


EVERYBODY = [
    *FACES[:3],
    ("carol", "#dev", "chatops_bot"),
    ("dave", "#dev", "chatops_bot"),
    ("erin", "", "erin"),
]
TOGETHER = st.tuples(
    st.sampled_from(EVERYBODY),
    st.one_of(
        st.sampled_from(LIKELY),
        st.sampled_from(
            [one for one in COMMANDS if one[0] not in ("emergency_deploy", "list_changes")]
        ),
    ),
    st.integers(0, 3),
)


@CONVERSATIONS
@given(st.lists(TOGETHER, min_size=4, max_size=16), st.integers(1, 2))
def test_whatever_several_people_say_each_deployment_has_its_own_approvals_and_none_is_used_twice(
    start: World, conversation: List[Tuple[Any, Any, int]], needed: int
) -> None:
    world, before = converse(start, conversation, approvals=needed)
    # A change of an earlier conversation may still wait, with the approvals that it got there.
    every = [record for record in world.records() if record.environment == "production"]
    started = [
        record for record in every if record.event.value == "started" and record.seq > before
    ]
    # One change, one deployment: no approval starts two.
    assert len({record.facts["change"] for record in started}) == len(started)
    for record in started:
        approved = [
            one
            for one in every
            if one.event.value == "approved"
            and one.deployment == record.deployment
            and one.seq < record.seq
        ]
        people = {one.person for one in approved}
        assert len(people) >= needed
        assert "" not in people
        assert record.person not in people
        assert set(record.facts["approved_by"]) <= people
        assert approvals_in(world, record.facts["change"]) == len(people)
        assert all(re.fullmatch(r"[A-Z0-9]{4,}", one.facts["change"]) for one in approved)


def test_the_conversation_is_able_to_deploy_so_that_the_proof_is_not_empty(tmp_path: Path) -> None:
    world = guarded_world(tmp_path)
    changes: List[str] = []
    say(world, FACES[0], COMMANDS[0], changes, 0)
    assert (
        say(world, ("carol", "#dev", "chatops_bot"), ("approve_change", {}), changes, 0)["code"]
        == "deployed"
    )
