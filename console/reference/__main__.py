"""`make reference`: writes docs/reference from the metadata."""

from __future__ import annotations

import sys

from .pages import FOLDER, pages


def main() -> int:
    """Write every page that has changed. Returns 0."""
    FOLDER.mkdir(exist_ok=True)
    wanted = pages()
    for name, text in wanted.items():
        path = FOLDER / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            print(f"written: docs/reference/{name}")
    for path in FOLDER.glob("*.md"):
        if path.name not in wanted:
            path.unlink()
            print(f"removed: docs/reference/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
