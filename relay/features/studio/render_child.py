"""The process that makes a score sound: `python -m relay.features.studio.render_child`, and its forks."""

from pathlib import Path

import msgspec
import numpy as np

from audio.encode.flac import encode_flac
from audio.errors import UnsupportedAudio
from audio.score.kit import RATE_HZ, one_shot
from audio.score.render import render
from relay.engine.sandbox.fork_server import serve
from relay.features.studio.rendering import UPLOAD_FILE, RenderAnswer, RenderJob
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(cpu_s=60, address_bytes=3 << 30, output_bytes=256 << 20)


def main() -> None:
    encode_flac(one_shot("drum-rim", 60).samples[:, None], RATE_HZ)  # libsndfile is opened before the sandbox
    serve(_answer)


def rendered(job: RenderJob) -> bytes:
    """A FLAC file. Louder than full scale it would be cut off, and it is levelled afterwards: so it is made as loud as fits.

    Raises UnsupportedAudio. [any]
    """
    samples = render(job.compiled, is_loop=job.is_loop)
    loudest = float(np.max(np.abs(samples), initial=0.0))
    if loudest > 1.0:
        samples = (samples / loudest).astype(np.float32)
    return encode_flac(samples, RATE_HZ).data


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
