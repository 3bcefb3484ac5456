"""The chain after archiving: it begins where the record says so, and only what was archived can be
taken out, by the owner of the tables."""

from __future__ import annotations

from typing import List, Tuple

import pytest

from opsroom.audit.heads import Head, heads_file, read_heads, take_over, verify_record
from opsroom.db.store import Store, open_store
from opsroom.errors import Code, Failure
from opsroom.grants import statements
from opsroom.records.chain import GENESIS, HASHED, BreakKind, record_hash
from opsroom.records.chain.archives import Archive, kept
from opsroom.records.model import Event
from support.records.archived import archive, numbers, verified, years
from support.records.stores import entry, fill, rows, run

_ALL = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
}


def open_all(store: Store) -> None:
    """Drop all triggers, as the owner of the tables can."""
    for name, *table in rows(store, _ALL[store.dialect]):
        run(store, f"DROP TRIGGER {name}" + (f" ON {table[0]}" if table else ""))


def found(store: Store) -> List[Tuple[int, BreakKind]]:
    return [(one.seq, one.kind) for one in verified(store).breaks]


@pytest.fixture
def archived(store: Store, tmp_path) -> Archive:
    """What was archived of the store: records 1 to 18, of which 4 to 6 and 10 to 12 are for the
    future."""
    years(store)
    (one,) = archive(store, tmp_path / "files")
    return one


def stays(store: Store, archived: Archive) -> List[int]:
    with store.read() as on:
        return sorted(kept(on, archived) or {})


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM ledger WHERE seq = 19",
        "DELETE FROM ledger",
        "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)",
        "UPDATE ledger SET message = 'x' WHERE seq <= 18",
        "DELETE FROM archives",
        "UPDATE archives SET last_seq = 39",
        "postgresql: TRUNCATE ledger",
        "postgresql: TRUNCATE archives",
        "postgresql: SET LOCAL session_replication_role = replica; DELETE FROM ledger",
        "postgresql: SET LOCAL session_replication_role = replica; DELETE FROM archives",
        "postgresql: CREATE TEMP TABLE archives AS SELECT 1 AS first_seq, 999 AS last_seq;"
        " DELETE FROM ledger",
        "sqlite: CREATE TEMP TABLE archives AS SELECT 1 AS first_seq, 999 AS last_seq;"
        " DELETE FROM ledger",
        "sqlite: REPLACE INTO archives SELECT first_seq, 39, previous_hash, head_hash, chain,"
        " since, until, file, sha256, made_at, made_by, record FROM archives",
    ],
)
def test_the_database_keeps_what_was_not_archived(store, archived, statement):
    dialect, _, bare = statement.rpartition(": ")
    if dialect not in ("", store.dialect):
        pytest.skip(f"a statement of {dialect}")
    before = rows(store, "SELECT * FROM ledger ORDER BY seq"), rows(store, "SELECT * FROM archives")
    *first, last = bare.split(";") if "TEMP" in bare else [bare]
    for one in first:
        run(store, one)
    with pytest.raises(Exception, match=r"append-only|archive follows"):
        run(store, last)
    after = rows(store, "SELECT * FROM ledger ORDER BY seq"), rows(store, "SELECT * FROM archives")
    assert after == before


_ROW = {
    "first_seq": 1, "last_seq": 18, "previous_hash": GENESIS, "chain": "", "since": "",
    "until": "", "file": "f", "sha256": "ab" * 32, "made_at": "", "made_by": "",
}  # fmt: skip


def _insert(row) -> str:
    bound = ", ".join(f":{one}" for one in row)
    return f"INSERT INTO archives ({', '.join(row)}) VALUES ({bound})"


@pytest.mark.parametrize(
    "wrong",
    [
        {"first_seq": 2},
        {"last_seq": 0},
        {"last_seq": 17},
        {"previous_hash": "ab" * 32},
        {"head_hash": "ab" * 32},
        {"sha256": "cd" * 32},
        {"record": 40},
        {"record": 18},
        {"last_seq": 41},
        {},
    ],
    ids=str,
)
def test_no_archive_is_noted_of_which_the_chain_says_nothing(store, wrong):
    years(store)
    (head,) = rows(store, "SELECT hash FROM ledger WHERE seq = 18")
    facts = {"head_hash": head[0], "sha256": "ab" * 32}
    fill(store, entry(Event.ARCHIVED, facts=facts))
    row = {**_ROW, "head_hash": head[0], "record": 41, **wrong}
    if not wrong:
        run(store, _insert(row), **row)
        assert rows(store, "SELECT count(*) FROM archives") == [(1,)]
        return
    with pytest.raises(Exception, match="an archive follows the last one"):
        run(store, _insert(row), **row)


@pytest.mark.parametrize(
    ("event", "facts", "later"),
    [
        (Event.ASKED, ("head_hash", "sha256"), False),
        (Event.ARCHIVED, ("sha256",), False),
        (Event.ARCHIVED, ("head_hash",), False),
        (Event.ARCHIVED, ("head_hash", "sha256"), True),
    ],
)
def test_only_the_newest_record_can_speak_for_an_archive(store, event, facts, later):
    years(store)
    (head,) = rows(store, "SELECT hash FROM ledger WHERE seq = 18")
    row = {**_ROW, "head_hash": head[0], "record": 41}
    fill(store, entry(event, facts={name: row[name] for name in facts}))
    if later:
        fill(store, entry())
    with pytest.raises(Exception, match="an archive follows the last one"):
        run(store, _insert(row), **row)


def test_no_archive_ends_before_it_begins(store, archived):
    (stayed,) = rows(store, "SELECT hash FROM ledger WHERE seq = 11")
    row = {**_ROW, "first_seq": 19, "last_seq": 11, "head_hash": stayed[0]}
    row.update(previous_hash=archived.head_hash, record=42)
    fill(store, entry(Event.ARCHIVED, facts={name: row[name] for name in ("head_hash", "sha256")}))
    with pytest.raises(Exception, match="an archive follows the last one"):
        run(store, _insert(row), **row)


def test_an_untouched_one_holds(store, archived):
    report = verified(store)
    assert (report.ok, report.records, report.archive) == (True, 29, archived)
    assert stays(store, archived) == [10, 11, 12, 16, 17, 18]


def test_records_taken_out_with_a_row_alone_are_missed(store):
    years(store)
    open_all(store)
    (head,) = rows(store, "SELECT hash FROM ledger WHERE seq = 18")
    row = {**_ROW, "head_hash": head[0], "record": 40}
    run(store, _insert(row), **row)
    run(store, "DELETE FROM ledger WHERE seq <= 18")
    assert found(store) == [(18, BreakKind.NOT_ARCHIVED), (19, BreakKind.MISSING)]


def test_records_taken_out_without_a_row_are_missed(store, archived):
    open_all(store)
    run(store, "DELETE FROM archives")
    assert (10, BreakKind.MISSING) in found(store)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE archives SET last_seq = 19", (19, BreakKind.NOT_ARCHIVED)),
        ("UPDATE archives SET head_hash = previous_hash", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE archives SET file = 'other'", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE archives SET sha256 = file", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE archives SET record = 40", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE ledger SET facts = '{}' WHERE event = 'archived'", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE ledger SET event = 'asked' WHERE seq = 41", (18, BreakKind.NOT_ARCHIVED)),
        ("DELETE FROM ledger WHERE event = 'archived'", (18, BreakKind.NOT_ARCHIVED)),
        ("UPDATE ledger SET message = 'x' WHERE event = 'archived'", (41, BreakKind.CHANGED)),
        ("DELETE FROM ledger WHERE seq = 11", (11, BreakKind.MISSING)),
        ("UPDATE ledger SET message = 'x' WHERE seq = 11", (11, BreakKind.CHANGED)),
        ("UPDATE ledger SET hash = previous_hash WHERE seq = 11", (11, BreakKind.CHANGED)),
        ("UPDATE ledger SET seq = 3 WHERE seq = 11", (3, BreakKind.CHANGED)),
        ("DELETE FROM ledger WHERE seq = 19", (20, BreakKind.MISSING)),
        ("UPDATE ledger SET message = 'x' WHERE seq = 19", (19, BreakKind.CHANGED)),
        ("DELETE FROM ledger WHERE seq BETWEEN 19 AND 25", (26, BreakKind.MISSING)),
    ],
)
def test_whatever_is_changed_by_hand_is_named(store, archived, statement, expected):
    open_all(store)
    run(store, statement)
    assert expected in found(store)


def test_what_stayed_is_known_by_its_hash(store, archived):
    open_all(store)
    (row,) = rows(store, f"SELECT {', '.join(HASHED)} FROM ledger WHERE seq = 11")
    forged = {**dict(zip(HASHED, row)), "message": "other"}
    run(
        store,
        "UPDATE ledger SET message = 'other', hash = :hash WHERE seq = 11",
        hash=record_hash(forged),
    )
    assert found(store) == [(11, BreakKind.CHANGED)]


@pytest.mark.databases("sqlite")
def test_bytes_that_are_no_text_do_not_stop_the_check(store, archived):
    open_all(store)
    run(store, "UPDATE ledger SET message = CAST(x'ff00fe' AS TEXT) WHERE seq = 11")
    run(store, "UPDATE ledger SET facts = CAST(x'ff00fe' AS TEXT) WHERE event = 'archived'")
    assert (18, BreakKind.NOT_ARCHIVED) in found(store)


def test_noted_hashes_of_archived_records_are_not_called_gone(store, tmp_path):
    years(store)
    hashes = [hash_ for (hash_,) in rows(store, "SELECT hash FROM ledger ORDER BY seq")]
    heads = [Head(hashes[number - 1], number) for number in (3, 11, 18, 30)]
    archive(store, tmp_path)
    with store.read() as on:
        right = verify_record(on, heads)
        wrong = verify_record(on, [Head("ab" * 32, number) for number in (3, 11, 18, 30)])
        kept_hash = verify_record(on, [Head(hashes[10])])
        head_hash = verify_record(on, [Head(hashes[17]), Head(hashes[17])])
        unknown = verify_record(on, [Head(hashes[2])])
    assert (right.ok, right.heads, right.archived) == (True, 3, 1)
    assert [one.seq for one in wrong.breaks] == [11, 18, 30]
    assert (kept_hash.ok, head_hash.ok, unknown.ok) == (True, True, False)


def test_a_row_alone_excuses_no_noted_hash(store):
    years(store)
    open_all(store)
    (head,) = rows(store, "SELECT hash FROM ledger WHERE seq = 18")
    row = {**_ROW, "head_hash": head[0], "record": 40}
    run(store, _insert(row), **row)
    run(store, "DELETE FROM ledger WHERE seq <= 18")
    with store.read() as on:
        checked = verify_record(on, [Head("ab" * 32, 3)])
    assert (checked.heads, checked.archived) == (1, 0)
    assert "Record 3, whose hash was noted, is gone" in checked.breaks[-1].message


@pytest.mark.databases("sqlite")
def test_hashes_of_the_shared_file_are_sorted_out_as_before(store, tmp_path):
    years(store)
    hashes = [hash_ for (hash_,) in rows(store, "SELECT hash FROM ledger ORDER BY seq")]
    lines = [f"2026-01-01 {number} {hashes[number - 1]}\n" for number in (3, 11, 18, 30)]
    (tmp_path / "heads.txt").write_text("".join(lines) + f"2026-01-01 31 {'ab' * 32}\n")
    archive(store, tmp_path / "files")
    with store.read() as on:
        left = take_over(on, tmp_path, store.place)
    assert [one.record for one in left] == [31]
    own = read_heads(heads_file(tmp_path, store.place))
    assert [one.record for one in own] == [11, 18, 30]
    # Whose the third is shows in the archive alone: it stays where it is.
    assert [one.record for one in read_heads(tmp_path / "heads.txt")] == [3, 31]


@pytest.mark.databases("postgresql")
def test_the_role_of_the_runners_takes_nothing_out(store, postgres, archived):
    role = "runners_of_archives"
    name = store.address.options["dbname"]
    postgres.run(f"CREATE ROLE {role} LOGIN")
    for statement in statements(role):
        postgres.run(statement, name)
    own = open_store(postgres.url(name, user=role))
    for statement in ("DELETE FROM ledger WHERE seq <= 18", "DELETE FROM archives"):
        with pytest.raises(Failure) as caught, own.write() as on:
            on.execute(statement, {})
        assert caught.value.code is Code.STORE_READ_ONLY
    with pytest.raises(Failure) as caught, own.write() as on:
        on.execute("INSERT INTO archives SELECT * FROM archives", {})
    assert "GRANT SELECT ON archives TO that user" in caught.value.hint
    # Verifying is for everyone, and so is going on.
    assert verified(own).ok
    fill(own, entry())
    own.close()
    assert numbers(store)[:2] == [10, 11]
    postgres.run(f"DROP OWNED BY {role}", name)
    postgres.run(f"DROP ROLE {role}")
