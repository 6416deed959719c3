"""The process that makes a score sound: `python -m relay.features.studio.render_child`, and its forks."""

from pathlib import Path

import msgspec
import numpy as np

from audio.encode.flac import encode_flac
from audio.errors import UnsupportedAudio
from audio.read.decode import decode
from audio.score.custom import Recorded, note_of, recorded
from audio.score.events import Compiled
from audio.score.kit import RATE_HZ, one_shot
from audio.score.render import render
from relay.engine.sandbox.fork_server import serve
from relay.features.studio.rendering import UPLOAD_FILE, Custom, RenderAnswer, RenderJob
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(cpu_s=60, address_bytes=3 << 30, output_bytes=256 << 20)


def main() -> None:
    samples = one_shot("drum-rim", 60).samples[:, None]  # libsndfile and soxr are opened before the sandbox
    again = decode(encode_flac(samples, RATE_HZ).data)
    note_of(recorded(again.samples, RATE_HZ, is_pitched=True), 61)
    serve(_answer)


def rendered(job: RenderJob) -> bytes:
    """A FLAC file. Louder than full scale it would be cut off, and it is levelled afterwards: so it is made as loud as fits.

    Raises UnsupportedAudio. [any]
    """
    custom = {name: _recorded(Path(job.folder) / each.file, each) for name, each in job.custom.items()}
    compiled = Compiled(job.notes, job.length, job.bpm, job.beats_per_bar)
    samples = render(compiled, is_loop=job.is_loop, custom=custom)
    loudest = float(np.max(np.abs(samples), initial=0.0))
    if loudest > 1.0:
        samples = (samples / loudest).astype(np.float32)
    return encode_flac(samples, RATE_HZ).data


def _recorded(path: Path, custom: Custom) -> Recorded:
    sound = decode(path.read_bytes())
    return recorded(sound.samples, sound.sample_rate_hz, is_pitched=custom.is_pitched)


def _answer(data: bytes) -> bytes:
    """In the fork of one job."""
    job = msgspec.json.decode(data, type=RenderJob)
    enter([Path(job.folder)], limits=LIMITS)
    try:
        (Path(job.folder) / UPLOAD_FILE).write_bytes(rendered(job))
    except UnsupportedAudio as error:
        return msgspec.json.encode(RenderAnswer(refused=str(error)))
    return msgspec.json.encode(RenderAnswer())


if __name__ == "__main__":
    main()
