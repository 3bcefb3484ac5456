"""Access tokens of Basecamp: fetched, kept, renewed once for all processes."""

from __future__ import annotations

import json
import stat
import threading

import pytest

from opsroom.errors import Code, OpsroomError
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.trackers import Draft
from opsroom.trackers.basecamp.tokens import Tokens
from support.contracts.vendor import answer
from support.servers.http import HttpServer, Reply
from support.troubles.table import error_with, raised
from support.troubles.trackers import CALLS
from support.vendors.basecamp import (
    CARD,
    CLIENT,
    REFRESH,
    SECRET,
)

AUTHOR = Author("alice", "#ops", "", "", "https://st2.example.com/#/history/1")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
OAUTH = {"token": None, "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}


def kept_in(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_first_command_gets_an_access_token_and_the_next_ones_use_it(
    basecamp, tracker_at, tmp_path
):
    keep = tmp_path / "private" / "bc"
    for _ in range(2):
        tracker_at(keep, **OAUTH).create(DRAFT)
    assert [one.path.split("/")[-1] for one in basecamp.requests] == [
        "token",
        "cards.json",
        "cards.json",
    ]
    (file,) = kept_in(keep)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(keep.stat().st_mode) == 0o700
    for secret in (SECRET, REFRESH, CLIENT):
        assert secret not in file.name + file.read_text()
    assert basecamp.tokens[-1] in file.read_text()


def test_a_folder_that_others_may_read_is_closed(tracker_at, tmp_path):
    tmp_path.chmod(0o755)
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_token_that_has_run_out_is_renewed_before_it_is_used(basecamp, tracker_at, tmp_path):
    basecamp.life = 200
    for _ in range(2):
        tracker_at(tmp_path, **OAUTH).create(DRAFT)
    assert [one.path.split("/")[-1] for one in basecamp.requests] == ["token", "cards.json"] * 2


def test_a_token_that_is_refused_is_renewed_once_and_nothing_is_made_twice(
    basecamp, tracker_at, tmp_path
):
    one = tracker_at(tmp_path, **OAUTH)
    one.create(DRAFT)
    basecamp.tokens.clear()
    one.create(DRAFT)
    assert [one.path.split("/")[-1] for one in basecamp.requests[2:]] == [
        "cards.json",
        "token",
        "cards.json",
    ]
    assert len(basecamp.cards) == 3
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 2


def test_a_token_that_another_process_has_renewed_is_taken(basecamp, tracker_at, tmp_path):
    project = tracker_at(tmp_path, **OAUTH)
    options = project._client()._options
    tokens = [Tokens(options, "trackers.bc", tmp_path) for _ in range(2)]
    post = project._client().ask_for_token
    first = tokens[0].token(post)
    assert tokens[1].token(post) == first
    second = Tokens(options, "trackers.bc", tmp_path).instead_of(first, post)
    assert second != first
    assert tokens[1].instead_of(first, post) == second
    assert basecamp.given == 2


def test_many_processes_that_renew_at_once_all_work(basecamp, tracker_at, tmp_path):
    failures = []
    go = threading.Barrier(6)

    def work():
        one = tracker_at(tmp_path, **OAUTH)
        go.wait(20)
        try:
            one.create(DRAFT)
        except OpsroomError as error:
            failures.append(error.sentence())

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert failures == []
    assert len(basecamp.cards) == 7
    assert len(kept_in(tmp_path)) == 1


def test_where_nothing_can_be_kept_each_command_gets_a_token(basecamp, tracker_at, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for keep in (tmp_path / "file", None):
        tracker_at(keep, **OAUTH).create(DRAFT)
        tracker_at(keep, **OAUTH).create(DRAFT)
    assert basecamp.given == 4


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "nonsense", '{"with": 1}', '{"access_token": "x"}', "\x00"]
)
def test_a_file_that_is_broken_is_made_anew(basecamp, tracker_at, tmp_path, content):
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    (file,) = kept_in(tmp_path)
    file.write_text(content)
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 2
    assert json.loads(file.read_text())["access_token"] == basecamp.tokens[-1]


def test_what_was_kept_with_other_credentials_is_not_used(basecamp, tracker_at, tmp_path):
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    basecamp.refresh_tokens.add("r3fresh-of-bob")
    tracker_at(tmp_path, **{**OAUTH, "refresh_token": "r3fresh-of-bob"}).create(DRAFT)
    assert basecamp.given == 2


def test_a_new_refresh_token_is_used_from_then_on(basecamp, tracker_at, tmp_path):
    basecamp.instead(
        answer({"access_token": "expired", "expires_in": 10, "refresh_token": "r3fresh-t0ken-2"})
    )
    basecamp.tokens.append("expired")
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    basecamp.refresh_tokens = {"r3fresh-t0ken-2"}
    tracker_at(tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"refresh_token": "wr0ng-t0ken"},
         "unknown ***). An administrator has to renew trackers.desk.refresh_token"),
        ({"client_secret": "wr0ng-s3cret"},
         "(401: invalid_client). An administrator has to renew trackers.desk.client_secret"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("verb", CALLS)
def test_a_refresh_that_is_refused_names_the_key_of_the_config(
    basecamp, tracker_at, verb, change, words
):
    error = error_with(Code.UNAUTHORIZED, CALLS[verb], tracker_at(**{**OAUTH, **change}), CARD)
    assert words in error.sentence()
    assert "wr0ng" not in error.sentence()
    assert not in_doubt(error)
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500), Reply(200, "BAhbB0kiAccess9"), Reply(200, "{}"),
        Reply(200, '{"access_token": "a b"}'),
        Reply(200, '{"access_token": "x\\r\\nEvil: 1"}'), Reply(200, '{"access_token": 3}'),
        Reply(200, "<html>"),
        Reply(429, "", {"Retry-After": "900"}), Reply(429),
    ],
)  # fmt: skip
def test_a_launchpad_that_fails_leaves_nothing_in_doubt(basecamp, tracker_at, reply):
    basecamp.instead(reply)
    assert not in_doubt(raised(tracker_at(**OAUTH).create, DRAFT))
    assert len(basecamp.cards) == 1


def test_a_launchpad_that_does_not_answer_leaves_nothing_in_doubt(tracker_at):
    event = threading.Event()
    with HttpServer() as launchpad:
        launchpad.on("/authorization/token", Reply(until=event))
        slow = tracker_at(**OAUTH, launchpad=launchpad.url("").rstrip("/"), time_limit=0.3)
        failure = raised(slow.create, DRAFT)
        event.set()
    assert failure.code is Code.TIMED_OUT
    assert not in_doubt(failure)


def test_new_tokens_that_are_all_refused_end_it(basecamp, tracker_at):
    basecamp.instead(
        *[Reply(401)] * 5, where=lambda request: not request.path.startswith("/authorization")
    )
    error = error_with(Code.UNAUTHORIZED, tracker_at(**OAUTH).create, DRAFT)
    assert "trackers.desk.account" in error.hint
    assert basecamp.given <= 2
    basecamp._troubles.clear()
