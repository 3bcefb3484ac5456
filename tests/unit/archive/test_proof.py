"""From record 1 through the archives into the database: whatever is missing or changed is named.
Archives are read again, moved with their database, and backed up with it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import List

import pytest

from opsroom.archive.__main__ import main
from opsroom.audit.__main__ import main as audit
from opsroom.audit.heads import Head
from opsroom.backup.make import make as back_up
from opsroom.backup.move import move
from opsroom.backup.restore import restore
from opsroom.db.store import open_store
from opsroom.db.url import read_address
from opsroom.grants import statements
from support.records.archived import NOW, archive, numbers, verified, without_opsroom, years
from support.records.postgres import programs
from support.records.stores import entry, fill, rows, run


@pytest.fixture
def folder(store, tmp_path: Path) -> Path:
    """Archives of the store: records 1 to 18, and 19 to 27."""
    book = years(store)
    made = archive(store, tmp_path / "files")
    book.at("2029-12-01T10:00:00").deployed("w2029", "v1.2026", "v1.2029")
    made += archive(store, tmp_path / "files")
    assert [(one.first, one.last) for one in made] == [(1, 18), (19, 27)]
    store.close()
    return tmp_path / "files"


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(ImportError):
        monkeypatch.setenv("PATH", f"{programs()}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def verify(store_url: str, folder: Path, capsys: pytest.CaptureFixture[str]):
    """Verify with the archives of the folder; the status, and what is said."""

    def run(*given: str):
        status = audit(["verify", "--database", store_url, "--archives", str(folder), *given])
        return status, capsys.readouterr().out

    return run


def files(folder: Path) -> List[Path]:
    return sorted(folder.glob("*.gz"))


def test_everything_is_verified_from_the_first_record_on(verify):
    status, said = verify()
    assert status == 0
    assert "Verified as well: 2 archives with 27 records." in said
    assert "The record up to number 27 (2022-03-01) is archived, last in" in said


@pytest.mark.parametrize("number", [0, 1])
def test_a_missing_file_is_named(verify, folder, number):
    path = files(folder)[number]
    path.unlink()
    status, said = verify()
    assert (status, f"The archive {path.name} is not in {folder}." in said) == (1, True)
    assert "Verified as well: 1 of 2 archives with" in said


@pytest.mark.databases("sqlite")
def test_an_altered_file_is_named_with_the_record(verify, folder):
    path = files(folder)[1]
    plain = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(plain + b"\n"))
    assert f"{path}: record 28 is no record." in verify()[1]
    path.write_bytes(gzip.compress(plain.replace(b"v1.2021", b"v6.6666", 1)))
    status, said = verify()
    assert (status, f"{path}: record 22 was changed: its hash" in said) == (1, True)
    # The same records, packed in another way: not the file that was verified then.
    path.write_bytes(gzip.compress(plain, 1))
    status, said = verify()
    assert (status, f"{path} has another SHA-256 than when" in said) == (1, True)


@pytest.mark.databases("sqlite")
def test_files_in_each_other_s_place_are_named(verify, folder):
    first, second = files(folder)
    content = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(content)
    status, said = verify()
    assert status == 1
    assert f"{first} is not the archive of records 1 to 18." in said
    assert f"{second} is not the archive of records 19 to 27." in said


@pytest.mark.databases("sqlite")
def test_noted_hashes_are_looked_for_in_the_archives(store, verify, folder, tmp_path, capsys):
    loaded = f"sqlite:///{tmp_path}/read.db"
    assert main(["load", "--into", f"{tmp_path}/read.db", *map(str, files(folder))]) == 0
    known = open_store(loaded)
    ((hash_,),) = rows(known, "SELECT hash FROM ledger WHERE seq = 5")
    known.close()
    heads = tmp_path / "heads.txt"
    heads.write_text(f"2018-01-01 5 {hash_}\n")
    capsys.readouterr()
    status, said = verify("--heads", str(heads))
    assert (status, "1 noted hashes compared" in said) == (0, True)
    assert verify("--head", hash_)[0] == 0
    heads.write_text(f"2018-01-01 5 {'ab' * 32}\n")
    status, said = verify("--heads", str(heads))
    assert status == 1
    assert "The archived record 5, whose hash was noted on 2018-01-01, has another one." in said
    assert verify("--head", "ab" * 32)[0] == 1
    url = f"sqlite:///{store.address.path}"
    assert audit(["verify", "--database", url, "--heads", str(heads)]) == 0
    assert "1 noted hashes are of archived records and were not compared" in (
        capsys.readouterr().out
    )


@pytest.mark.databases("sqlite")
def test_python_alone_verifies_archives_and_database_together(store, folder, tmp_path):
    checker = tmp_path / "verify.py"
    checker.write_text(without_opsroom())

    def run(*paths: object) -> str:
        ended = subprocess.run(
            [sys.executable, "-I", str(checker), *map(str, paths)],
            capture_output=True,
            text=True,
            check=False,
        )
        return (ended.stdout + ended.stderr).strip()

    first, second = files(folder)
    newest = max(numbers(store))
    assert run(first, second, store.address.path).startswith(f"{newest} records hold")
    assert run(second).startswith("9 records hold")
    assert run(first, store.address.path).endswith("does not fit")
    assert run(second, first) == "record 1 does not fit"


def test_archives_are_read_again_as_an_ordinary_record(store, folder, tmp_path, capsys):
    into = tmp_path / "read.db"
    assert main(["load", "--into", str(into), *map(str, reversed(files(folder)))]) == 0
    assert "Loaded records 1 to 27 (2016-03-01 to 2022-03-01)." in capsys.readouterr().out
    loaded = open_store(f"sqlite:///{into}")
    assert numbers(loaded) == list(range(1, 29))
    assert verified(loaded).ok
    with loaded.read() as on:
        found = on.execute("SELECT hash FROM ledger WHERE seq = 27", {}).fetchone()[0]
    loaded.close()
    assert found == verified(store).archive.head_hash
    report = ["report", "--database", f"sqlite:///{into}", "--since", "2018", "--folder", "-"]
    assert audit(report) == 0
    capsys.readouterr()
    for later in ("2022", "2024"):
        assert audit([later if one == "2018" else one for one in report]) == 1
        assert "Loaded from archives that end with record 27 (2022-03-01): what was" in (
            capsys.readouterr().err
        )
    assert main(["load", "--into", str(into), str(files(folder)[0])]) == 2
    assert "has records already" in capsys.readouterr().err


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("name", ["50%41.db", "a?mode=ro.db", "a #b.db"])
def test_archives_are_read_into_the_file_that_was_named(folder, tmp_path, name):
    assert main(["load", "--into", f"{tmp_path}/read/{name}", str(files(folder)[0])]) == 0
    assert (tmp_path / "read" / name).exists()


@pytest.mark.databases("sqlite")
def test_a_record_of_another_form_is_not_read_again(folder, tmp_path, capsys):
    (path, *_) = files(folder)
    head, line = gzip.decompress(path.read_bytes()).decode().splitlines()[:2]
    row = {**json.loads(line), "message": "\ud800"}
    del row["hash"]
    text = json.dumps(row, separators=(",", ":"))
    hash_ = sha256(text.encode()).hexdigest()
    first = {**json.loads(head), "last": 1, "until": row["at"], "head_hash": hash_, "chain": hash_}
    lines = f'{json.dumps(first)}\n{{"hash":"{hash_}",{text[1:]}\n'
    path.write_bytes(gzip.compress(lines.encode()))
    assert main(["load", "--into", f"{tmp_path}/read.db", str(path)]) == 1
    assert f"{path}: record 1 is not written as opsroom writes records." in capsys.readouterr().err


@pytest.mark.databases("sqlite")
def test_archives_are_not_read_with_a_gap(folder, tmp_path, capsys):
    assert main(["load", "--into", f"{tmp_path}/read.db", str(files(folder)[1])]) == 2
    assert "begins with record 19: the archives before it are missing." in capsys.readouterr().err
    assert not (tmp_path / "read.db").exists()


def test_an_archived_record_is_moved_and_guarded_there(store_url, folder, other_url):
    move(store_url, other_url)
    new = open_store(other_url)
    assert verified(new).ok
    assert audit(["verify", "--database", other_url, "--archives", str(folder)]) == 0
    newest = max(numbers(new))
    assert fill(new, entry())[0].seq == newest + 1
    with pytest.raises(Exception, match="append-only"):
        run(new, "INSERT INTO ledger SELECT * FROM ledger WHERE seq = 30")
    with pytest.raises(Exception, match="an archive follows the last one"):
        run(
            new,
            "INSERT INTO archives SELECT 28, 30, previous_hash, head_hash, chain, since, until,"
            " file, sha256, made_at, made_by, record FROM archives WHERE first_seq = 1",
        )
    new.close()


def test_an_archived_record_is_backed_up_and_restored(
    store, store_url, folder, fresh_url, tmp_path
):
    note = back_up(read_address(store_url), tmp_path / "backups", NOW)
    assert (note.intact, note.head) == (True, max(numbers(store)))
    heads = [Head("ab" * 32, 3), Head(note.head_hash, note.head)]
    restored = restore(tmp_path / "backups" / note.file, read_address(fresh_url), heads)
    assert restored.missing == []
    again = open_store(fresh_url)
    assert verified(again).ok
    with pytest.raises(Exception, match="append-only"):
        run(again, "DELETE FROM ledger WHERE seq > 28")
    again.close()


def test_the_commands_say_what_they_do(store, store_url, tmp_path, capsys, monkeypatch):
    years(store)
    store.close()
    config = tmp_path / "opsroom.yaml"
    config.write_text("apps: {}\nledger: {keep: 100y}\n")
    given = ["--config", str(config), "--database", store_url]
    assert main(["plan", *given]) == 0
    assert capsys.readouterr().out == "Nothing is due.\n"
    config.write_text("ledger: {keep: 7y}\n")
    assert main(["plan", *given]) == 0
    assert capsys.readouterr().out.splitlines()[0].startswith("18 records are older than 20")
    monkeypatch.setattr("getpass.getuser", lambda: "root")
    assert main(["make", *given, "--folder", str(tmp_path / "files")]) == 0
    path, said = capsys.readouterr().out.splitlines()
    assert said == (
        "Records 1 to 18 (2016-03-01 to 2019-03-01) are in it, verified; 12 left the database. "
        "Record 41 says so."
    )
    assert main(["make", *given, "--folder", str(tmp_path / "files")]) == 0
    assert capsys.readouterr().out == "Nothing is due.\n"
    assert main(["verify", path]) == 0
    assert f"{path} holds: records 1 to 18 (2016-03-01 to 2019-03-01), last hash" in (
        capsys.readouterr().out
    )


@pytest.mark.databases("postgresql")
def test_the_role_of_the_runners_reads_who_can(store, store_url, postgres, tmp_path, capsys):
    years(store)
    store.close()
    role, name = "runners_who_archive", store.address.options["dbname"]
    postgres.run(f"CREATE ROLE {role} LOGIN")
    for statement in statements(role):
        postgres.run(statement, name)
    config = tmp_path / "opsroom.yaml"
    config.write_text("ledger: {keep: 7y}\n")
    given = ["--config", str(config), "--folder", str(tmp_path / "files")]
    assert main(["make", *given, "--database", postgres.url(name, user=role)]) == 2
    assert capsys.readouterr().err.endswith("It takes the role that owns the tables.\n")
    assert numbers(store) == list(range(1, 41))
    # Who may goes on with the file.
    assert main(["make", *given, "--database", store_url]) == 0
    assert len(files(tmp_path / "files")) == 1
    postgres.run(f"DROP OWNED BY {role}", name)
    postgres.run(f"DROP ROLE {role}")


@pytest.mark.databases("sqlite")
def test_verifying_names_what_does_not_follow(folder, tmp_path, capsys):
    first, second = files(folder)
    assert main(["verify", str(second), str(first)]) == 0
    second.write_bytes(b"")
    assert main(["verify", str(first), str(second), str(tmp_path / "none")]) == 1
    said = capsys.readouterr()
    assert str(second) in said.err
    assert "cannot be read (No such file or directory)" in said.err


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("apps: {}", "does not say how long records are kept, so they stay for good"),
        ("ledger: {}", "does not say how long records are kept, so they stay for good"),
        ("ledger: {keep: 30d}", "ledger.keep: expected a number of years or months, from 1y"),
        ("ledger: {keep: 2y}\nledger: {keep: 7y}", "ledger"),
        ("ledger: [", "opsroom.yaml"),
        (None, "the file cannot be read"),
    ],
)
def test_without_a_clear_period_nothing_is_archived(
    store, store_url, tmp_path, capsys, content, sentence
):
    years(store)
    config = tmp_path / "opsroom.yaml"
    if content is not None:
        config.write_text(content)
    given = ["--config", str(config), "--database", store_url, "--folder", str(tmp_path / "x")]
    assert main(["make", *given]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert len(numbers(store)) == 40


@pytest.mark.databases("sqlite")
def test_a_database_that_is_not_there_is_not_made(store, tmp_path, capsys):
    config = tmp_path / "opsroom.yaml"
    config.write_text("ledger: {keep: 7y}\n")
    missing = f"sqlite:///{tmp_path}/none.db"
    assert main(["plan", "--config", str(config), "--database", missing]) == 2
    assert "does not exist." in capsys.readouterr().err
    assert not (tmp_path / "none.db").exists()
