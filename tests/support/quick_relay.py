"""`python -m tests.support.quick_relay …`: the relay but for its encoder, which answers at once.

For long counts only: a thousand posts would be ten minutes of encoding, and it is not encoding that they are about.
"""

import shutil
from pathlib import Path

from relay.__main__ import main
from relay.services.posts import Figures
from relay.services.production import LOSSLESS_FILE, PREVIEW_FILE, Job, Production

FIGURES = Figures(
    frames=24_000, sample_rate_hz=48_000, duration_ms=500, duration_bars=None, lufs=-14.0, dbtp=-1.0,
    loudness_reason="reached", mp3_frames=24_000, mp3_rate_hz=48_000, bar_fractions=[], peak_min=[0], peak_max=[0],
)  # fmt: skip


class QuickProduction(Production):
    def expect(self) -> None:
        """There is no child to warm up."""

    async def run(self, job: Job) -> Figures:
        folder = Path(job.folder)
        shutil.copy(folder / job.upload_file, folder / LOSSLESS_FILE)
        (folder / PREVIEW_FILE).write_bytes(job.title.encode())
        return FIGURES


if __name__ == "__main__":
    Production.run, Production.expect = QuickProduction.run, QuickProduction.expect  # type: ignore[method-assign]
    main()
