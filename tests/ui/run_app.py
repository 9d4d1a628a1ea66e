"""The app on a picture that stands still, as a program of its own: what the tests with a real terminal start.

Usage: python -m tests.ui.run_app PICTURE [CLOSED_MARK] [--no-mouse]

Writes the file CLOSED_MARK when its source was closed, so that a test can see that it was.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.ui import pictures
from tests.ui.fake_source import FakeSource
from tsym_tui.ui.app import TsymApp
from tsym_tui.ui.source import SnapshotSource


class MarkedSource(FakeSource):
    """Leaves a file behind when it is closed."""

    mark: Path | None = None

    async def aclose(self) -> None:
        await super().aclose()
        if self.mark is not None:
            self.mark.write_text("closed", encoding="utf-8")


async def open_source() -> SnapshotSource:
    source = MarkedSource(getattr(pictures, sys.argv[1])())
    source.samples[pictures.ref("laptop"), pictures.ref("nas")] = pictures.history()
    source.mark = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    return source


if __name__ == "__main__":
    app = TsymApp(open_source)
    app.run(mouse="--no-mouse" not in sys.argv)
    sys.exit(app.return_code or 0)
