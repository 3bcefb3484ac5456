"""The tracker kind github, against a server that refuses what GitHub's own description of its API
refuses."""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from email.utils import format_datetime
from typing import Any, Dict, Iterator, List, Tuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsroom.config.fields import Fields
from opsroom.config.problems import Problems
from opsroom.errors import Code, Failure, OpsroomError, Refusal
from opsroom.http.errors import in_doubt
from opsroom.people import Author
from opsroom.records.idempotency import LOOKED_FOR, new_mark
from opsroom.trackers import REGISTRY, Assignee, Card, Draft, Made, Moved, Query, Remark
from opsroom.trackers.github.mapping import last_page
from opsroom.trackers.github.text import body, markdown, plain, title
from support.http_server import Reply
from support.vendor import Vendor, body_of
from support.vendors.github import TOKEN, Github, problem

ALICE = Author("alice", room="#ops", link="https://chatops.example.com/#/history/65f0")
LONG = "".join(
    f"line {number}: ünï — 日本語 🚀 https://example.com/?a=1&b=2\n" for number in range(700)
)[:30_000]
HTML = "<!doctype html><html><body>Sign in, or token github_pat_5ecretSecret</body></html>"


@pytest.fixture
def github() -> Github:
    return Github()


@pytest.fixture
def vendor(github: Github) -> Iterator[Vendor]:
    with github.vendor() as running:
        yield running


@pytest.fixture
def tracker(vendor: Vendor) -> Any:
    return tracker_at(vendor.url(""))


def options_of(**raw: Any) -> Tuple[Any, List[str]]:
    problems = Problems()
    fields = Fields({"token": TOKEN, "repository": "acme/web", **raw}, "trackers.gh", problems)
    options = REGISTRY.read_options("github", fields)
    fields.finish()
    return options, problems.lines


def tracker_at(url: str, **raw: Any) -> Any:
    options, lines = options_of(url=url, repositories=["acme/api"], **raw)
    assert lines == []
    return REGISTRY.make("github", options, name="gh", store=None, keep=None)


def draft(summary: str = "checkout is broken", **values: Any) -> Draft:
    known = {"project": "", "description": "since noon", "mark": new_mark(), "author": ALICE}
    return Draft(summary=summary, **{**known, **values})


def remark(card: str = "acme/web#1", text: str = "seen it too", **values: Any) -> Remark:
    return Remark(card=card, text=text, **{"mark": new_mark(), "author": ALICE, **values})


def caught(action: Any, *arguments: Any) -> OpsroomError:
    """The error of an action: a whole sentence, with no secret in any part of it."""
    with pytest.raises(OpsroomError) as raised:
        action(*arguments)
    error = raised.value
    assert error.message.endswith("."), error.message
    assert not error.hint or error.hint.endswith((".", "?")), error.hint
    assert TOKEN not in f"{error} {error.hint} {error.facts}"
    return error


def verbs(tracker: Any) -> Dict[str, Any]:
    """Every verb, on card acme/web#1 or its repository."""
    return {
        "create": lambda: tracker.create(draft()),
        "find_created": lambda: tracker.find_created(draft()),
        "comment": lambda: tracker.comment(remark()),
        "find_comment": lambda: tracker.find_comment(remark()),
        "show": lambda: tracker.show("acme/web#1"),
        "move": lambda: tracker.move("acme/web#1", "closed"),
        "assign": lambda: tracker.assign("acme/web#1", Assignee("alice", "alice-gh", True)),
        "unassign": lambda: tracker.assign("acme/web#1", Assignee("nobody")),
        "find": lambda: tracker.find(Query("checkout")),
    }


VERBS = tuple(verbs(None))


# What the config may say


# Making


def test_a_card_is_made_with_one_request(vendor: Vendor, github: Github, tracker: Any) -> None:
    one = draft()
    assert tracker.create(one) == Made("acme/web#1", "https://github.com/acme/web/issues/1")
    assert [(request.method, request.path) for request in vendor.sent()] == [
        ("POST", "/repos/acme/web/issues")
    ]
    issue = github.issues["acme/web"][0]
    assert issue["title"] == "checkout is broken"
    head = "`alice` (in `#ops`) via opsroom, https://chatops.example.com/#/history/65f0"
    assert issue["body"] == f"{head} <!-- opsroom {one.mark} -->\n\nsince noon"


def test_a_card_goes_to_the_project_that_was_named(
    github: Github, vendor: Vendor, tracker: Any
) -> None:
    assert tracker.create(draft(project="acme/api")).id == "acme/api#1"
    assert len(vendor.sent()) == 1


def test_a_card_is_found_by_its_mark_and_by_no_other(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    one, other = draft(), draft()
    assert tracker.find_created(one) is None
    made = tracker.create(one)
    github.issue()
    assert tracker.find_created(one) == made
    assert tracker.find_created(other) is None
    assert len(vendor.sent("GET")) == 3


def test_a_comment_is_made_with_one_request_and_one_more_also_on_a_pull_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(pull_request={"url": "x"})
    one = remark()
    made = tracker.comment(one)
    assert made == Made("9001", "https://github.com/acme/web/issues/1#issuecomment-9001")
    assert [one.method for one in vendor.sent()] == ["POST", "GET"]
    text = github.comments["acme/web", 1][0]["body"]
    assert text.startswith("`alice` (in `#ops`) via opsroom, https://")
    assert text.endswith(f"<!-- opsroom {one.mark} -->\n\nseen it too")


def test_a_comment_is_found_among_hundreds_and_not_looked_for_in_old_ones(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue()
    for number in range(150):
        github.remark("acme/web", 1, f"remark {number}")
    one = remark()
    tracker.comment(one)
    before = len(vendor.sent("GET"))
    assert tracker.find_comment(one) is not None
    assert len(vendor.sent("GET")) == before + 2
    since = datetime.strptime(vendor.sent("GET")[-1].query["since"][0], "%Y-%m-%dT%H:%M:%SZ")
    back = (datetime.now(timezone.utc) - since.replace(tzinfo=timezone.utc)).total_seconds()
    assert 2 * LOOKED_FOR < back < 10 * LOOKED_FOR


# Text


def test_thirty_thousand_characters_arrive_whole(
    github: Github, vendor: Vendor, tracker: Any
) -> None:
    assert len(LONG) == 30_000
    made = tracker.create(draft(description=LONG))
    assert made.notes == ()
    assert github.issues["acme/web"][0]["body"].endswith(LONG.strip())
    assert tracker.show("acme/web#1").description.endswith(LONG.strip())
    assert tracker.comment(remark(text=LONG)).notes == ()
    assert tracker.show("acme/web#1").comments[0].text.endswith(LONG.strip())


def test_what_github_cannot_hold_is_cut_with_a_note_in_the_text_and_one_for_the_room(
    github: Github, vendor: Vendor, tracker: Any
) -> None:
    made = tracker.create(draft("s" * 300, description="a <b> line\n" * 7000))
    issue = github.issues["acme/web"][0]
    assert len(issue["title"]) == 256
    assert issue["title"].endswith("…")
    assert len(issue["body"]) <= 65_536
    lost = re.search(r"\n\[cut: (\d+) more characters\]\Z", issue["body"])
    assert lost
    assert len(made.notes) == 2
    assert "title was cut" in made.notes[0]
    assert lost.group(1) in made.notes[1]
    kept = plain(issue["body"].partition("-->\n\n")[2]).rpartition("\n[cut")[0]
    assert len(kept) + int(lost.group(1)) == 11 * 7000


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("**bold**, a & b, 1 < 2 > 0 <- ->", "**bold**, a & b, 1 < 2 > 0 <- ->"),
        ("one\ntwo\n\nthree", "one\ntwo\n\nthree"),
        ("fails for <user>", "fails for &lt;user>"),
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a <!-- hidden --> b", "a &lt;!-- hidden --> b"),
        ("<!-- hidden", "&lt;!-- hidden"),
        ("<?php x ?> <![CDATA[x]]>", "&lt;?php x ?> &lt;![CDATA[x]]>"),
        ("`<b>` and <b>", "`<b>` and &lt;b>"),
        ("``a ` <b>`` <i>", "``a ` <b>`` &lt;i>"),
        ("` open <b>", "` open &lt;b>"),
        ("`a\nb` <!-- c `d` -->", "`a\nb` &lt;!-- c `d` -->"),
        (r"\` <b> `", r"\` &lt;b> `"),
        (r"\<b> \\<b>", r"\<b> \\&lt;b>"),
        ("see <https://example.com/a?b=<c> <a@b.example>",
         "see &lt;https://example.com/a?b=&lt;c> <a@b.example>"),
        ("<https://example.com/>", "<https://example.com/>"),
        ("```xml\n<b>\n```\n<b>", "```xml\n<b>\n```\n\n&lt;b>"),
        ("```\nopen <b>", "```\nopen <b>\n```"),
        ("````\n```\n<b>\n````", "````\n```\n<b>\n````"),
        ("~~~ xml\n<b>\n\n```\n~~~\n<c>", "````xml\n<b>\n\n```\n````\n\n&lt;c>"),
        ("```\n~~~\n<b>\n~~~", "```\n~~~\n<b>\n~~~\n```"),
        ("~~~\n~~~\nx", "```\n\n```\n\nx"),
        ("~~~\n<b>", "\\~\\~\\~\n&lt;b>"),
        ("```\n~~~\n<b>\n```\n<c>", "```\n~~~\n<b>\n```\n\n&lt;c>"),
        ("```curl -s x\nmore```", "```\ncurl -s x\nmore\n```"),
        ("a\n\n    <b>\n    c\n\nd", "a\n\n```\n<b>\nc\n```\n\nd"),
        ("- a\n\n    <b>", "- a\n\n    &lt;b>"),
        ("<% x %> {{ y }} {% z %}", "<% x %> {{ y }} {% z %}"),
        ("", ""),
    ],
)  # fmt: skip
def test_text_stays_markdown_and_nothing_in_it_is_hidden(text: str, written: str) -> None:
    assert markdown(text) == written


# Pieces of which Markdown and HTML are made, put together in any way.
PIECES = (
    *(
        "<!-- ",
        "-->",
        "<b>",
        "</b>",
        "<script>",
        "<?x?>",
        "<!X",
        "<div>\n",
        "<a@b.c>",
        "<http://x.y>",
        "&lt;",
        "`",
        "``",
    ),
    *(
        "```",
        "````",
        "~~~",
        "~~~\n",
        "xml",
        "\n",
        "\n\n",
        "\r\n",
        " ",
        "    ",
        "\t",
        "> ",
        "- ",
        "1. ",
        "# ",
        "|",
        "\\",
    ),
    *("a", "b c", "é", "*", "[x]: ", "![", "](<b>)", "(", ")"),
)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=500, deadline=None)
def test_no_text_holds_html_for_a_reader_of_markdown_and_no_word_of_it_is_lost(text: str) -> None:
    reader = pytest.importorskip("markdown_it").MarkdownIt("commonmark").enable("table")

    def html(tokens: Any) -> Iterator[str]:
        for token in tokens:
            if token.type in ("html_block", "html_inline"):
                yield token.content
            yield from html(token.children or ())

    written = markdown(text)
    assert list(html(reader.parse(written))) == []
    assert re.findall(r"[abcxyé]", written.replace("&lt;", "<")) == re.findall(
        r"[abcxyé]", text.replace("&lt;", "<")
    )
    # The mark stays a comment, whatever comes after it.
    whole, _ = body(Author("@x`<b>", "`"), text, "opsmark")
    assert list(html(reader.parse(whole))) == ["<!-- opsroom opsmark -->"]


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_whatever_the_text_the_mark_stands_before_it_in_the_first_line(text: str) -> None:
    written, missing = body(ALICE, text, "opsmark")
    assert missing == 0
    assert written.partition("\n")[0].endswith(" <!-- opsroom opsmark -->")


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("@everyone", "`@everyone` via opsroom, execution 65f0"),
        ("[x](https://evil.example) <b>",
         "`[x](https://evil.example) <b>` via opsroom, execution 65f0"),
        ("a`b", "``a`b`` via opsroom, execution 65f0"),
        ("`a", "`` `a `` via opsroom, execution 65f0"),
        ("a\n\n# b", "`a # b` via opsroom, execution 65f0"),
        ("acme/web#1 (unknown here)", "`acme/web#1 (unknown here)` via opsroom, execution 65f0"),
    ],
)  # fmt: skip
def test_the_name_of_the_author_is_text_and_calls_nobody(name: str, line: str) -> None:
    written, _ = body(Author(name, link="execution 65f0"), "", "m")
    assert written == f"{line} <!-- opsroom m -->"


def test_a_title_is_one_line() -> None:
    assert title(" a\n b\tc ") == ("a b c", 0)


def test_a_body_reads_back_without_comments_and_with_code_as_it_is() -> None:
    text = "x <!-- a\nb -->\r\n1 &lt; 2 <b>\r\n```\r\n<!-- code -->  &lt;\r\n```\r\n\r\n<!-- open"
    assert plain(text) == "x\n1 < 2 <b>\n```\n<!-- code -->  &lt;\n```\n\n<!-- open"
    assert plain("<!--" * 20_000).startswith("<!--")


# Showing


def test_a_card_without_comments_is_shown_with_two_requests(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(
        title="a  b",
        body="text",
        assignees=[{"login": "alice-gh"}, {"login": "bob-gh"}],
        state="closed",
        state_reason="not_planned",
        updated_at="2026-11-23T10:20:30Z",
    )
    assert tracker.show("acme/web#1") == Card(
        id="acme/web#1",
        summary="a b",
        status="closed as not planned",
        assignee="alice-gh, bob-gh",
        reporter="acme-bot",
        description="text",
        project="acme/web",
        url="https://github.com/acme/web/issues/1",
        closed=True,
        changed_at=datetime(2026, 11, 23, 10, 20, 30, tzinfo=timezone.utc),
    )
    assert len(vendor.sent()) == 2


@pytest.mark.parametrize("count", [1, 5, 6, 9, 11, 101, 130])
def test_a_card_shows_its_last_five_comments_with_three_requests(
    vendor: Vendor, github: Github, tracker: Any, count: int
) -> None:
    github.issue()
    for number in range(count):
        github.remark("acme/web", 1, f"remark {number}")
    comments = tracker.show("acme/web#1").comments
    assert [comment.text for comment in comments] == [
        f"remark {n}" for n in range(max(0, count - 5), count)
    ]
    assert comments[0].author == "carol-gh"
    assert comments[0].at is not None
    assert len(vendor.sent()) == 3


def test_the_last_page_holds_the_last_five_whatever_the_number() -> None:
    for count in range(1, 3000):
        size, page = last_page(count, 5)
        on_it = count - (page - 1) * size
        assert min(count, 5) <= on_it <= size <= 100, count


def test_a_pull_request_is_shown_as_one(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(pull_request={"url": "x"})
    assert tracker.show("acme/web#1").status == "open (pull request)"


# Moving


@pytest.mark.parametrize("to", ["closed", "Done", "COMPLETED", "not planned", "Not_Planned"])
def test_a_card_is_closed_with_two_requests_and_a_reason(
    vendor: Vendor, github: Github, tracker: Any, to: str
) -> None:
    github.issue()
    moved = tracker.move("acme/web#1", to)
    planned = "not" not in to.lower()
    after = "closed" if planned else "closed as not planned"
    assert moved == Moved("open", after, "https://github.com/acme/web/issues/1")
    assert github.issues["acme/web"][0]["state_reason"] == (
        "completed" if planned else "not_planned"
    )
    assert [request.method for request in vendor.sent()] == ["GET", "PATCH"]


def test_a_card_is_opened_again(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(state="closed", state_reason="completed")
    assert tracker.move("acme/web#1", "open").after == "open"
    assert body_of(vendor.sent("PATCH")[0]) == {"state": "open", "state_reason": "reopened"}


@pytest.mark.parametrize("reason", ["completed", None])
def test_a_card_that_is_there_already_is_left_alone(
    vendor: Vendor, github: Github, tracker: Any, reason: Any
) -> None:
    github.issue(state="closed", state_reason=reason)
    assert tracker.move("acme/web#1", "done") == Moved(
        "closed", "closed", "https://github.com/acme/web/issues/1"
    )
    assert len(vendor.sent()) == 1


def test_another_reason_for_a_closed_card_is_refused_since_github_ignores_it(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(state="closed", state_reason="completed")
    error = caught(tracker.move, "acme/web#1", "not planned")
    assert error.code is Code.NOT_POSSIBLE
    assert "Open it first" in error.hint


def test_a_column_is_refused_without_a_request_and_with_what_there_is(
    vendor: Vendor, tracker: Any
) -> None:
    error = caught(tracker.move, "acme/web#1", "In progress")
    assert error.code is Code.UNKNOWN_COLUMN
    assert "no columns" in error.message
    assert error.hint == "Use open, closed or not planned."
    assert vendor.sent() == []


def test_a_pull_request_is_not_closed_by_a_move(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(pull_request={"url": "x"})
    assert caught(tracker.move, "acme/web#1", "done").code is Code.NOT_POSSIBLE
    assert github.issues["acme/web"][0]["state"] == "open"


def test_a_move_whose_answer_was_lost_is_sent_again(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue()
    vendor.after("unanswered", where=lambda request: request.method == "PATCH")
    assert tracker.move("acme/web#1", "done").after == "closed"
    assert len(vendor.sent("PATCH")) == 2


# Assigning


def test_a_card_is_given_with_one_request(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue()
    for name in ("alice-gh", "@Alice-GH"):
        assigned = tracker.assign("acme/web#1", Assignee("alice", name))
        assert (assigned.to, assigned.notes) == ("alice-gh", ())
    assert [request.method for request in vendor.sent()] == ["POST", "POST"]
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "alice-gh"}]


def test_a_card_is_taken_from_whoever_had_it(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(assignees=[{"login": "bob-gh"}, {"login": "carol-gh"}])
    assert tracker.assign("acme/web#1", Assignee("alice", "alice-gh", True)).to == "alice-gh"
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "alice-gh"}]
    assert [request.method for request in vendor.sent()] == ["POST", "DELETE"]


def test_a_card_is_given_to_nobody_with_one_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    assert tracker.assign("acme/web#1", Assignee("nobody")).to == "nobody"
    assert github.issues["acme/web"][0]["assignees"] == []
    assert len(vendor.sent()) == 1


@pytest.mark.parametrize("mapped", [True, False])
def test_somebody_whom_github_leaves_out_without_a_word_is_refused_and_the_card_keeps_whom_it_had(
    vendor: Vendor, github: Github, tracker: Any, mapped: bool
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    error = caught(tracker.assign, "acme/web#1", Assignee("alice", "alise-gh", mapped))
    assert (error.code, error.facts["nearest"]) == (Code.UNKNOWN_PERSON, ["alice-gh"])
    assert error.hint == "Did you mean alice-gh?"
    assert github.issues["acme/web"][0]["assignees"] == [{"login": "bob-gh"}]
    far = caught(tracker.assign, "acme/web#1", Assignee("alice", "zzz", mapped))
    assert ("people.alice.gh" in far.hint) == mapped


def test_a_token_that_may_not_assign_is_told_from_a_person_who_is_unknown(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(assignees=[{"login": "bob-gh"}])
    github.may_assign = False
    for who in (Assignee("alice", "alice-gh", True), Assignee("nobody")):
        error = caught(tracker.assign, "acme/web#1", who)
        assert error.code is Code.UNAUTHORIZED
        assert "trackers.gh.token" in error.hint


@pytest.mark.parametrize("name", ["a b", "a/b", "{{ x }}", "ä", "a" * 200, "-x", "a\nb"])
def test_what_cannot_be_a_name_at_github_is_refused_without_a_request(
    vendor: Vendor, tracker: Any, name: str
) -> None:
    assert caught(tracker.assign, "acme/web#1", Assignee(name, name)).code is Code.UNKNOWN_PERSON
    assert caught(tracker.find, Query(assignee=name)).code is Code.UNKNOWN_PERSON
    assert vendor.sent() == []


# Finding


def test_open_cards_come_first_and_the_last_changed_before_others(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    for number in range(4):
        github.issue(body="the Checkout", state="closed" if number % 2 else "open")
    github.issue("acme/api", title="checkout too")
    github.issue(body="checkout", pull_request={"url": "x"})
    github.issue(body="other")
    found = tracker.find(Query("checkout"))
    assert [card.id for card in found] == [
        "acme/api#1",
        "acme/web#3",
        "acme/web#1",
        "acme/web#4",
        "acme/web#2",
    ]
    assert {card.project for card in found} == {"acme/web", "acme/api"}
    assert {card.description for card in found} == {""}
    assert len(tracker.find(Query("checkout", limit=2))) == 2
    assert [card.id for card in tracker.find(Query("checkout", project="acme/api"))] == [
        "acme/api#1"
    ]
    assert len([one for one in vendor.sent() if one.path == "/search/issues"]) == 3
    # And one for each repository of what is found: it may be archived.
    assert len(vendor.sent()) == 3 + 2 + 2 + 1


def test_cards_are_found_by_who_has_them(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue(assignees=[{"login": "alice-gh"}])
    github.issue()
    assert [card.id for card in tracker.find(Query(assignee="@alice-gh"))] == ["acme/web#1"]
    assert github.searches == ["is:issue (repo:acme/web OR repo:acme/api) assignee:alice-gh"]


def test_open_cards_are_found_behind_many_closed_ones_with_a_second_request(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue(title="old and open")
    for _ in range(60):
        github.issue(state="closed")
    found = tracker.find(Query(project="acme/web"))
    assert [card.id for card in found[:2]] == ["acme/web#1", "acme/web#61"]
    assert len(found) == 10
    assert len(vendor.sent()) == 3


@pytest.mark.parametrize(
    "text", ['x" repo:acme/secret "', "x\\", 'a" OR "b', "is:pr", "assignee:bob", ") OR ("]
)
def test_no_text_becomes_a_part_of_the_query(
    vendor: Vendor, github: Github, tracker: Any, text: str
) -> None:
    tracker.find(Query(text, project="acme/web"))
    assert re.match(r'^"[^"\\]*" is:issue repo:acme/web\Z', github.searches[0])


def test_a_text_that_is_too_long_to_be_searched_for_is_refused(
    vendor: Vendor, tracker: Any
) -> None:
    assert caught(tracker.find, Query("x" * 201)).code is Code.TEXT_TOO_LONG
    assert vendor.sent() == []


def test_a_search_in_what_the_token_may_not_see_names_the_repository(
    vendor: Vendor, tracker: Any
) -> None:
    error = caught(tracker.find, Query("x", project="acme/secret"))
    assert error.code is Code.UNKNOWN_PROJECT
    assert "acme/secret" in error.message


# Errors


@pytest.mark.parametrize("verb", ["create", "show", "assign"])
@pytest.mark.parametrize(
    ("reply", "code", "hint"),
    [
        (problem(403, "SAML", x_github_sso="required; url=https://x"), Code.UNAUTHORIZED,
         "single sign-on"),
        (problem(429, "slow down"), Code.RATE_LIMITED, "Wait a minute"),
        (problem(403, "You have exceeded a secondary rate limit"), Code.RATE_LIMITED,
         "Wait a minute"),
        (Reply(418, HTML), Code.BAD_ANSWER, ""),
        (problem(422, "Validation Failed", [{"message": f"no {TOKEN}\n\nno"}, "odd", 3]),
         Code.NOT_ACCEPTED, ""),
        (Reply(422, "[1]"), Code.NOT_ACCEPTED, ""),
        (problem(400, "Problems parsing JSON"), Code.BAD_ANSWER, ""),
        (problem(410, "Issues are disabled for this repo"), Code.GONE, "settings"),
    ],
)  # fmt: skip
def test_what_github_alone_says_has_its_code(
    vendor: Vendor, github: Github, tracker: Any, verb: str, reply: Reply, code: Code, hint: str
) -> None:
    github.issue()
    vendor.instead(reply)
    error = caught(verbs(tracker)[verb])
    assert error.code is code
    assert hint in error.hint
    assert len(vendor.sent()) == 1
    assert not (isinstance(error, Failure) and in_doubt(error))


def test_an_issue_of_odd_parts_is_shown_as_far_as_it_makes_sense(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    odd = {
        "title": None,
        "user": None,
        "assignees": [None, {"login": 3}],
        "comments": "x",
        "updated_at": 7,
    }
    vendor.odd = True
    github.issue(**odd, body=None, html_url="javascript:alert(1)")
    card = tracker.show("acme/web#1")
    assert (card.summary, card.reporter, card.assignee, card.description) == ("", "", "", "")
    assert (card.changed_at, card.url) == (
        None,
        f"{vendor.url('')}/acme/web/issues/1".replace("//acme", "/acme"),
    )


def test_a_card_or_repository_that_is_not_there_is_told_from_one_another(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    card = caught(tracker.show, "acme/web#7")
    assert (card.code, "acme/web#7" in card.message) == (Code.UNKNOWN_CARD, True)
    assert caught(tracker.comment, remark("acme/gone#1")).code is Code.UNKNOWN_CARD
    project = caught(tracker.create, draft(project="acme/gone"))
    assert (project.code, "acme/gone" in project.message) == (Code.UNKNOWN_PROJECT, True)
    assert "trackers.gh.repository" in project.hint


def test_a_card_that_was_deleted_is_gone(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.issue()
    github.deleted = [("acme/web", 1)]
    for verb in ("show", "comment", "move", "assign"):
        error = caught(verbs(tracker)[verb])
        assert error.code is Code.GONE
        assert "acme/web#1 was deleted" in error.message


def test_a_repository_without_issues_says_so(vendor: Vendor, github: Github, tracker: Any) -> None:
    github.disabled = ["acme/web"]
    error = caught(tracker.create, draft())
    assert error.code is Code.GONE
    assert error.message == "Issues are turned off in acme/web."


def test_a_repository_that_was_renamed_gets_nothing_and_is_said_to_be_elsewhere(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    github.issue()
    github.moved = ["acme/web"]
    error = caught(tracker.create, draft())
    assert isinstance(error, Refusal)
    assert error.code is Code.UNKNOWN_PROJECT
    assert caught(tracker.comment, remark()).code is Code.UNKNOWN_CARD
    assert len(github.issues["acme/web"]) == 1


def test_a_field_that_is_missing_is_named(vendor: Vendor, tracker: Any) -> None:
    error = caught(tracker.create, draft(""))
    assert error.code is Code.FIELDS_MISSING
    assert "title" in error.message
    assert error.facts["fields"] == ["title"]


# Limits


def test_a_short_limit_is_waited_for_also_where_it_is_a_403(
    vendor: Vendor, github: Github, tracker: Any
) -> None:
    vendor.instead(problem(429, "slow", retry_after="0"), problem(403, "slow", retry_after="0"))
    assert tracker.create(draft()).id == "acme/web#1"
    assert len(vendor.sent()) == 3
    assert len(github.issues["acme/web"]) == 1


def test_a_limit_whose_end_is_now_by_the_clock_of_the_server_is_waited_for(
    vendor: Vendor, tracker: Any
) -> None:
    # A server whose clock is a day behind: by ours, the end of the limit was long ago; by its own
    # it is a minute away.
    there = int(time.time()) - 86_400
    date = format_datetime(datetime.fromtimestamp(there, timezone.utc), usegmt=True)
    headers = {"Date": date, "x_ratelimit_remaining": "0"}
    vendor.instead(problem(403, "API rate limit exceeded", x_ratelimit_reset=str(there), **headers))
    assert tracker.create(draft()).id == "acme/web#1"
    vendor.instead(
        problem(403, "API rate limit exceeded", x_ratelimit_reset=str(there + 60), **headers)
    )
    error = caught(tracker.create, draft())
    assert error.facts["retry_after"] == pytest.approx(60)


@pytest.mark.parametrize(
    ("headers", "says", "seconds"),
    [
        ({"retry_after": "3600"}, "retry in 60 min", 3600),
        ({"retry_after": "90", "x_ratelimit_remaining": "0", "x_ratelimit_reset": "1"},
         "retry in 90 s", 90),
        ({"x_ratelimit_remaining": "0"}, "does not say", None),
        ({"x_ratelimit_remaining": "12", "x_ratelimit_reset": "99999999999"}, "does not say", None),
        ({"x_ratelimit_remaining": "0", "x_ratelimit_reset": "soon"}, "does not say", None),
    ],
)  # fmt: skip
def test_a_long_limit_is_said_and_nothing_is_sent_again(
    vendor: Vendor, tracker: Any, headers: Dict[str, str], says: str, seconds: Any
) -> None:
    vendor.instead(problem(429, "API rate limit exceeded", **headers))
    error = caught(tracker.create, draft())
    assert error.code is Code.RATE_LIMITED
    assert says in error.message
    assert error.facts.get("retry_after") == seconds
    assert error.facts["sent"] is False
    assert not in_doubt(error)  # type: ignore[arg-type]
    assert len(vendor.sent()) == 1
