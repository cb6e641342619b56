"""What an idle tick costs: `python -m tests.benchmarks.idle`.

Against a Typer program of one empty command, and with 1,000,000 past sessions in the store against 10.
"""

from __future__ import annotations

import sys

from tests.benchmarks.home import START, Home, a_folder
from tests.benchmarks.pairs import compare
from tests.benchmarks.stage import Run, environment, measured

MANY, FEW = 1_000_000, 10
_NOWHERE = "http://127.0.0.1:9/api/v10"
_LONG_AGO = START - 400 * 86_400_000
EMPTY = "import typer\napp = typer.Typer()\n\n@app.command()\ndef run() -> None:\n    pass\n\napp()\n"


def main() -> None:
    """Measure and print."""
    with a_folder() as small, a_folder() as large:
        few, many = Home(small, _NOWHERE), Home(large, _NOWHERE)
        few.book(FEW, start=_LONG_AGO, apart=0)
        many.book(MANY, start=_LONG_AGO, apart=30_000)
        few.settle(START)
        many.settle(START)
        (small / "empty.py").write_text(EMPTY, "utf-8")

        def empty() -> Run:
            return measured([sys.executable, "empty.py"], small, environment())

        compare("idle run ÷ empty Typer program", lambda: few.run(START), empty)
        compare(f"idle run, {MANY:,} past sessions ÷ {FEW}", lambda: many.run(START), lambda: few.run(START))


if __name__ == "__main__":
    main()
