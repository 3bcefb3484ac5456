"""Archiving that is killed at any point: nothing is lost, and the next run goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import List

import pytest

from opsroom.archive.file import read_archive
from opsroom.records.chain.archives import archives
from support.records.archived import KEEP, archive, numbers, verified, years
from support.records.stores import entry, fill, rows

_LIBRARY = Path(__file__).resolve().parents[3] / "actions" / "lib"
# Kills itself when the function of that name in that module is called the nth time, before it or
# after it.
_CHILD = """
import importlib, os, signal, sys
from pathlib import Path
from opsroom.archive import make
from opsroom.db.store import open_store

url, folder, module, name, when, number = sys.argv[1:]
target = importlib.import_module(module)
original, calls = getattr(target, name), []

def deadly(*arguments, **named):
    calls.append(1)
    if len(calls) == int(number) and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    result = original(*arguments, **named)
    if len(calls) == int(number) and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(target, name, deadly)
for _ in make.make(open_store(url), int(os.environ["KEEP"]), Path(folder), "root"):
    pass
"""
_MAKE, _FILE = "opsroom.archive.make", "opsroom.archive.file"
STEPS = {
    "before the file": (_MAKE, "_write", "before", 1),
    "within the file": (_FILE, "_text", "before", 9),
    "file without its name": (_MAKE, "write_archive", "after", 1),
    "between file and row": (_MAKE, "_write", "after", 1),
    "while it is read back": (_FILE, "_parts", "before", 9),
    "before the transaction": (_MAKE, "take_out", "before", 1),
    "between record and row": (_MAKE, "insert", "before", 1),
    "between row and deletion": (_MAKE, "insert", "after", 1),
    "within the deletion": (_MAKE, "execute", "after", 1),
    "before the commit": (_MAKE, "_gaps", "after", 1),
    "after the commit": (_MAKE, "take_out", "after", 1),
}


def killed(url: str, folder: Path, step: str) -> None:
    """Archive in another process, which is killed at that step."""
    given = [str(one) for one in STEPS[step]]
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, url, str(folder), *given],
        env={**os.environ, "PYTHONPATH": str(_LIBRARY), "KEEP": str(KEEP)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == -9, ended.stderr


def records_of(folder: Path) -> List[int]:
    """The records of all files, in the order of their names."""
    found: List[int] = []
    for path in sorted(folder.glob("opsroom-archive-*.gz")):
        read_archive(path, lambda number, hash_, text: found.append(number))
    return found


@pytest.mark.parametrize("step", STEPS)
def test_a_run_that_is_killed_is_continued(store, store_url, tmp_path, step):
    years(store)
    store.close()
    killed(store_url, tmp_path / "files", step)
    everything = set(numbers(store)) | set(records_of(tmp_path / "files"))
    assert everything >= set(range(1, 41))
    # Commands go on as if nothing had been.
    assert verified(store).ok
    fill(store, entry())
    taken = step == "after the commit"
    with store.read() as on:
        assert [one.last for one in archives(on)] == ([18] if taken else [])
    made = archive(store, tmp_path / "files")
    assert [(one.first, one.last) for one in made] == ([] if taken else [(1, 18)])
    assert records_of(tmp_path / "files") == list(range(1, 19))
    assert [one.name for one in (tmp_path / "files").glob(".*.part")] == []
    assert verified(store).ok
    assert rows(store, "SELECT count(*) FROM ledger WHERE event = 'archived'") == [(1,)]


def test_a_file_that_is_there_is_used_and_what_became_due_follows(store, store_url, tmp_path):
    book = years(store)
    store.close()
    killed(store_url, tmp_path, "between file and row")
    (path,) = tmp_path.glob("opsroom-archive-*.gz")
    content = path.read_bytes()
    book.at("2027-06-01T10:00:00").deployed("w2027", "v1.2026", "v1.2027")
    made = archive(store, tmp_path)
    assert [(one.first, one.last) for one in made] == [(1, 18), (19, 21)]
    assert path.read_bytes() == content
    assert verified(store).ok


def test_a_file_that_is_only_half_there_is_never_believed(store, store_url, tmp_path):
    years(store)
    store.close()
    killed(store_url, tmp_path, "between file and row")
    (path,) = tmp_path.glob("opsroom-archive-*.gz")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(Exception, match="is damaged: it cannot be unpacked to its end"):
        archive(store, tmp_path)
    assert numbers(store) == list(range(1, 41))
    path.unlink()
    assert len(archive(store, tmp_path)) == 1
