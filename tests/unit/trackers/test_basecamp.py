"""The tracker kind basecamp, against a Basecamp that refuses what Basecamp's own description of its
API refuses."""

from __future__ import annotations

import json
import re
import stat
import threading
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, OpsroomError, Refusal
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.trackers import REGISTRY, Assignee, Draft, Query, Remark
from opsroom.trackers.basecamp.tokens import Tokens
from support.http_server import HttpServer, Reply
from support.vendor import answer
from support.vendors.basecamp import (
    ACCOUNT,
    ALICE,
    BOB,
    CLIENT,
    DOING,
    DONE,
    LIST,
    PROJECT,
    REFRESH,
    SECRET,
    TRIAGE,
    ZOE,
    Basecamp,
)

CARD, TODO = "card/77", "todo/88"
AUTHOR = Author("alice", "#ops", "", "", "https://st2.example.com/#/history/1")
DRAFT = Draft("", "Checkout is down", "It answers 500.", "ops0123456789abc", AUTHOR)
REMARK = Remark(CARD, "Looking at it.", "opsfedcba987654", AUTHOR)
LINE = "alice (in #ops) via opsroom, https://st2.example.com/#/history/1"


@pytest.fixture
def basecamp():
    with Basecamp() as running:
        running.tokens.append("t0ken-of-the-config")
        yield running


def options_of(**raw):
    problems = Problems()
    given = {
        "account": ACCOUNT,
        "project": PROJECT,
        "token": "t0ken-of-the-config",
        "column": TRIAGE,
        **raw,
    }
    # None takes a key away.
    fields = Fields(
        {key: one for key, one in given.items() if one is not None}, "trackers.bc", problems
    )
    options = REGISTRY.read_options("basecamp", fields)
    fields.finish()
    return options, problems.lines


def tracker(vendor, keep=None, **raw):
    url = vendor.url("").rstrip("/")
    options, lines = options_of(**{"url": url, "launchpad": url, **raw})
    assert lines == []
    return REGISTRY.make("basecamp", options, name="bc", store=None, keep=keep)


OAUTH = {"token": None, "client_id": CLIENT, "client_secret": SECRET, "refresh_token": REFRESH}
TODOS = {"column": None, "todolist": LIST}


def caught(call, *arguments, **named) -> OpsroomError:
    with pytest.raises(OpsroomError) as error:
        call(*arguments, **named)
    found = error.value
    assert found.message.endswith("."), found.message
    everything = found.sentence() + repr(found.facts) + repr(found)
    for secret in ("t0ken-of-the-config", SECRET, REFRESH, "BAhbB0kiAccess"):
        assert secret not in everything
    return found


def plain(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


VERBS = {
    "create": lambda one: one.create(DRAFT),
    "find_created": lambda one: one.find_created(DRAFT),
    "comment": lambda one: one.comment(REMARK),
    "find_comment": lambda one: one.find_comment(REMARK),
    "show": lambda one: one.show(CARD),
    "show to-do": lambda one: one.show(TODO),
    "move": lambda one: one.move(CARD, "Done"),
    "move to-do": lambda one: one.move(TODO, "done"),
    "assign": lambda one: one.assign(CARD, Assignee("alice", "alice@example.com")),
    "assign to-do": lambda one: one.assign(TODO, Assignee("alice", str(ALICE), mapped=True)),
    "find": lambda one: one.find(Query("checkout")),
}
each_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
# What each verb does, and in how many requests.


def test_a_card_is_made_with_one_request_and_says_who_asked(basecamp):
    made = tracker(basecamp).create(DRAFT)
    card = basecamp.cards[-1]
    assert (made.id, made.url, made.notes) == (f"card/{card['id']}", card["app_url"], ())
    assert (card["title"], card["column"]) == ("Checkout is down", TRIAGE)
    assert plain(card["content"]) == f"{LINE}It answers 500.(opsroom ops0123456789abc)"
    assert len(basecamp.requests) == 1


def test_a_to_do_is_made_with_one_request_and_says_who_asked(basecamp):
    made = tracker(basecamp, **TODOS).create(DRAFT)
    todo = basecamp.todos[-1]
    assert (made.id, made.url) == (f"todo/{todo['id']}", todo["app_url"])
    assert todo["content"] == "Checkout is down"
    assert plain(todo["description"]) == f"{LINE}It answers 500.(opsroom ops0123456789abc)"
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize(("card", "number"), [(CARD, 77), (TODO, 88)])
def test_a_comment_is_made_with_one_request_and_one_more_and_says_who_asked(basecamp, card, number):
    made = tracker(basecamp).comment(replace(REMARK, card=card))
    comment = basecamp.comments[-1]
    assert (made.id, made.url) == (str(comment["id"]), comment["app_url"])
    assert comment["recording"] == number
    assert plain(comment["content"]) == f"{LINE}Looking at it.(opsroom opsfedcba987654)"
    assert [one.method for one in basecamp.requests] == ["POST", "GET"]


def test_a_card_without_comments_is_shown_with_one_request(basecamp):
    basecamp.cards[0]["assignees"] = basecamp.of([ALICE, BOB])
    card = tracker(basecamp).show(CARD)
    assert (card.id, card.summary, card.status, card.closed) == (CARD, "Old one", "Triage", False)
    assert (card.assignee, card.reporter, card.project) == (
        "Alice Adams, Bob Brown",
        "The Bot",
        "The Leto Laptop",
    )
    assert (card.description, card.comments) == ("Nothing & more", ())
    assert card.url.endswith("/card_tables/cards/77")
    assert card.changed_at.isoformat() == "2026-11-23T10:00:00+00:00"
    assert len(basecamp.requests) == 1


def test_the_latest_comments_are_shown_without_marks_the_oldest_of_them_first(basecamp):
    for number in range(7):
        basecamp.add_comment(
            77,
            f"<div>No. {number}</div><div><br></div><div><em>(opsroom "
            f"ops000000000000{number})</em></div>",
        )
    card = tracker(basecamp).show(CARD)
    assert [comment.text for comment in card.comments] == [
        "No. 2",
        "No. 3",
        "No. 4",
        "No. 5",
        "No. 6",
    ]
    assert (card.comments[0].author, card.comments[0].at.minute) == ("The Bot", 2)
    assert len(basecamp.requests) == 1 + 4


def test_a_to_do_is_shown_with_its_state(basecamp):
    todo = tracker(basecamp).show(TODO)
    assert (todo.id, todo.summary, todo.status, todo.closed) == (TODO, "Old to-do", "open", False)
    assert todo.description == "First\nsecond"
    basecamp.todos[0].update(completed=True, description=None)
    basecamp.odd = True
    todo = tracker(basecamp).show(TODO)
    assert (todo.status, todo.closed, todo.description) == ("done", True, "")


@pytest.mark.parametrize(
    "change", [{"column": DONE}, {"status": "archived"}, {"status": "trashed"}]
)
def test_what_is_done_archived_or_thrown_away_is_closed(basecamp, change):
    basecamp.cards[0].update(change)
    assert tracker(basecamp).show(CARD).closed


def test_a_card_is_moved_by_the_name_of_a_column_whatever_its_case(basecamp):
    moved = tracker(basecamp).move(CARD, " in PROGRESS ")
    assert (moved.before, moved.after) == ("Triage", "In progress")
    assert moved.url.endswith("/card_tables/cards/77")
    assert basecamp.cards[0]["column"] == DOING
    assert [one.method for one in basecamp.requests] == ["GET", "GET", "GET", "POST"]


def test_a_card_that_is_there_already_is_not_moved(basecamp):
    moved = tracker(basecamp).move(CARD, "triage")
    assert moved.before == moved.after == "Triage"
    assert len(basecamp.requests) == 1


def test_a_card_on_hold_is_moved_among_the_columns_of_its_table(basecamp):
    basecamp.columns[99] = ("On hold: In progress", "Kanban::OnHold")
    basecamp.cards[0]["column"] = 99
    assert tracker(basecamp).move(CARD, "Done").after == "Done"


def test_a_column_that_does_not_exist_is_refused_with_those_that_do(basecamp):
    error = caught(tracker(basecamp).move, CARD, "Reviewing")
    assert error.code is Code.UNKNOWN_COLUMN
    assert error.message == "The card table has no column 'Reviewing'."
    assert error.hint == "There are Triage, On hold, In progress and Done."
    assert basecamp.cards[0]["column"] == TRIAGE


def test_two_columns_of_one_name_are_not_guessed_between(basecamp):
    basecamp.columns[98] = ("DONE", "Kanban::Column")
    assert "2 columns 'done'" in caught(tracker(basecamp).move, CARD, "done").message
    assert tracker(basecamp).move(CARD, "DONE").after == "DONE"


def test_a_to_do_is_done_and_opened_again(basecamp):
    one = tracker(basecamp, **TODOS)
    moved = one.move(TODO, "Done")
    assert (moved.before, moved.after, basecamp.todos[0]["completed"]) == ("open", "done", True)
    assert len(basecamp.requests) == 2
    again = one.move(TODO, "done")
    assert again.before == again.after == "done"
    assert len(basecamp.requests) == 3
    assert one.move(TODO, "open").after == "open"
    assert basecamp.todos[0]["completed"] is False


def test_a_to_do_cannot_go_anywhere_else(basecamp):
    error = caught(tracker(basecamp).move, TODO, "In progress")
    assert error.code is Code.NOT_POSSIBLE
    assert (
        "has no columns, so it cannot be moved to 'In progress': it is open or done."
        in error.message
    )
    assert basecamp.requests == []


def test_a_mapped_number_is_assigned_with_one_request(basecamp):
    basecamp.cards[0]["assignees"] = basecamp.of([BOB])
    assigned = tracker(basecamp).assign(CARD, Assignee("alice", str(ALICE), mapped=True))
    assert (assigned.to, assigned.url) == ("Alice Adams", basecamp.cards[0]["app_url"])
    assert basecamp.cards[0]["assignees"] == basecamp.of([ALICE])
    assert basecamp.cards[0]["title"] == "Old one"
    assert len(basecamp.requests) == 1


@pytest.mark.parametrize("name", ["Bob Brown", "bob BROWN", "bob@example.com", str(BOB)])
def test_a_person_is_known_by_name_mail_or_number(basecamp, name):
    assert tracker(basecamp).assign(CARD, Assignee("bob", name)).to == "Bob Brown"
    assert [urlsplit(one.path).path.split("/")[-1] for one in basecamp.requests] == [
        "people.json",
        "people.json",
        "77",
    ]


def test_a_to_do_keeps_everything_when_it_is_assigned(basecamp):
    basecamp.todos[0].update(due_on="2026-12-01", starts_on="2026-11-30")
    basecamp.todos[0]["completion_subscribers"] = basecamp.of([BOB])
    before = dict(basecamp.todos[0])
    assigned = tracker(basecamp).assign(TODO, Assignee("alice", str(ALICE), mapped=True))
    assert assigned.to == "Alice Adams"
    assert basecamp.todos[0] == {**before, "assignees": basecamp.of([ALICE])}
    assert [one.method for one in basecamp.requests] == ["GET", "PUT"]


def test_a_to_do_that_cannot_be_read_whole_is_not_written(basecamp):
    basecamp.odd = True
    for broken in (
        {"content": None},
        {"description": 3},
        {"due_on": []},
        {"completion_subscribers": "x"},
    ):
        before = dict(basecamp.todos[0])
        basecamp.todos[0].update(broken)
        error = caught(tracker(basecamp).assign, TODO, Assignee("alice", str(ALICE), mapped=True))
        assert error.code is Code.BAD_ANSWER
        basecamp.todos[0].clear()
        basecamp.todos[0].update(before)
    assert basecamp.sent("PUT") == []


@pytest.mark.parametrize("card", [CARD, TODO])
def test_nobody_takes_everybody_off(basecamp, card):
    for one in (basecamp.cards[0], basecamp.todos[0]):
        one["assignees"] = basecamp.of([ALICE, BOB])
    assert tracker(basecamp).assign(card, Assignee("nobody")).to == "nobody"
    assert (basecamp.cards if card == CARD else basecamp.todos)[0]["assignees"] == []


@pytest.mark.parametrize(
    ("who", "words"),
    [
        (Assignee("x", "Alice Adam"),
         "Basecamp knows nobody called 'Alice Adam'. Did you mean Alice Adams?"),
        (Assignee("x", "qqqq"),
         "Basecamp knows nobody called 'qqqq'. Take their full name or e-mail address"),
        (Assignee("x", "al@example.com", mapped=True),
         "The config maps that person to 'al@example.com'"),
        (Assignee("zoe", str(ZOE), mapped=True),
         "Basecamp did not give it to 'zoe': that person has no access"),
    ],
)  # fmt: skip
def test_somebody_who_cannot_be_given_it_is_refused(basecamp, who, words):
    error = caught(tracker(basecamp).assign, CARD, who)
    assert error.code is Code.UNKNOWN_PERSON
    assert error.sentence().startswith(words)


def test_two_people_of_one_name_are_not_guessed_between(basecamp):
    basecamp.people.append({"id": 5, "name": "bob brown", "email_address": "b2@example.com"})
    assert caught(tracker(basecamp).assign, CARD, Assignee("x", "Bob Brown")).message.startswith(
        "2 people"
    )


def test_cards_are_found_in_all_columns_open_ones_first(basecamp):
    basecamp.add_card("Checkout slow", "", DOING, assignees=basecamp.of([ALICE]))
    basecamp.add_card("Checkout done", "", DONE)
    basecamp.add_card(
        "Other",
        "<div>about the <em>CHECKOUT</em></div>",
        TRIAGE,
        assignees=basecamp.of([ALICE, BOB]),
    )
    one = tracker(basecamp)
    found = one.find(Query("checkout"))
    assert [card.summary for card in found] == ["Other", "Checkout slow", "Checkout done"]
    assert [card.closed for card in found] == [False, False, True]
    assert (found[0].status, found[0].description) == ("Triage", "")
    assert len(basecamp.requests) == 2 + 3  # the empty column is not asked for
    assert len(one.find(Query("checkout", limit=2))) == 2
    assert len(basecamp.requests) == 5 + 4  # nor the closed ones where there are enough
    for name in ("alice adams", "ALICE@example.com", str(ALICE)):
        assert [card.summary for card in one.find(Query("", name))] == ["Other", "Checkout slow"]
    assert one.find(Query("strong")) == ()


def test_to_dos_are_found_over_pages_open_ones_first(basecamp):
    for number in range(4):
        basecamp.add_todo(f"Checkout {number}", "", completed=number == 0)
    found = tracker(basecamp, **TODOS).find(Query("checkout"))
    assert [card.summary for card in found] == [
        "Checkout 3",
        "Checkout 2",
        "Checkout 1",
        "Checkout 0",
    ]
    assert len(basecamp.requests) == 3


# Text.


@pytest.mark.parametrize("place", [{}, TODOS], ids=["card", "to-do"])
def test_nothing_of_a_text_is_html(basecamp, place):
    words = "<b>bold</b> <script>alert(1)</script> &amp; <bc-attachment sgid='x'></bc-attachment>\n"
    words += "```\na < b\n```\nhttps://example.com/?a=1&b=2"
    tracker(basecamp, **place).create(replace(DRAFT, description=words))
    held = basecamp.todos[-1]["description"] if place else basecamp.cards[-1]["content"]
    known = {"div", "/div", "br", "pre", "/pre", "a", "/a", "em", "/em"}
    assert set(re.findall(r"<(/?[a-z-]+)", held)) <= known


def test_a_title_is_one_line_of_plain_text(basecamp):
    tracker(basecamp).create(replace(DRAFT, summary="a <b>\n  & c"))
    assert basecamp.cards[-1]["title"] == "a <b> & c"


# An answer that is lost.


# Pages.


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:1/195539477/x.json", "http://evil.example.com/195539477/x.json",
        "https://127.0.0.1/195539477/x.json", "/195539477/x.json", "file:///etc/passwd", "http://[",
        "{here}/1/people.json", "{here}/195539477/../1/people.json",
        "{here}@evil.example.com/195539477/x",
    ],
)  # fmt: skip
def test_a_next_page_in_another_place_is_not_followed(basecamp, link):
    address = link.replace("{here}", basecamp.url("").rstrip("/"))
    basecamp.instead(answer([], Link=f'<{address}>; rel="next"'))
    failure = caught(tracker(basecamp).find_created, DRAFT)
    assert failure.code is Code.BAD_ANSWER
    assert "next page in another place" in failure.message
    assert len(basecamp.requests) == 1


def test_pages_that_lead_in_a_circle_end(basecamp):
    address = basecamp.url(f"/{ACCOUNT}/card_tables/lists/{TRIAGE}/cards.json")
    link = f'<{address}?page=9>; rel="last", <{address}>; rel="next"'
    basecamp.instead(answer([], Link=link))
    assert "lead on and on" in caught(tracker(basecamp).find_created, DRAFT).message
    assert len(basecamp.requests) == 1


# Refusals.


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(403, '{"error": "Forbidden"}'), Code.UNAUTHORIZED,
         "with these credentials (403): Forbidden."),
        (Reply(404, "", {"Reason": "Account Inactive"}), Code.UNAUTHORIZED,
         f"account {ACCOUNT} is inactive"),
        (Reply(410, "gone"), Code.GONE, "no longer has this part"),
        (Reply(422, '{"error": "x", "message": "Title is blank"}'), Code.NOT_ACCEPTED,
         "the request (422): Title is blank."),
        (Reply(507, ""), Code.NOT_POSSIBLE, "account 195539477 is full (507)"),
        (Reply(429, '{"error": "x", "retry_after": 90}'), Code.RATE_LIMITED, "retry in 90 s."),
        (Reply(429, '{"retry_after": 1e999}'), Code.RATE_LIMITED, "does not say for how long."),
    ],
)  # fmt: skip
def test_what_basecamp_alone_says_has_its_code(basecamp, reply, code, words):
    for verb in ("create", "show"):
        basecamp.instead(reply)
        error = caught(VERBS[verb], tracker(basecamp))
        assert error.code is code
        assert words in error.sentence()


def test_a_wait_may_be_in_the_body(basecamp):
    basecamp.instead(Reply(429, '{"error": "x", "retry_after": 0}'))
    VERBS["create"](tracker(basecamp))
    assert len(basecamp.cards) == 2


@pytest.mark.parametrize("card", ["card/99999", "todo/99999", "card/88"])
def test_a_card_that_does_not_exist_is_told(basecamp, card):
    one = tracker(basecamp)
    calls = [
        one.show,
        lambda card: one.move(card, "done"),
        lambda card: one.assign(card, Assignee("nobody")),
    ]
    if card != "card/88":
        calls += [lambda card: one.comment(replace(REMARK, card=card))]
        calls += [lambda card: one.find_comment(replace(REMARK, card=card))]
    for call in calls:
        error = caught(call, card)
        assert isinstance(error, Refusal)
        assert error.code is Code.UNKNOWN_CARD
        assert "or the configured user may not see it" in error.message
    assert ("todo/88" in error.hint) == (card == "card/88")


@pytest.mark.parametrize("card", ["77", "card/", "card/../people", "x/77", "card/7 7", "todo/٣"])
def test_what_is_no_id_is_not_asked_for(basecamp, card):
    assert caught(tracker(basecamp).show, card).code is Code.UNKNOWN_CARD
    assert basecamp.requests == []


@pytest.mark.parametrize(
    ("raw", "place", "key"),
    [({"column": 5}, "column 5", "column"), ({**TODOS, "todolist": 5}, "to-do list 5", "todolist")],
)
def test_a_place_that_the_config_has_wrong_is_told_with_its_key(basecamp, raw, place, key):
    for verb in (VERBS["create"], VERBS["find_created"], VERBS["find"]):
        error = caught(verb, tracker(basecamp, **raw))
        assert error.code is Code.UNKNOWN_COLUMN
        assert error.message == f"Basecamp has no {place}, or the configured user may not see it."
        assert error.hint == f"An administrator must check trackers.bc.{key} in the config."


# Access tokens.


def kept_in(folder):
    return sorted(folder.iterdir()) if folder.exists() else []


def test_the_first_command_gets_an_access_token_and_the_next_ones_use_it(basecamp, tmp_path):
    keep = tmp_path / "private" / "bc"
    for _ in range(2):
        tracker(basecamp, keep, **OAUTH).create(DRAFT)
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


def test_a_folder_that_others_may_read_is_closed(basecamp, tmp_path):
    tmp_path.chmod(0o755)
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o700


def test_a_token_that_has_run_out_is_renewed_before_it_is_used(basecamp, tmp_path):
    basecamp.life = 200
    for _ in range(2):
        tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    assert [one.path.split("/")[-1] for one in basecamp.requests] == ["token", "cards.json"] * 2


def test_a_token_that_is_refused_is_renewed_once_and_nothing_is_made_twice(basecamp, tmp_path):
    one = tracker(basecamp, tmp_path, **OAUTH)
    one.create(DRAFT)
    basecamp.tokens.clear()
    one.create(DRAFT)
    assert [one.path.split("/")[-1] for one in basecamp.requests[2:]] == [
        "cards.json",
        "token",
        "cards.json",
    ]
    assert len(basecamp.cards) == 3
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 2


def test_a_token_that_another_process_has_renewed_is_taken(basecamp, tmp_path):
    options, _ = options_of(**OAUTH, launchpad=basecamp.url("").rstrip("/"))
    tokens = [Tokens(options, "trackers.bc", tmp_path) for _ in range(2)]
    project = tracker(basecamp, tmp_path, **OAUTH)
    post = project._client().ask_for_token
    first = tokens[0].token(post)
    assert tokens[1].token(post) == first
    second = Tokens(options, "trackers.bc", tmp_path).instead_of(first, post)
    assert second != first
    assert tokens[1].instead_of(first, post) == second
    assert basecamp.given == 2


def test_many_processes_that_renew_at_once_all_work(basecamp, tmp_path):
    failures = []
    go = threading.Barrier(6)

    def work():
        one = tracker(basecamp, tmp_path, **OAUTH)
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


def test_where_nothing_can_be_kept_each_command_gets_a_token(basecamp, tmp_path):
    (tmp_path / "file").write_text("in the way")
    for keep in (tmp_path / "file", None):
        tracker(basecamp, keep, **OAUTH).create(DRAFT)
        tracker(basecamp, keep, **OAUTH).create(DRAFT)
    assert basecamp.given == 4


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "nonsense", '{"with": 1}', '{"access_token": "x"}', "\x00"]
)
def test_a_file_that_is_broken_is_made_anew(basecamp, tmp_path, content):
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    (file,) = kept_in(tmp_path)
    file.write_text(content)
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 2
    assert json.loads(file.read_text())["access_token"] == basecamp.tokens[-1]


def test_what_was_kept_with_other_credentials_is_not_used(basecamp, tmp_path):
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    basecamp.refresh_tokens.add("r3fresh-of-bob")
    tracker(basecamp, tmp_path, **{**OAUTH, "refresh_token": "r3fresh-of-bob"}).create(DRAFT)
    assert basecamp.given == 2


def test_a_new_refresh_token_is_used_from_then_on(basecamp, tmp_path):
    basecamp.instead(
        answer({"access_token": "expired", "expires_in": 10, "refresh_token": "r3fresh-t0ken-2"})
    )
    basecamp.tokens.append("expired")
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    basecamp.refresh_tokens = {"r3fresh-t0ken-2"}
    tracker(basecamp, tmp_path, **OAUTH).create(DRAFT)
    assert basecamp.given == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"refresh_token": "wr0ng-t0ken"},
         "unknown ***). An administrator has to renew trackers.bc.refresh_token"),
        ({"client_secret": "wr0ng-s3cret"},
         "(401: invalid_client). An administrator has to renew trackers.bc.client_secret"),
    ],
)  # fmt: skip
@each_verb
def test_a_refresh_that_is_refused_names_the_key_of_the_config(basecamp, verb, change, words):
    error = caught(verb, tracker(basecamp, **{**OAUTH, **change}))
    assert error.code is Code.UNAUTHORIZED
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
def test_a_launchpad_that_fails_leaves_nothing_in_doubt(basecamp, reply):
    basecamp.instead(reply)
    assert not in_doubt(caught(tracker(basecamp, **OAUTH).create, DRAFT))
    assert len(basecamp.cards) == 1


def test_a_launchpad_that_does_not_answer_leaves_nothing_in_doubt(basecamp):
    event = threading.Event()
    with HttpServer() as launchpad:
        launchpad.on("/authorization/token", Reply(until=event))
        slow = tracker(basecamp, **OAUTH, launchpad=launchpad.url("").rstrip("/"), time_limit=0.3)
        failure = caught(slow.create, DRAFT)
        event.set()
    assert failure.code is Code.TIMED_OUT
    assert not in_doubt(failure)


def test_new_tokens_that_are_all_refused_end_it(basecamp):
    basecamp.instead(
        *[Reply(401)] * 5, where=lambda request: not request.path.startswith("/authorization")
    )
    error = caught(tracker(basecamp, **OAUTH).create, DRAFT)
    assert error.code is Code.UNAUTHORIZED
    assert "trackers.bc.account" in error.hint
    assert basecamp.given <= 2
    basecamp._troubles.clear()


# The config, and what people type.
