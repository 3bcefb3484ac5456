"""One-time codes: each works once, wrong ones are counted, and enrolment says what to do."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import List, Optional
from urllib.parse import parse_qs, urlparse

import pyotp
import pytest

from opsroom import enrol
from opsroom.db.store import Store, open_store
from opsroom.errors import Code
from opsroom.people import Person
from opsroom.policy import Decision
from opsroom.records import otp
from opsroom.records.otp import MAX_WRONG, check_code, use_code
from support.errors import refusal_of
from support.processes import at_once
from support.records.stores import rows

# The secret of the examples in RFC 6238, appendix B ("12345678901234567890").
RFC = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
CAROL = Person("carol", totp=RFC)
NOON = datetime(2026, 11, 23, 12, 0, 10, tzinfo=timezone.utc)
SAY = "approve change K7QX"


class Clock:
    """A store's clock that stands still until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(NOON)
    monkeypatch.setattr(Store, "now", lambda self, connection: made.now)
    return made


def code_at(moment: datetime, secret: str = RFC) -> str:
    return pyotp.TOTP(secret).generate_otp(int(moment.timestamp()) // 30)


def ask(store: Store, code: str, person: Person = CAROL) -> Decision:
    with store.write() as connection:
        return check_code(store, connection, person, code, SAY)


def wrong(moment: datetime) -> str:
    """A code that is none of those that count at that moment."""
    right = {code_at(moment + timedelta(seconds=30 * step)) for step in range(-2, 3)}
    return next(
        one
        for one in ("111111", "222222", "333333", "444444", "555555", "666666")
        if one not in right
    )


# The last six of the eight digits in the table of RFC 6238, appendix B, for SHA-1.
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
    ],
)
def test_the_codes_of_the_standard_are_accepted(
    store: Store, clock: Clock, seconds: int, code: str
) -> None:
    clock.now = datetime.fromtimestamp(seconds, timezone.utc)
    assert ask(store, code).allowed


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("steps", "allowed"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)]
)
def test_the_steps_beside_the_present_one_count_too(
    store: Store, clock: Clock, steps: int, allowed: bool
) -> None:
    code = code_at(clock.now + timedelta(seconds=30 * steps))
    decision = ask(store, code)
    assert decision.allowed is allowed
    assert decision.code is (None if allowed else Code.CODE_WRONG)


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("typed", ["{0}{1}", "{0} {1}", " {0}-{1} "])
def test_a_code_may_be_typed_as_the_app_shows_it(store: Store, clock: Clock, typed: str) -> None:
    code = code_at(clock.now)
    assert ask(store, typed.format(code[:3], code[3:])).allowed


def test_a_code_works_once(store: Store, clock: Clock) -> None:
    code = code_at(clock.now)
    assert ask(store, code).allowed
    again = ask(store, code)
    assert again.code is Code.CODE_USED
    assert SAY in again.hint
    clock.now += timedelta(seconds=30)
    assert ask(store, code).code is Code.CODE_USED
    assert ask(store, code_at(clock.now)).allowed
    # Another person's codes are their own.
    assert ask(store, code, replace(CAROL, name="dave")).allowed
    assert not rows(store, "SELECT * FROM wrong_codes")


def test_a_code_of_somebody_else_is_wrong(store: Store, clock: Clock) -> None:
    assert (
        ask(store, code_at(clock.now, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")).code is Code.CODE_WRONG
    )


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("", Code.CODE_NEEDED),
        ("  ", Code.CODE_NEEDED),
        ("12345", Code.CODE_WRONG),
        ("1234567", Code.CODE_WRONG),
        ("abcdef", Code.CODE_WRONG),
        ("١٢٣٤٥٦", Code.CODE_WRONG),
        ("please", Code.CODE_WRONG),
    ],
)
def test_what_is_no_code_is_told_so_and_not_counted(
    store: Store, clock: Clock, code: str, expected: Code
) -> None:
    for _ in range(MAX_WRONG + 1):
        decision = ask(store, code)
        assert decision.code is expected
        assert f"{SAY} 123456" in decision.hint
    assert ask(store, code_at(clock.now)).allowed


def test_the_hint_ends_with_the_command_as_it_can_be_typed(store: Store, clock: Clock) -> None:
    assert ask(store, "").hint == f"Say, with your code in place of 123456: {SAY} 123456"
    with store.write() as connection:
        within = check_code(
            store, connection, CAROL, "", "review change K7QX CODE: no CODE was left out"
        )
    hint = "Say, with your code in place of 123456: review change K7QX 123456: no CODE was left out"
    assert within.hint == hint
    right = code_at(clock.now)
    assert ask(store, right).allowed
    for decision in (ask(store, right), ask(store, wrong(clock.now))):
        assert decision.hint.endswith(f" in place of 123456: {SAY} 123456")


def test_somebody_without_a_secret_is_told_how_to_get_one(store: Store) -> None:
    decision = ask(store, "123456", Person("bob"))
    assert (decision.code, "python -m opsroom.enrol bob" in decision.hint) == (
        Code.NOT_ENROLLED,
        True,
    )


def test_a_secret_that_is_too_short_is_a_refusal_and_no_crash(store: Store) -> None:
    decision = ask(store, "123456", Person("carol", totp="JBSWY3DP"))
    assert decision.code in (Code.NOT_ENROLLED, Code.CODE_WRONG)


def test_after_five_wrong_codes_none_is_looked_at_until_the_first_is_fifteen_minutes_old(
    store: Store, clock: Clock
) -> None:
    for _ in range(MAX_WRONG):
        assert ask(store, wrong(clock.now)).code is Code.CODE_WRONG
        clock.now += timedelta(seconds=1)
    closed = ask(store, code_at(clock.now))
    assert closed.code is Code.CODE_LIMIT
    assert closed.hint.startswith(
        "From 12:15 UTC on, say, with your code in place of 123456: approve change K7QX"
    )
    assert ask(store, code_at(clock.now), replace(CAROL, name="dave")).allowed
    clock.now = NOON + timedelta(minutes=15, microseconds=-1)
    assert ask(store, code_at(clock.now)).code is Code.CODE_LIMIT
    clock.now = NOON + timedelta(minutes=15)
    # One more guess, not five.
    assert ask(store, wrong(clock.now)).code is Code.CODE_WRONG
    assert ask(store, code_at(clock.now)).code is Code.CODE_LIMIT
    clock.now = NOON + timedelta(hours=1)
    assert ask(store, code_at(clock.now)).allowed


def test_a_wrong_code_is_counted_even_though_it_is_refused(store: Store, clock: Clock) -> None:
    refused = refusal_of(use_code, store, CAROL, wrong(clock.now), SAY)
    assert refused.code is Code.CODE_WRONG
    assert len(rows(store, "SELECT * FROM wrong_codes")) == 1
    use_code(store, CAROL, code_at(clock.now), SAY)


def test_old_wrong_codes_are_forgotten(store: Store, clock: Clock) -> None:
    for _ in range(3):
        ask(store, wrong(clock.now))
        clock.now += timedelta(hours=1)
    assert len(rows(store, "SELECT * FROM wrong_codes")) == 1


def _use(index: int, url: str, code: str) -> Optional[Code]:
    decision = ask(open_store(url), code)
    return decision.code


def test_a_code_that_is_replayed_by_many_at_once_is_accepted_once(
    store: Store, store_url: str
) -> None:
    code = code_at(datetime.now(timezone.utc))
    store.close()
    answers = at_once(10, _use, store_url, code)
    assert answers.count(None) == 1
    assert answers.count(Code.CODE_USED) == 9


def test_guessing_with_many_at_once_gains_nothing(store: Store, store_url: str) -> None:
    guess = wrong(datetime.now(timezone.utc))
    store.close()
    answers: List[Optional[Code]] = at_once(8, _use, store_url, guess)
    assert answers.count(Code.CODE_WRONG) == MAX_WRONG
    assert answers.count(Code.CODE_LIMIT) == 8 - MAX_WRONG


def test_enrolling_prints_a_secret_whose_codes_are_accepted(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enrol.main(["carol"]) == 0
    text = capsys.readouterr().out
    uri = urlparse(next(word for word in text.split() if word.startswith("otpauth://")))
    values = parse_qs(uri.query)
    secret = values["secret"][0]
    assert (uri.netloc, uri.path, values["issuer"]) == ("totp", "/opsroom:carol", ["opsroom"])
    assert len(secret) == 32
    assert f" st2 key set opsroom_totp_carol {secret} --encrypt" in text
    assert 'totp: "{{ st2kv.system.opsroom_totp_carol }}"' in text
    assert ask(store, pyotp.TOTP(secret).now(), Person("carol", totp=secret)).allowed


def test_enrolling_twice_gives_two_secrets_and_a_bad_name_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    enrol.main(["carol"])
    enrol.main(["carol"])
    secrets = {
        line.split()[4] for line in capsys.readouterr().out.splitlines() if "key set" in line
    }
    assert len(secrets) == 2
    assert enrol.main(["carol; rm"]) == 2
    assert "is not a name of a person" in capsys.readouterr().err


def test_enrolling_needs_neither_a_config_nor_a_database() -> None:
    library = Path(enrol.__file__).parent.parent
    command = [sys.executable, "-m", "opsroom.enrol", "carol"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"PYTHONPATH": str(library)}, cwd="/"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_library_of_codes_is_imported_only_when_a_code_is_looked_at() -> None:
    script = "import sys, opsroom.commands.changes.decide; sys.exit('pyotp' in sys.modules)"
    library = Path(otp.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(library)}, check=False
    )
    assert done.returncode == 0
