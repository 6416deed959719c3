"""`python -m tests.support.quick_relay …`: the relay but for its encoder, which answers at once.

For long counts only: a thousand posts would be ten minutes of encoding, and it is not encoding that they are about.
"""

import shutil
from pathlib import Path
from unittest import mock

from relay.app import post_services
from relay.app.commands.main import main
from relay.engine.sandbox.children import OnStep, nobody
from relay.features.creations.drawing import outline
from relay.features.creations.encoding import LOSSLESS_FILE, PREVIEW_FILE, EncodeJob, Encoder, Made
from relay.features.creations.figures import Card, Figures
from relay.features.recommending.vectors import SILENT

CARD = Card(
    frames=24_000,
    sample_rate_hz=48_000,
    duration_ms=500,
    lufs=-14.0,
    dbtp=-1.0,
    loudness_reason="reached",
    mp3_frames=24_000,
    mp3_rate_hz=48_000,
    outline=outline([0], [0]),
)
FIGURES = Figures(card=CARD, bar_fractions=[], peak_min=[0], peak_max=[0])


class QuickEncoder(Encoder):
    def expect(self) -> None:
        """There is no child to warm up."""

    async def run(self, job: EncodeJob, on_step: OnStep = nobody) -> Made:
        folder = Path(job.folder)
        shutil.copy(folder / job.upload_file, folder / LOSSLESS_FILE)
        (folder / PREVIEW_FILE).write_bytes(job.title.encode())
        return Made(figures=FIGURES, bpm=job.bpm, key=job.key, vector=SILENT, spent_ms={})


if __name__ == "__main__":
    with mock.patch.object(post_services, "Encoder", QuickEncoder):
        main()
