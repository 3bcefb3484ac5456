"""Play the consoles and print their table."""

from __future__ import annotations

from benchmarks.load.consoles import main

if __name__ == "__main__":
    main()
