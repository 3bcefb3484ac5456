"""The file of an archive verifies with nothing but itself, and whatever is changed in it shows."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
import tracemalloc
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Callable, Dict, List

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opsroom.archive import file as archive_file
from opsroom.archive.file import Header, read_archive, write_archive
from opsroom.errors import Code, Failure, Refusal
from opsroom.records.chain import GENESIS, HASHED, record_hash
from support.records.archived import without_opsroom
from support.records.large import records

_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
_ROW = st.fixed_dictionaries(
    {
        **{name: _WORDS for name in HASHED if name not in ("seq", "at", "previous_hash")},
        "milliseconds": st.none() | st.integers(-(2**62), 2**62),
    }
)


def chained(values: List[Dict[str, Any]], first: int = 1) -> List[List[Any]]:
    """Records with these values, one after the other, at times in order unless one has its own."""
    previous, made = GENESIS if first == 1 else "ab" * 32, []
    for number, one in enumerate(values, first):
        row = {
            **one,
            "seq": number,
            "at": one.get("time") or f"2019-01-01T00:00:00.{number:06d}+00:00",
            "previous_hash": previous,
        }
        previous = record_hash(row)
        made.append([*(row[name] for name in HASHED), previous])
    return made


def header_of(rows: List[List[Any]]) -> Header:
    seq, at, before = (HASHED.index(name) for name in ("seq", "at", "previous_hash"))
    return Header(
        first=rows[0][seq], last=rows[-1][seq], since=rows[0][at], until=rows[-1][at],
        previous_hash=rows[0][before], head_hash=rows[-1][-1], chain=rows[0][-1],
        place="the database opsroom", made_at="2026-11-30T12:00:00.000000+00:00", made_by="root",
        pack="0.4.0",
    )  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(_ROW, min_size=1, max_size=6), st.sampled_from([1, 77]))
def test_whatever_was_recorded_comes_back_as_it_was(values: List[Dict[str, Any]], first: int):
    rows = chained(values, first)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.jsonl.gz")
        write_archive(path, header_of(rows), rows)
        found: List[List[Any]] = []

        def take(number: int, hash_: str, text: str) -> None:
            found.append([*json.loads(text).values(), hash_])

        header, _ = read_archive(path, take)
    assert (header, found) == (header_of(rows), rows)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """An archive of twelve records."""
    rows = chained(
        [{**dict.fromkeys(HASHED, f"ö {one}"), "milliseconds": one} for one in range(12)]
    )
    path = tmp_path / "archive.jsonl.gz"
    write_archive(path, header_of(rows), rows)
    return path


def lines_of(path: Path) -> List[str]:
    return gzip.decompress(path.read_bytes()).decode().splitlines()


def rewrite(path: Path, lines: List[str]) -> None:
    path.write_bytes(gzip.compress("".join(f"{one}\n" for one in lines).encode()))


def refused(path: Path) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_archive(path)
    return caught.value


def _swap(lines: List[str]) -> None:
    lines[4], lines[5] = lines[5], lines[4]


def _rehash(lines: List[str]) -> None:
    row = json.loads(lines[5])
    row["message"] = "other"
    del row["hash"]
    lines[5] = json.dumps(
        {"hash": record_hash(row), **row}, ensure_ascii=False, separators=(",", ":")
    )


CHANGES: Dict[str, Callable[[List[str]], Any]] = {
    "record 5 was changed": lambda lines: lines.__setitem__(5, lines[5].replace("ö 4", "ö 5", 1)),
    "record 6 does not continue the one before it": _rehash,
    "record 4 is missing: record 5 is in its place": _swap,
    "record 3 is missing: record 4 is in its place": lambda lines: lines.pop(3),
    "record 1 is missing: record 2 is in its place": lambda lines: lines.pop(1),
    "record 12 is missing: the file ends before it": lambda lines: lines.pop(),
    "record 3 is missing: record 2 is in its place": lambda lines: lines.insert(3, lines[2]),
    "record 13 is missing: record 12 is in its place": lambda lines: lines.append(lines[12]),
    "record 7 is no record": lambda lines: lines.__setitem__(7, "{}"),
    "lacks head_hash": lambda lines: lines.__setitem__(0, lines[0].replace("head_hash", "head")),
}


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_of_a_record_shows_and_is_named(archive: Path, what: str) -> None:
    lines = lines_of(archive)
    CHANGES[what](lines)
    rewrite(archive, lines)
    refusal = refused(archive)
    assert refusal.code is Code.RECORD_BROKEN
    assert what in refusal.message
    assert str(archive) in refusal.message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("at", "5"),
        ("at", "null"),
        ("seq", "true"),
        ("seq", "1.0"),
        ("milliseconds", "[]"),
        ("milliseconds", str(2**63)),
        ("facts", "{}"),
        ("message", "null"),
        ("message", "[" * 100_000),
    ],
    ids=range(9),
)
def test_values_that_no_record_has_are_named(archive: Path, name: str, value: str) -> None:
    lines = lines_of(archive)
    row = json.loads(lines[1])
    del row["hash"]
    text = json.dumps({**row, name: "HERE"}, ensure_ascii=False, separators=(",", ":"))
    text = text.replace('"HERE"', value)
    # Its hash fits: anyone who makes such a file can do that.
    lines[1] = f'{{"hash":"{sha256(text.encode()).hexdigest()}",{text[1:]}'
    rewrite(archive, lines)
    assert "record 1 is no record" in refused(archive).message


@pytest.mark.parametrize(
    "name", ["first", "last", "since", "until", "previous_hash", "head_hash", "chain"]
)
def test_a_first_line_that_says_something_else_shows(archive: Path, name: str) -> None:
    lines = lines_of(archive)
    header = json.loads(lines[0])
    header[name] = header[name] + 1 if isinstance(header[name], int) else f"x{header[name]}"
    rewrite(archive, [json.dumps(header), *lines[1:]])
    assert refused(archive).code is Code.RECORD_BROKEN


@pytest.mark.parametrize("place", [0.05, 0.5, 0.95])
def test_any_byte_that_is_lost_or_changed_shows(archive: Path, place: float) -> None:
    content = archive.read_bytes()
    at = int(len(content) * place)
    archive.write_bytes(content[:at])
    refused(archive)
    archive.write_bytes(content[:at] + bytes([content[at] ^ 0xFF]) + content[at + 1 :])
    refused(archive)


@pytest.mark.parametrize("content", ["", "hello\n", "[]\n", "{}\n", "[" * 100_000], ids=range(5))
@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "packed"])
def test_what_is_no_archive_is_called_so(
    archive: Path, content: str, pack: Callable[[bytes], bytes]
) -> None:
    archive.write_bytes(pack(content.encode()))
    assert str(archive) in refused(archive).message


def test_a_newer_format_is_named(archive: Path) -> None:
    lines = lines_of(archive)
    lines[0] = lines[0].replace('"opsroom_archive": 1', '"opsroom_archive": 2')
    rewrite(archive, lines)
    assert "of a newer opsroom (format 2)" in refused(archive).message


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="No such file"):
        read_archive(tmp_path / "none.jsonl.gz")


def test_a_record_whose_hash_does_not_fit_is_not_written(tmp_path: Path) -> None:
    rows = chained([{**dict.fromkeys(HASHED, "x"), "milliseconds": 1} for _ in range(3)])
    rows[1][HASHED.index("message")] = "other"
    with pytest.raises(Refusal, match="record 2 was changed"):
        write_archive(tmp_path / "a.jsonl.gz", header_of(rows), rows)


def test_a_record_that_is_dated_before_the_one_before_shows(tmp_path: Path) -> None:
    values = {**dict.fromkeys(HASHED, "x"), "milliseconds": 1}
    rows = chained([{**values, "time": time} for time in ("2019-01-02", "2019-01-01")])
    with pytest.raises(Refusal, match="record 2 is dated before the one before it"):
        write_archive(tmp_path / "a.jsonl.gz", header_of(rows), rows)


def test_a_file_that_another_process_writes_is_left_alone(archive: Path) -> None:
    rows = chained([{**dict.fromkeys(HASHED, "x"), "milliseconds": 1}])
    before = archive.read_bytes()
    with pytest.raises(Failure, match="cannot be written"):
        write_archive(archive, header_of(rows), rows)
    assert archive.read_bytes() == before


def test_a_record_too_large_to_be_read_again_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = chained([{**dict.fromkeys(HASHED, "x" * size), "milliseconds": 1} for size in (9, 99)])
    monkeypatch.setattr(archive_file, "_MAX_LINE", 1500)
    with pytest.raises(Refusal, match="Record 2 is too large for an archive"):
        write_archive(tmp_path / "a", header_of(rows), rows)
    assert not (tmp_path / "a").exists()


def test_names_that_are_no_text_do_not_stop_it(tmp_path: Path) -> None:
    rows = chained([{**dict.fromkeys(HASHED, "x"), "milliseconds": 1}])
    header = replace(header_of(rows), made_by="\udcff", place="the file \udce4.db")
    write_archive(tmp_path / "a", header, rows)
    assert read_archive(tmp_path / "a")[0].made_by == "?"


def test_the_same_records_make_the_same_bytes(tmp_path: Path) -> None:
    rows = chained([{**dict.fromkeys(HASHED, "x"), "milliseconds": 1}])
    for name in ("a", "b"):
        write_archive(tmp_path / name, header_of(rows), rows)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_memory_does_not_grow_with_the_records(tmp_path: Path) -> None:
    number = 3_000
    first, *_, last = records(number)
    seq, at = HASHED.index("seq"), HASHED.index("at")
    header = replace(
        header_of([first]), last=last[seq], until=last[at], head_hash=last[-1], since=first[at]
    )
    path = tmp_path / "large.jsonl.gz"
    tracemalloc.start()
    try:
        write_archive(path, header, records(number))
        read_archive(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The records are 2 MB, and the file is read in pieces of 1 MB.
    assert peak < 1_600_000


def test_python_alone_verifies_it(archive: Path, tmp_path: Path) -> None:
    checker = tmp_path / "verify.py"
    checker.write_text(without_opsroom())
    plain = gzip.decompress(archive.read_bytes())

    def run(*paths: str, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [sys.executable, "-I", str(checker), *paths],
            input=content,
            capture_output=True,
            check=False,
        )

    assert run(str(archive)).stdout[:15] == b"12 records hold"
    assert run(content=plain).stdout[:15] == b"12 records hold"
    bad = run(content=plain.replace("ö 4".encode(), "ö 5".encode(), 1))
    assert (bad.returncode, bad.stderr.strip()) == (1, b"record 5 does not fit")
