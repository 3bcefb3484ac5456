"""The audit commands: reports for auditors, checks of the record, and what StackStorm still
holds."""

from __future__ import annotations

import os
from pathlib import Path

from ...db.url import read_address
from .. import Context


def audit_folder(context: Context, fallback: str) -> Path:
    """The folder `audit` beside the database file; for a database on a server, beside where the
    file would be.

    `fallback` is the URL of the default database. Nobody chooses the folder in chat: anyone who
    could would write files anywhere that StackStorm's actions may.
    """
    address = read_address(context.database)
    path = address.path or read_address(fallback).path
    return Path(os.path.dirname(path)) / "audit"
