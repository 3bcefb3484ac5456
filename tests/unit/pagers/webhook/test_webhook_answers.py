"""What the answer of a webhook's receiver means, and its loss."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from opsroom.errors import Code
from opsroom.http.errors import in_doubt
from opsroom.pagers import Delivery
from support.pages.webhook import PAGE, TOKEN, pager_of
from support.servers.http import Reply, Request
from support.troubles.table import failure, raised
from support.vendors.pagers.webhook import Receiver


def lossy(receiver: Receiver, times: int, drop: str = "unanswered") -> None:
    """Take so many pages and lose the answers, then answer."""

    def take(request: Request) -> Reply:
        reply = receiver.receive(request)
        return replace(reply, drop=drop) if len(receiver.requests) <= times else reply

    receiver.on("/lossy", take)


@pytest.mark.parametrize(
    ("reply", "delivery", "note"),
    [
        (Reply(200, "ok"), Delivery.ACCEPTED, ""),
        (Reply(201), Delivery.ACCEPTED, ""),
        (Reply(204), Delivery.ACCEPTED, ""),
        (Reply(202, "queued"), Delivery.UNCONFIRMED, "accepted it for later (202)"),
        (Reply(200, "<html>", {"Content-Type": "text/html; charset=utf-8"}), Delivery.UNCONFIRMED,
         "web page"),
    ],
)  # fmt: skip
def test_an_answer_proves_as_much_as_it_says(
    receiver: Receiver, reply: Reply, delivery: Delivery, note: str
) -> None:
    receiver.on("/other", reply)
    paged = pager_of(receiver, "/other").page(PAGE)
    assert paged.delivery is delivery
    assert [note in one and one.endswith(".") for one in paged.notes] == ([True] if note else [])
    assert len(receiver.requests) == 1


def test_the_id_is_taken_out_of_the_answer(receiver: Receiver) -> None:
    incident = pager_of(receiver, answer_id="incident.id").page(PAGE).incident
    assert (incident.id, incident.number) == ("1000", "1000")


@pytest.mark.parametrize(
    "body",
    [
        "", "<html>login</html>", "nonsense", "[]", "{}", "null", "1", '{"incident": null}',
        '{"incident": []}',
        '{"incident": {"id": null}}', '{"incident": {"id": true}}', '{"incident": {"id": {}}}',
        '{"incident": {"id": ""}}', '{"incident": {"id": " "}}', '{"error": "no such team"}',
        "[" * 100_000,
    ],
)  # fmt: skip
def test_an_answer_without_the_promised_id_is_in_doubt(receiver: Receiver, body: str) -> None:
    receiver.on("/other", Reply(200, body))
    error = failure(
        Code.BAD_ANSWER, pager_of(receiver, "/other", answer_id="incident.id").page, PAGE
    )
    assert in_doubt(error)
    assert len(receiver.requests) == 1


def test_an_expression_that_is_none_is_told(receiver: Receiver) -> None:
    failure = raised(pager_of(receiver, answer_id="a..b").page, PAGE)
    assert "'a..b'" in failure.message
    assert failure.hint == "See pagers.duty.answer_id."


def test_an_id_from_outside_is_one_short_line_in_which_nothing_is_evaluated(
    receiver: Receiver,
) -> None:
    receiver.on("/other", Reply(200, json.dumps({"id": "{{ x }}\n<!channel>" + "y" * 500})))
    number = pager_of(receiver, "/other", answer_id="id").page(PAGE).incident.id
    assert "{{" not in number
    assert "\n" not in number
    assert len(number) <= 200


@pytest.mark.parametrize(
    ("reply", "code", "words", "hint"),
    [
        (Reply(400, "no team 'web'"), Code.NOT_ACCEPTED,
         "rejected the page with 400: no team 'web'.", "template"),
        (Reply(422), Code.NOT_ACCEPTED, "rejected the page with 422.", "template"),
        (Reply(409, "twice"), Code.NOT_ACCEPTED, "rejected the page with 409: twice.", "template"),
        (Reply(404, "<html>404</html>"), Code.NOT_ACCEPTED,
         "rejected the page with 404: with a web page.", "url and method"),
        (Reply(405), Code.NOT_ACCEPTED, "rejected the page with 405.", "url and method"),
        (Reply(413, "{{ x }} " * 500), Code.NOT_ACCEPTED, "rejected the page with 413: { { x } }",
         "template"),
        (Reply(410), Code.GONE, "is gone for good (410)", "pagers.duty.url"),
    ],
)  # fmt: skip
def test_a_page_that_is_turned_down_was_certainly_not_sent(
    receiver: Receiver, reply: Reply, code: Code, words: str, hint: str
) -> None:
    receiver.on("/other", reply)
    error = failure(code, pager_of(receiver, "/other", headers={"X-Token": TOKEN}).page, PAGE)
    assert words in error.message
    assert hint in error.hint
    assert not in_doubt(error)
    assert len(receiver.requests) == 1


def test_a_ca_file_that_is_not_there_is_named(receiver: Receiver) -> None:
    failure = raised(pager_of(receiver, verify="/nowhere/ca.pem").page, PAGE)
    assert "/nowhere/ca.pem" in failure.message
    assert receiver.requests == []


def test_put_alone_does_not_mean_that_it_may_be_sent_again(receiver: Receiver) -> None:
    lossy(receiver, 1)
    assert in_doubt(raised(pager_of(receiver, "/lossy", method="PUT").page, PAGE))
    assert len(receiver.requests) == 1


def test_a_receiver_that_knows_keys_gets_it_again_and_has_it_once(receiver: Receiver) -> None:
    lossy(receiver, 1)
    paged = pager_of(receiver, "/lossy", repeatable=True, answer_id="incident.id").page(PAGE)
    assert paged.incident.id == "1000"
    assert len(receiver.requests) == 2
    assert len(receiver.taken) == 1


def test_a_page_in_doubt_is_found_by_sending_it_again_under_its_key(receiver: Receiver) -> None:
    lossy(receiver, 4)
    pager = pager_of(receiver, "/lossy", repeatable=True, answer_id="incident.id")
    assert in_doubt(raised(pager.page, PAGE))  # three attempts
    found = pager.find(PAGE)
    assert found is not None
    assert found.incident.id == "1000"
    assert len(receiver.requests) == 5
    assert list(receiver.taken) == [PAGE.mark]


@pytest.mark.parametrize("status", [400, 404, 409, 429, 500])
def test_a_failed_look_never_means_that_the_page_is_not_there(
    receiver: Receiver, status: int
) -> None:
    receiver.on("/other", Reply(status))
    assert in_doubt(raised(pager_of(receiver, "/other", repeatable=True).find, PAGE))


def test_a_receiver_that_is_at_it_already_is_in_doubt(receiver: Receiver) -> None:
    receiver.on("/other", Reply(409, "in progress"))
    assert in_doubt(raised(pager_of(receiver, "/other", repeatable=True).page, PAGE))
