"""The chain of hashes: whoever changes, removes or adds a record by hand is found out."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator, List

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsroom.db.sql import Transaction, scalar
from opsroom.db.sql import rows as rows_on
from opsroom.db.store import Store, open_store
from opsroom.records import chain
from opsroom.records.chain import (
    GENESIS,
    HASHED,
    MAX_BREAKS,
    BreakKind,
    ChainReport,
    check,
    record_hash,
    verify_after,
    verify_chain,
)
from opsroom.records.ledger import COLUMNS, append
from opsroom.records.model import Entry, Event
from support.records.stores import entry, fill, open_gates, rows, run


def _verify(store: Store, head_hash: str = "") -> ChainReport:
    with store.read() as connection:
        return verify_chain(connection, head_hash)


def _told(store: Store, head_hash: str = "") -> list:
    return [(found.seq, found.kind) for found in _verify(store, head_hash).breaks]


@pytest.fixture
def ten(store: Store) -> Store:
    """Ten records, and no triggers."""
    fill(store, *(entry(version=f"v{number}", seconds=number) for number in range(10)))
    open_gates(store)
    return store


def test_an_empty_ledger_holds(store: Store) -> None:
    assert _verify(store) == ChainReport(0, 0, GENESIS, 0, ())


def test_an_untouched_ledger_holds_and_tells_its_head(ten: Store) -> None:
    report = _verify(ten)
    ((newest,),) = rows(ten, "SELECT hash FROM ledger WHERE seq = 10")
    assert report == ChainReport(10, 10, newest, 0, ())
    assert report.ok


def test_a_changed_record_is_named(ten: Store) -> None:
    run(ten, "UPDATE ledger SET requester = 'mallory' WHERE seq = 4")
    assert _told(ten) == [(4, BreakKind.CHANGED)]
    assert "Record 4 was changed" in _verify(ten).breaks[0].message


def test_a_changed_record_with_a_new_hash_is_found_at_the_next_one(ten: Store) -> None:
    run(ten, "UPDATE ledger SET requester = 'mallory' WHERE seq = 4")
    _rehash(ten, 4)
    assert _told(ten) == [(5, BreakKind.UNLINKED)]
    assert "record 4" in _verify(ten).breaks[0].message


@pytest.mark.parametrize(
    ("gone", "where"), [("seq = 4", 5), ("seq BETWEEN 4 AND 6", 7), ("seq = 1", 2)]
)
def test_removed_records_are_named_at_the_gap(ten: Store, gone: str, where: int) -> None:
    run(ten, f"DELETE FROM ledger WHERE {gone}")
    assert _told(ten) == [(where, BreakKind.MISSING)]
    assert "missing" in _verify(ten).breaks[0].message


def test_a_gap_that_was_closed_by_renumbering_is_found(ten: Store) -> None:
    run(ten, "DELETE FROM ledger WHERE seq = 4")
    for number in range(5, 11):
        run(ten, "UPDATE ledger SET seq = :to WHERE seq = :now", to=number - 1, now=number)
    told = _told(ten)
    assert (4, BreakKind.UNLINKED) in told
    assert (4, BreakKind.CHANGED) in told


@pytest.mark.parametrize("seq", [0, -5, 11])
def test_a_record_put_in_by_hand_is_named(ten: Store, seq: int) -> None:
    values = {name: name for name in COLUMNS}
    values.update(seq=str(seq), previous_hash=f"'{GENESIS[:-1]}x'")
    columns, found = ", ".join(values), ", ".join(values.values())
    run(ten, f"INSERT INTO ledger ({columns}) SELECT {found} FROM ledger WHERE seq = 3")
    assert (seq, BreakKind.CHANGED) in _told(ten)


def test_an_end_that_was_cut_off_is_found_with_a_hash_noted_before(ten: Store) -> None:
    noted = _verify(ten).head_hash
    run(ten, "DELETE FROM ledger WHERE seq > 7")
    assert _verify(ten).ok, "the chain alone cannot know"
    assert _told(ten, noted) == [(7, BreakKind.HEAD_GONE)]


def test_a_chain_that_was_made_anew_is_found_with_a_hash_noted_before(ten: Store) -> None:
    noted = _verify(ten).head_hash
    run(ten, "UPDATE ledger SET requester = 'mallory' WHERE seq = 4")
    for number in range(4, 11):
        _rehash(ten, number)
    assert _verify(ten).ok, "the chain alone cannot know"
    assert _told(ten, noted) == [(10, BreakKind.HEAD_GONE)]


def test_a_hash_noted_long_ago_is_found_in_the_middle(ten: Store) -> None:
    ((noted,),) = rows(ten, "SELECT hash FROM ledger WHERE seq = 3")
    assert _verify(ten, f" {noted.upper()}\n").ok


def test_an_emptied_ledger_is_found_with_a_hash_noted_before(ten: Store) -> None:
    noted = _verify(ten).head_hash
    run(ten, "DELETE FROM ledger")
    assert _told(ten, noted) == [(0, BreakKind.HEAD_GONE)]


def test_a_record_dated_before_the_one_before_is_named(ten: Store) -> None:
    run(ten, "UPDATE ledger SET at = '2001-01-01T00:00:00.000000+00:00' WHERE seq = 10")
    _rehash(ten, 10)
    assert _told(ten) == [(10, BreakKind.OUT_OF_TIME)]


@pytest.mark.parametrize("value", ["CAST(x'ff00fe' AS TEXT)", "x'ff00'"])
def test_bytes_that_are_no_text_are_a_change_and_do_not_stop_the_check(
    ten: Store, value: str
) -> None:
    if ten.dialect != "sqlite":
        pytest.skip("PostgreSQL takes no such bytes")
    for column in ("message", "at", "previous_hash"):
        run(ten, f"UPDATE ledger SET {column} = {value} WHERE seq = 4")
    report = _verify(ten)
    assert (4, BreakKind.CHANGED) in [(found.seq, found.kind) for found in report.breaks]
    assert report.records == 10
    assert {found.seq for found in report.breaks} <= {4, 5}


def test_a_wholly_broken_ledger_gives_a_short_report(ten: Store) -> None:
    fill(ten, *(entry() for _ in range(MAX_BREAKS)))
    run(ten, "UPDATE ledger SET requester = 'mallory'")
    report = _verify(ten)
    assert len(report.breaks) == MAX_BREAKS
    assert report.broken == MAX_BREAKS + 10


def test_checking_does_not_hold_the_ledger_in_memory() -> None:
    """Rows are taken one by one: of those that are handed out, only the last is still referred
    to."""

    class Counted(tuple):
        alive = 0

        def __new__(cls, values: Any) -> Counted:
            cls.alive += 1
            return super().__new__(cls, values)

        def __del__(self) -> None:
            type(self).alive -= 1

    most = 0

    def made() -> Iterator[Counted]:
        nonlocal most
        previous = GENESIS
        for number in range(1, 500):
            values = dict.fromkeys(HASHED, "")
            values.update(seq=number, milliseconds=None, previous_hash=previous)
            previous = record_hash(values)
            yield Counted([*(values[name] for name in HASHED), previous])
            most = max(most, Counted.alive)

    assert check(made()).records == 499
    assert most <= 3


# What is at the edges of blocks of three numbers is damaged: 1 to 3, 4 to 6, 7 to 9, 10.
_DAMAGE = {
    "the last of a block changed": ["UPDATE ledger SET room = '#x' WHERE seq = 3"],
    "the first of a block changed": ["UPDATE ledger SET room = '#x' WHERE seq = 4"],
    "both sides changed": ["UPDATE ledger SET room = '#x' WHERE seq IN (3, 4)"],
    "the last of a block gone": ["DELETE FROM ledger WHERE seq = 3"],
    "the first of a block gone": ["DELETE FROM ledger WHERE seq = 4"],
    "the first of all gone": ["DELETE FROM ledger WHERE seq = 1"],
    "a block gone": ["DELETE FROM ledger WHERE seq BETWEEN 4 AND 6"],
    "more than a block gone": ["DELETE FROM ledger WHERE seq BETWEEN 2 AND 8"],
    "two records in each other's place": [
        "UPDATE ledger SET seq = 99 WHERE seq = 3",
        "UPDATE ledger SET seq = 3 WHERE seq = 4",
        "UPDATE ledger SET seq = 4 WHERE seq = 99",
    ],
    "numbers far away": [
        "UPDATE ledger SET seq = -9223372036854775808 WHERE seq = 3",
        "UPDATE ledger SET seq = 9223372036854775807 WHERE seq = 10",
    ],
    "a link broken at the edge": ["UPDATE ledger SET previous_hash = '' WHERE seq = 4"],
    "a hash changed at the edge": ["UPDATE ledger SET hash = 'x' WHERE seq = 3"],
    "a date before the one in the block before": ["UPDATE ledger SET at = '2001' WHERE seq = 4"],
}


@pytest.mark.parametrize("damage", _DAMAGE.values(), ids=_DAMAGE)
def test_damage_at_the_edge_of_a_block_is_found_as_in_one_pass(
    ten: Store, damage: List[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for statement in damage:
        run(ten, statement)
    for block in (1, 3):
        monkeypatch.setattr(chain, "_BLOCK", block)
        report = _verify(ten)
        assert not report.ok, block
        assert report == _in_one_pass(ten), block


def test_a_date_out_of_order_at_the_edge_of_a_block_is_found(
    ten: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(ten, "UPDATE ledger SET at = :at WHERE seq = 10", at="2001-01-01T00:00:00.000000+00:00")
    _rehash(ten, 10)
    monkeypatch.setattr(chain, "_BLOCK", 3)
    assert _told(ten) == [(10, BreakKind.OUT_OF_TIME)]


def test_two_records_of_one_number_at_the_edge_of_a_block_are_found(
    ten: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ten.dialect == "sqlite":
        pytest.skip("in SQLite the number is the place in the file: none is there twice")
    run(ten, "ALTER TABLE ledger DROP CONSTRAINT ledger_pkey")
    others = ", ".join(name for name in COLUMNS if name not in ("previous_hash", "hash"))
    twice = f"INSERT INTO ledger ({others}, previous_hash, hash) SELECT {others}, 'x', 'y'"
    run(ten, f"{twice} FROM ledger WHERE seq = 3")
    monkeypatch.setattr(chain, "_BLOCK", 3)
    report = _verify(ten)
    assert report.records == 11
    assert (3, BreakKind.MISSING) in [(found.seq, found.kind) for found in report.breaks]


def test_a_noted_hash_is_found_in_any_block(ten: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for block in (1, 3, 5000):
        monkeypatch.setattr(chain, "_BLOCK", block)
        for seq in (1, 3, 4, 10):
            ((noted,),) = rows(ten, "SELECT hash FROM ledger WHERE seq = :seq", seq=seq)
            assert _verify(ten, noted).ok, (block, seq)


def test_the_database_writes_the_text_that_is_hashed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else every block would be read twice. All that JSON escapes, and what some escape too."""
    awkward = "".join(map(chr, range(1, 0x20))) + "\"\\/'<&\x7f\u2028\ufeff\U0001f600 é"
    fill(store, entry(message=awkward, seconds=1), entry(message="", facts={"what": awkward}))
    monkeypatch.setattr(chain._Walk, "take", None)
    assert _verify(store) == ChainReport(2, 2, _newest(store), 0, ())


# One ledger on SQLite for the property below; every example changes it inside a transaction that is
# rolled back.
@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transaction]:
    folder: Path = tmp_path_factory.mktemp("chain")
    store = open_store(f"sqlite:///{folder}/opsroom.db")
    with store.write() as connection:
        for number in range(12):
            append(
                store,
                connection,
                Entry(Event.SUCCEEDED, version=f"v{number}", seconds=number or None),
            )
    open_gates(store)
    with store.begin(writes=True) as connection:
        yield connection


_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
_CHANGES = st.one_of(
    st.tuples(
        st.sampled_from([n for n in HASHED if n not in ("seq", "milliseconds")] + ["hash"]), _TEXT
    ),
    st.tuples(st.just("milliseconds"), st.one_of(st.none(), st.integers(-(2**62), 2**62))),
    st.tuples(st.just("seq"), st.integers(-(2**62), 2**62)),
)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seq=st.integers(1, 12), change=_CHANGES)
def test_any_change_of_any_field_of_any_record_is_found(
    sandbox: Transaction, seq: int, change: tuple
) -> None:
    column, value = change
    before = scalar(sandbox, f"SELECT {column} FROM ledger WHERE seq = :seq", seq=seq)
    taken = [row["seq"] for row in rows_on(sandbox, "SELECT seq FROM ledger")]
    if value == before or (column == "seq" and value in taken):
        return
    sandbox.execute("SAVEPOINT undo", {})
    try:
        sandbox.execute(
            f"UPDATE ledger SET {column} = :value WHERE seq = :seq", {"value": value, "seq": seq}
        )
        report = verify_chain(sandbox)
    finally:
        sandbox.execute("ROLLBACK TO undo", {})
    assert not report.ok
    named = {found.seq for found in report.breaks}
    assert (value if column == "seq" else seq) in named
    assert verify_chain(sandbox).ok


def _in_one_pass(store: Store) -> ChainReport:
    """What a check of one record after the other finds."""
    return check(rows(store, f"SELECT {', '.join(HASHED)}, hash FROM ledger ORDER BY seq"))


def _newest(store: Store) -> str:
    ((found,),) = rows(store, "SELECT hash FROM ledger ORDER BY seq DESC LIMIT 1")
    return str(found)


def _rehash(store: Store, seq: int) -> None:
    """Do what a careful forger does: link the record to the one before it and make its hash
    anew."""
    ((previous,),) = rows(store, "SELECT hash FROM ledger WHERE seq = :seq", seq=seq - 1) or [("",)]
    link = "UPDATE ledger SET previous_hash = :hash WHERE seq = :seq"
    run(store, link, hash=previous or GENESIS, seq=seq)
    with store.read() as on:
        (row,) = rows_on(on, "SELECT * FROM ledger WHERE seq = :seq", seq=seq)
    run(store, "UPDATE ledger SET hash = :hash WHERE seq = :seq", hash=record_hash(row), seq=seq)


class TestAfterARecord:
    """Verifying what is new, from a record that was verified before."""

    def test_only_what_follows_is_read(self, store: Store) -> None:
        fill(store, *[entry(deployment=f"d{number}") for number in range(3)])
        with store.read() as connection:
            before = verify_chain(connection)
        fill(store, entry(deployment="d3"), entry(deployment="d4"))
        with store.read() as connection:
            found = verify_after(connection, before.head, before.head_hash)
            whole = verify_chain(connection)
        assert (found.ok, found.records, found.head) == (True, 2, 5)
        assert found.head_hash == whole.head_hash

    def test_nothing_new_holds(self, store: Store) -> None:
        fill(store, entry())
        with store.read() as connection:
            head = verify_chain(connection)
            found = verify_after(connection, head.head, head.head_hash)
        assert (found.ok, found.records, found.head) == (True, 0, 1)

    @pytest.mark.parametrize(
        ("statement", "kind"),
        [
            ("DELETE FROM ledger WHERE seq >= 2", BreakKind.HEAD_GONE),
            ("UPDATE ledger SET hash = 'x' WHERE seq = 2", BreakKind.HEAD_GONE),
            ("UPDATE ledger SET previous_hash = 'x' WHERE seq = 3", BreakKind.UNLINKED),
            ("UPDATE ledger SET app = 'x' WHERE seq = 4", BreakKind.CHANGED),
            ("DELETE FROM ledger WHERE seq = 3", BreakKind.MISSING),
        ],
    )
    def test_what_does_not_follow_is_found(
        self, store: Store, statement: str, kind: BreakKind
    ) -> None:
        records = fill(store, *[entry(deployment=f"d{number}") for number in range(4)])
        open_gates(store)
        run(store, statement)
        with store.read() as connection:
            found = verify_after(connection, 2, records[1].hash)
        assert not found.ok
        assert found.breaks[0].kind is kind
