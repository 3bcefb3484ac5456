"""What people type: each message means exactly one command with exactly these parameters, or none
at all.

Checked as StackStorm matches (through the console's matcher, which other tests compare with
StackStorm's own) and as hubot does.
"""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from console.aliases import Match
from opsroom.grammar.free_text import read
from support.cases import cases
from support.hubot import hubot_matches
from support.metadata import pack

PACK = pack()

WEB = {"app": "web"}
UAT = {"environment": "uat"}
MESSAGES: List[Tuple[str, str, Dict[str, Any]]] = [
    ("deploy web v1.2.0 to uat", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("Deploy web v1.2.0 to uat", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("deploy web web@1.1.0 to uat", "opsroom_deploy", {**WEB, **UAT, "version": "web@1.1.0"}),
    ("deploy web release/2026-11 to uat", "opsroom_deploy",
     {**WEB, **UAT, "version": "release/2026-11"}),
    ("deploy web v1.2.0+build.5 to uat", "opsroom_deploy",
     {**WEB, **UAT, "version": "v1.2.0+build.5"}),
    ("  deploy   web   v1.2.0   to   uat  ", "opsroom_deploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("deploy web feature/to-do to uat", "opsroom_deploy",
     {**WEB, **UAT, "version": "feature/to-do"}),
    ("deploy to to to to to", "opsroom_deploy", {"app": "to", "version": "to",
     "environment": "to to"}),
    ("deploy web v1 to uat redeploy=true", "opsroom_deploy",
     {**WEB, **UAT, "version": "v1", "redeploy": "true"}),
    ("deploy web v1 to uat for OPS-12", "opsroom_deploy",
     {**WEB, **UAT, "version": "v1", "cards": "OPS-12"}),
    ("deploy web v1 to uat for OPS-12, acme/web#17 and jira:OPS-13", "opsroom_deploy",
     {**WEB, **UAT, "version": "v1", "cards": "OPS-12, acme/web#17 and jira:OPS-13"}),
    ("deploy web for to uat", "opsroom_deploy", {**WEB, **UAT, "version": "for"}),
    ("redeploy web v1 to uat for OPS-12", "opsroom_redeploy",
     {**WEB, **UAT, "version": "v1", "cards": "OPS-12"}),
    ("promote web from test to uat for OPS-12", "opsroom_promote",
     {**WEB, **UAT, "source": "test", "cards": "OPS-12"}),
    ("rollback web on uat for OPS-12", "opsroom_rollback", {**WEB, **UAT, "cards": "OPS-12"}),
    ("redeploy web v1.2.0 to uat", "opsroom_redeploy", {**WEB, **UAT, "version": "v1.2.0"}),
    ("promote web from test to uat", "opsroom_promote", {**WEB, **UAT, "source": "test"}),
    ("Rollback web on uat", "opsroom_rollback", {**WEB, **UAT}),
    ("plan web v1.2.0 to uat", "opsroom_plan", {**WEB, **UAT, "version": "v1.2.0"}),
    ("history on uat", "opsroom_history", UAT),
    ("history of web", "opsroom_history", WEB),
    ("history of web on uat", "opsroom_history", {**WEB, **UAT}),
    ("history of web on uat limit=5", "opsroom_history", {**WEB, **UAT, "limit": "5"}),
    ("History of web", "opsroom_history", WEB),
    ("version of web on uat", "opsroom_version", {**WEB, **UAT}),
    ("versions of web on uat", "opsroom_version", {**WEB, **UAT}),
    ("versions of web", "opsroom_version", WEB),
    ("version of web", "opsroom_version", WEB),
    ("versions on uat", "opsroom_version", UAT),
    ("opsroom help", "opsroom_help", {}),
    ("opsroom help ", "opsroom_help", {}),
    ("Opsroom help deploy", "opsroom_help", {"command": "deploy"}),
]  # fmt: skip
CHANGE = {"change": "K7QX"}
CHANGES: List[Tuple[str, str, Dict[str, str]]] = [
    ("approve change K7QX", "opsroom_approve_change", CHANGE),
    ("  Approve   change   K7QX  ", "opsroom_approve_change", CHANGE),
    ("approve change k7qx", "opsroom_approve_change", {"change": "k7qx"}),
    ("approve change K7QX 492039", "opsroom_approve_change", {**CHANGE, "code": "492039"}),
    ("approve change K7QX 492 039", "opsroom_approve_change", {**CHANGE, "code": "492 039"}),
    ("approve change K7QX 012345", "opsroom_approve_change", {**CHANGE, "code": "012345"}),
    ("approve change K7QX code=492039", "opsroom_approve_change", {**CHANGE, "code": "492039"}),
    ("confirm change K7QX", "opsroom_confirm_change", CHANGE),
    ("Confirm change K7QX 492039", "opsroom_confirm_change", {**CHANGE, "code": "492039"}),
    ("reject change K7QX: the tests are red", "opsroom_reject_change",
     {**CHANGE, "reason": "the tests are red"}),
    ("reject change K7QX : red: see the log", "opsroom_reject_change",
     {**CHANGE, "reason": "red: see the log"}),
    ("reject change K7QX: a\nb", "opsroom_reject_change", {**CHANGE, "reason": "a\nb"}),
    ("reject because of a change in mood change K7QX", "opsroom_reject_change",
     {**CHANGE, "reason": "of a change in mood"}),
    ("review change K7QX: it was right", "opsroom_review_change",
     {**CHANGE, "text": "it was right"}),
    ("review change K7QX 492039: right: see card", "opsroom_review_change",
     {**CHANGE, "code": "492039", "text": "right: see card"}),
    ("review with all was well change K7QX", "opsroom_review_change",
     {**CHANGE, "text": "all was well"}),
    ("show changes", "opsroom_list_changes", {}),
    ("Show changes on production", "opsroom_list_changes", {"environment": "production"}),
]  # fmt: skip
MESSAGES += CHANGES
LOAD = {"reason": "load test until 17:00"}
LOCKS: List[Tuple[str, str, Dict[str, Any]]] = [
    ("lock uat: load test until 17:00", "opsroom_lock", {**UAT, **LOAD}),
    ("  Lock   uat :   load test until 17:00 ", "opsroom_lock", {**UAT, **LOAD}),
    ("lock web on uat: load test until 17:00", "opsroom_lock", {**WEB, **UAT, **LOAD}),
    ("lock uat: web on test: it fails", "opsroom_lock", {**UAT, "reason": "web on test: it fails"}),
    (
        "lock web on uat: load on db: heavy",
        "opsroom_lock",
        {**WEB, **UAT, "reason": "load on db: heavy"},
    ),
    ("lock uat: one\ntwo", "opsroom_lock", {**UAT, "reason": "one\ntwo"}),
    # Without a reason: answered with the command that would work.
    ("lock uat", "opsroom_lock", {**UAT, "reason": None}),
    ("lock web on uat", "opsroom_lock", {**WEB, **UAT, "reason": None}),
    ("lock everything", "opsroom_lock_everything", {"reason": None}),
    (
        "lock everything: the relay is not ours",
        "opsroom_lock_everything",
        {"reason": "the relay is not ours"},
    ),
    ("Lock Everything: x", "opsroom_lock_everything", {"reason": "x"}),
    # What ends in key=value loses that end; this way it does not stand at the end.
    ("put lock trying DEBUG=1 on uat", "opsroom_lock", {**UAT, "reason": "trying DEBUG=1"}),
    (
        "Put lock trying DEBUG=1 on web on uat",
        "opsroom_lock",
        {**WEB, **UAT, "reason": "trying DEBUG=1"},
    ),
    ("put lock x on everything", "opsroom_lock", {"environment": "everything", "reason": "x"}),
    ("put lock load on db for 2h on uat", "opsroom_lock", {**UAT, "reason": "load on db for 2h"}),
    ("unlock uat", "opsroom_unlock", UAT),
    ("Unlock web on uat", "opsroom_unlock", {**WEB, **UAT}),
    ("unlock everything", "opsroom_unlock_everything", {}),
    ("show locks", "opsroom_locks", {}),
    ("Show locks on uat", "opsroom_locks", UAT),
]
MESSAGES += LOCKS
NOVEMBER = {"since": "2026-11"}
TO_THE_END = {"since": "2026-11-01", "until": "2026-11-30"}
HASH = "0123456789abcdef" * 4
AUDITS: List[Tuple[str, str, Dict[str, Any]]] = [
    ("audit report for 2026-11", "opsroom_audit_report", NOVEMBER),
    ("  Audit   report   for   2026-11 ", "opsroom_audit_report", NOVEMBER),
    ("audit report for 2026-11 format=csv", "opsroom_audit_report", {**NOVEMBER, "format": "csv"}),
    ("audit report on uat for 2026-11", "opsroom_audit_report", {**NOVEMBER, **UAT}),
    ("audit report from 2026-11-01 to 2026-11-30", "opsroom_audit_report", TO_THE_END),
    ("audit report on uat from 2026-11-01 to " "2026-11-30", "opsroom_audit_report",
     {**TO_THE_END, **UAT}),
    ("audit report on for for 2026-11", "opsroom_audit_report", {**NOVEMBER, "environment": "for"}),
    ("audit verify", "opsroom_audit_verify", {}),
    ("Audit verify keep=true", "opsroom_audit_verify", {"keep": "true"}),
    (f"audit verify against {HASH}", "opsroom_audit_verify", {"head": HASH}),
    (f"audit verify against {HASH} record=12", "opsroom_audit_verify",
     {"head": HASH, "record": "12"}),
    ("audit reconcile for 2026-11", "opsroom_audit_reconcile", NOVEMBER),
    ("audit reconcile from 2026-11-01 to 2026-11-30", "opsroom_audit_reconcile", TO_THE_END),
]  # fmt: skip
MESSAGES += AUDITS
OPS = {"card": "OPS-12"}
BROKEN = {"text": "checkout is broken"}
CARDS: List[Tuple[str, str, Dict[str, Any]]] = [
    ("create card: checkout is broken", "opsroom_create_card", BROKEN),
    ("  Create   card :  checkout is broken ", "opsroom_create_card", BROKEN),
    ("create a card: checkout is broken", "opsroom_create_card", BROKEN),
    ("create card: broken\n\n```\nline: 1\n  two\n```", "opsroom_create_card",
     {"text": "broken\n\n```\nline: 1\n  two\n```"}),
    ("create card: in OPS: it is broken", "opsroom_create_card", {"text": "in OPS: it is broken"}),
    ("create card: add comment x to card y", "opsroom_create_card",
     {"text": "add comment x to card y"}),
    ("create card: x in project OPS", "opsroom_create_card", {"text": "x in project OPS"}),
    ("create a card: x in project OPS", "opsroom_create_card", {"text": "x in project OPS"}),
    ("create card in OPS: checkout is broken", "opsroom_create_card", {"project": "OPS", **BROKEN}),
    ("create a card in OPS: checkout is broken", "opsroom_create_card",
     {"project": "OPS", **BROKEN}),
    ("create card in OPS: a: b\nin project C", "opsroom_create_card",
     {"project": "OPS", "text": "a: b\nin project C"}),
    ("create card in jira:OPS: checkout is broken", "opsroom_create_card",
     {"project": "jira:OPS", **BROKEN}),
    ("create card in acme/web: checkout is broken", "opsroom_create_card",
     {"project": "acme/web", **BROKEN}),
    ("create card in https://trello.com/b/abc: checkout is broken", "opsroom_create_card",
     {"project": "https://trello.com/b/abc", **BROKEN}),
    ("create card in Web team: checkout is broken", "opsroom_create_card",
     {"project": "Web team", **BROKEN}),
    ("create a card checkout is broken in project OPS", "opsroom_create_card",
     {"project": "OPS", **BROKEN}),
    ("create a card set DEBUG=1 in project OPS", "opsroom_create_card",
     {"project": "OPS", "text": "set DEBUG=1"}),
    ("create a card broken in project A\nmore in project OPS", "opsroom_create_card",
     {"project": "OPS", "text": "broken in project A\nmore"}),
    ("create a card red: broken in project OPS", "opsroom_create_card",
     {"project": "OPS", "text": "red: broken"}),
    ("comment on card OPS-12: it is the cache", "opsroom_comment_card",
     {**OPS, "text": "it is the cache"}),
    ("Comment on card OPS-12 : it: is\nthe cache", "opsroom_comment_card",
     {**OPS, "text": "it: is\nthe cache"}),
    ("comment on card acme/web#17: done", "opsroom_comment_card",
     {"card": "acme/web#17", "text": "done"}),
    ("comment on card #17: done", "opsroom_comment_card", {"card": "#17", "text": "done"}),
    ("comment on card jira:OPS-12: done", "opsroom_comment_card",
     {"card": "jira:OPS-12", "text": "done"}),
    ("comment on card https://acme.atlassian.net/browse/OPS-12: done", "opsroom_comment_card",
     {"card": "https://acme.atlassian.net/browse/OPS-12", "text": "done"}),
    ("add comment set DEBUG=1 to card OPS-12", "opsroom_comment_card",
     {**OPS, "text": "set DEBUG=1"}),
    ("Add comment I add bob to card 5 to card " "OPS-12", "opsroom_comment_card",
     {**OPS, "text": "I add bob to card 5"}),
    ("show card OPS-12", "opsroom_card", OPS),
    ("Show  card  #17 ", "opsroom_card", {"card": "#17"}),
    ("show card 5f2b8c0d4e1a3b5c7d9e0f12", "opsroom_card", {"card": "5f2b8c0d4e1a3b5c7d9e0f12"}),
    ("show card https://3.basecamp.com/1/buckets/2/card_tables/cards/3", "opsroom_card",
     {"card": "https://3.basecamp.com/1/buckets/2/card_tables/cards/3"}),
    ("move card OPS-12 to In progress", "opsroom_move_card", {**OPS, "column": "In progress"}),
    ("Move card OPS-12 to ready to ship", "opsroom_move_card", {**OPS, "column": "ready to ship"}),
    ("move card to to to", "opsroom_move_card", {"card": "to", "column": "to"}),
    ("assign card OPS-12 to alice", "opsroom_assign_card", {**OPS, "assignee": "alice"}),
    ("assign card OPS-12 to me", "opsroom_assign_card", {**OPS, "assignee": "me"}),
    ("Assign card OPS-12 to Zo\u00eb M\u00fcller", "opsroom_assign_card",
     {**OPS, "assignee": "Zo\u00eb M\u00fcller"}),
    ("cards about checkout", "opsroom_cards", {"text": "checkout"}),
    ("Cards about the red checkout ", "opsroom_cards", {"text": "the red checkout"}),
    ("cards about checkout in OPS", "opsroom_cards", {"text": "checkout", "project": "OPS"}),
    ("cards about login in safari in acme/web", "opsroom_cards",
     {"text": "login in safari", "project": "acme/web"}),
    ("cards about login in safari 17", "opsroom_cards", {"text": "login in safari 17"}),
    ("my cards", "opsroom_my_cards", {}),
    ("My  cards ", "opsroom_my_cards", {}),
]  # fmt: skip
MESSAGES += CARDS
DOWN = {"who": "web-team", "message": "checkout is down"}
PAGES: List[Tuple[str, str, Dict[str, Any]]] = [
    ("page web-team: checkout is down", "opsroom_page", DOWN),
    ("  Page   web-team :   checkout is down ", "opsroom_page", DOWN),
    ("page web-team:checkout is down", "opsroom_page", DOWN),
    ("page pagerduty:Web: checkout is down", "opsroom_page", {**DOWN, "who": "pagerduty:Web"}),
    ("page Checkout & Payments (EU): checkout is down", "opsroom_page",
     {**DOWN, "who": "Checkout & Payments (EU)"}),
    ("page web-team: it says: page urgently: now", "opsroom_page",
     {"who": "web-team", "message": "it says: page urgently: now"}),
    ("page web-team: one\ntwo", "opsroom_page", {"who": "web-team", "message": "one\ntwo"}),
    ("send page checkout is down to web-team", "opsroom_page", DOWN),
    ("send page see https://example.com/?a=b to web-team", "opsroom_page",
     {"who": "web-team", "message": "see https://example.com/?a=b"}),
    ("send page I go to bed to web-team", "opsroom_page",
     {"who": "web-team", "message": "I go to bed"}),
    ("page web-team urgently: checkout is down", "opsroom_page_urgently", DOWN),
    ("Page web-team urgently : checkout is down", "opsroom_page_urgently", DOWN),
    ("send urgent page checkout is down to web-team", "opsroom_page_urgently", DOWN),
    ("emergency page web-team: checkout is down", "opsroom_emergency_page", DOWN),
    ("Emergency page web-team: deploy web v1 to uat: failed", "opsroom_emergency_page",
     {"who": "web-team", "message": "deploy web v1 to uat: failed"}),
    ("send emergency page checkout is down to web-team", "opsroom_emergency_page", DOWN),
    ("on call for web-team", "opsroom_on_call", {"who": "web-team"}),
    ("who is on call", "opsroom_on_call", {}),
    ("Who is on call?", "opsroom_on_call", {}),
    ("who is on call for web-team?", "opsroom_on_call", {"who": "web-team?"}),
    ("ack page 1234", "opsroom_ack_page", {"page": "1234"}),
    ("Ack  page  pagerduty:1234 ", "opsroom_ack_page", {"page": "pagerduty:1234"}),
    ("resolve page 1234", "opsroom_resolve_page", {"page": "1234"}),
    ("escalate page 1234", "opsroom_escalate_page", {"page": "1234"}),
    ("add bob to page 1234", "opsroom_add_responder", {"who": "bob", "page": "1234"}),
    ("add me to page pagerduty:1234", "opsroom_add_responder",
     {"who": "me", "page": "pagerduty:1234"}),
    ("show pages", "opsroom_pages", {}),
    ("show pages for web-team", "opsroom_pages", {"who": "web-team"}),
]  # fmt: skip
MESSAGES += PAGES


INCIDENT = {"incident": "K7QX"}
DOWN = {"who": "web-team", "text": "checkout is down"}
INCIDENTS: List[Tuple[str, str, Dict[str, Any]]] = [
    ("declare incident for web-team: checkout is down", "opsroom_open_incident", DOWN),
    ("  Declare   incident  for  web-team :  checkout is down ", "opsroom_open_incident", DOWN),
    ("declare incident for web-team: down: all of it\nsince noon", "opsroom_open_incident",
     {"who": "web-team", "text": "down: all of it\nsince noon"}),
    ("declare incident for pager:Web Team: checkout is down", "opsroom_open_incident",
     {**DOWN, "who": "pager:Web Team"}),
    ("declare an incident checkout is down for web-team", "opsroom_open_incident", DOWN),
    ("declare an incident down for all, see a?b=c for web-team", "opsroom_open_incident",
     {"who": "web-team", "text": "down for all, see a?b=c"}),
    ("close incident K7QX", "opsroom_end_incident", INCIDENT),
    ("Close  incident  K7QX ", "opsroom_end_incident", INCIDENT),
    ("close incident K7QX: it was the cache", "opsroom_end_incident",
     {**INCIDENT, "text": "it was the cache"}),
    ("close incident K7QX : cache: full", "opsroom_end_incident",
     {**INCIDENT, "text": "cache: full"}),
    ("close with DEBUG=1 left on incident K7QX", "opsroom_end_incident",
     {**INCIDENT, "text": "DEBUG=1 left on"}),
    ("show incidents", "opsroom_list_incidents", {}),
    ("morning report", "opsroom_report", {}),
    ("Morning report", "opsroom_report", {}),
]  # fmt: skip
MESSAGES += INCIDENTS
QUIET: List[Tuple[str, str, Dict[str, Any]]] = [
    ("quiet announcements for 30m", "opsroom_quiet", {"length": "30m"}),
    ("quiet announcements for half an hour", "opsroom_quiet", {"length": "half an hour"}),
    # The word decides what it means: 17h are a time of day, or a length.
    ("quiet announcements until 17h", "opsroom_quiet", {"length": "until 17h"}),
    ("  Quiet   announcements   until   17:00 ", "opsroom_quiet", {"length": "until   17:00"}),
    (
        "quiet announcements for the demo until 17:00",
        "opsroom_quiet",
        {"length": "the demo until 17:00"},
    ),
]
MESSAGES += QUIET
# Half typed, or nearly a command: answered with what it lacks.
NEARLY = [
    "deploy", "deploy web", "deploy web to uat", "deploy web v1.2.0", "deploy web v1.2.0 uat",
    "deploy webv1.2.0 touat", "redeploy web to uat", "promote web to uat", "promote web from test",
    "rollback web", "plan web to uat", "history", "history of", "history of  ", "history on ",
    "version",
    "version of ", "versions on", "version web on uat", "opsroom", "opsroom helpdeploy", "approve",
    "approve change", "approve K7QX", "approve change of plans", "confirm change",
    "confirm change of plans",
    "reject change K7QX", "reject change K7QX because of it", "reject change K7QX:",
    "reject change of plans: no", "reject because of it", "review change K7QX",
    "review change K7QX fine",
    "review change of the plans: fine", "show changes production", "lock", "lock: x", "put lock",
    "put lock x",
    "put lock on uat", "unlock", "show locks uat", "audit", "audit report", "audit report for",
    "audit reports for 2026-11", "audit report 2026-11", "audit report from 2026-11-01",
    "audit report on uat",
    "audit report on uat for ", "audit verified", "audit verify against", "audit verify 2026-11",
    "audit reconcile", "audit reconcile 2026-11", "create card", "create card checkout is broken",
    "create card:", "create a card in project OPS", "create a card x in projects OPS",
    "comment on card",
    "comment on card OPS-12", "comment on card OPS-12 looks good",
    "comment on card OPS-12 looks: good",
    "add comment", "add comment x to card", "add comment x to card a b", "show card",
    "show card OPS-12 please",
    "show card of the day", "move card", "move card OPS-12", "move card OPS-12 In progress",
    "move card of the day to Done", "assign card", "assign card OPS-12", "assign card OPS-12 alice",
    "assign card of the day to bob", "cards", "cards about", "my cards please", "declare",
    "declare incident",
    "declare incident for web-team", "declare incident for web-team checkout is down",
    "declare an incident x",
    "declare an incident for web-team", "close incident", "close incident K7QX please",
    "close incident of last night", "close incident K7QX:", "show incidents please",
    "morning report for today",
    "page", "page web-team", "page web-team checkout is down", "page: x", "page web-team:",
    "page web-team: ",
    "page https://example.com/x", "send page", "send page x", "send page to web-team",
    "emergency page",
    "emergency page web-team", "emergency pages web-team: x", "on call", "on call for",
    "on call web-team",
    "who is on call at web-team", "ack", "ack 1234", "ack page", "ack page 1234 please",
    "resolve 1234",
    "resolve page", "resolve page 12 and 13", "escalate page", "add bob to page 1234 now",
    "add comment x to page 1234", "show pages web-team", "show pages for", "approve K7QX 492039",
    "ack #1234",
    "history limit", "lock uat now: x", "deploy web v1", "lock uat reason", "emergency",
    "page web-team urgently", "quiet announcements", "loud announcements now",
]  # fmt: skip
# Said in a room where the bot reads along, or to another pack: answered by nobody here.
NOTHING = [
    "", "deploys of tomato to pizza", "deployment web v1 to uat", "please deploy web v1.2.0 to uat",
    "promoted web from test to uat", "rollbacks web on uat", "plans for web v1 to uat",
    "planning web v1 to uat", "historyof web", "histories of web", "versionsof web", "help",
    "opsroomhelp",
    "I think opsroom help is nice", "approve changeK7QX", "approved change K7QX",
    "approve changes K7QX",
    "please approve change K7QX", "confirmed change K7QX", "rejected change K7QX: no",
    "review with care",
    "review this", "approve that", "resolve host", "confirm soon", "reject them",
    "reviewed change K7QX: fine", "shows changes", "show", "locks", "locked uat: load test",
    "locksmith: come to uat", "put locks x on uat", "putlock x on uat", "unlocked uat",
    "unlocking web on uat",
    "please unlock uat", "show lock", "showlocks", "audits verify", "auditreport for 2026-11",
    "we audit report for 2026-11", "create", "create cards: x", "createcard: x", "created card: x",
    "please create card: x", "comment", "comment on cards OPS-12: x", "comments on card OPS-12: x",
    "add comments x to card OPS-12", "show cards about x", "move cards OPS-12 to Done",
    "move OPS-12 to Done",
    "assigned card OPS-12 to bob", "cardsabout x", "card about x", "my card", "my",
    "those are my cards",
    "declare incidents for web-team: x", "declared incident for web-team: x", "declare war",
    "close",
    "close incidents K7QX", "closed incident K7QX", "close K7QX", "close with care",
    "show incident",
    "shows incidents", "morning", "morning reports", "good morning report", "pages web-team: x",
    "paged web-team: x", "please page web-team: x", "pageweb-team: x", "send pages x to web-team",
    "send a page x to web-team", "emergencypage web-team: x", "who is on", "who is on calls",
    "ack pages",
    "acknowledge page 1234", "acked page 1234", "resolved page 1234", "escalated page 1234",
    "add bob",
    "add bob to 1234", "add to page 1234", "added bob to page 1234", "show page", "shows pages",
    "pack get core", "st2 list actions", "jira create issue x", "approve the budget",
    "review the plan",
    "confirm delivery 12345678 at noon", "resolve dns example.com", "show me the money",
    "create user bob",
    "add user bob to team", "close the door", "send mail to bob", "move on", "my name is bob",
    "on fire",
    "who am i", "put it on uat", "comment please",
]  # fmt: skip


def meant(match: Match, message: str) -> Dict[str, Any]:
    """The values in a message: as StackStorm takes it apart, and free text as the action does."""
    found: Dict[str, Any] = match.format.format.extract(message) or {}
    if "typed" not in found:
        return found
    values: Dict[str, Any] = (
        read(match.alias.action_ref.partition(".")[2], found.pop("typed")) or {}
    )
    if match.alias.name == "opsroom_lock_everything":
        assert values.pop("environment") == "everything"
    return {**values, **found}


@cases(("message", "alias", "parameters"), MESSAGES)
def test_a_message_means_one_command(message: str, alias: str, parameters: Dict[str, Any]) -> None:
    matches = PACK.matches(message)
    assert [one.alias.name for one in matches] == [alias]
    assert meant(matches[0], message) == parameters


@cases("message", NEARLY)
def test_a_half_understood_message_is_asked_back(message: str) -> None:
    assert [one.alias.name for one in PACK.matches(message)] == ["opsroom_unknown"]


@cases("message", NOTHING)
def test_what_does_not_begin_like_a_command_means_nothing(message: str) -> None:
    assert PACK.matches(message) == []


def test_hubot_finds_the_same_command_in_each_message_and_none_where_there_is_none() -> None:
    formats = [one for alias in PACK.aliases for one in alias.formats]
    names = [alias.name for alias in PACK.aliases for _ in alias.formats]
    messages = [*(one[0] for one in MESSAGES), *NEARLY, *NOTHING]
    found = hubot_matches([one.format.representation for one in formats], messages)
    by_stackstorm = [[one.alias.name for one in PACK.matches(message)] for message in messages]
    for message, numbers, theirs in zip(messages, found, by_stackstorm):
        # hubot sends the message with the format that it found; StackStorm must be able to read it
        # with that one.
        assert [names[number] for number in numbers] == theirs, message
        assert all(formats[number].format.extract(message) is not None for number in numbers), (
            message
        )
