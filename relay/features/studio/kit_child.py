"""The process that makes the kit's sounds: `python -m relay.features.studio.kit_child`, and its forks."""

import msgspec

from audio.encode.flac import encode_flac
from audio.read.decode import decode
from audio.score.custom import note_of, recorded
from audio.score.kit import RATE_HZ, one_shot
from relay.engine.sandbox.fork_server import serve
from relay.features.studio.kit import Recording, Shot
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(cpu_s=15, address_bytes=2 << 30, output_bytes=4 << 20)


def main() -> None:
    rehearsed = made(Shot("drum-rim", 60))  # libsndfile and soxr are opened before the sandbox
    made(Recording(rehearsed, is_pitched=True, number=61))
    serve(_answer)


def made(shot: Shot | Recording) -> bytes:
    """A FLAC file. [any]"""
    if isinstance(shot, Recording):
        sound = decode(shot.data)
        recording = recorded(sound.samples, sound.sample_rate_hz, is_pitched=shot.is_pitched)
        return encode_flac(note_of(recording, shot.number)[:, None], RATE_HZ).data
    return encode_flac(one_shot(shot.sound, shot.number).samples[:, None], RATE_HZ).data


def _answer(data: bytes) -> bytes:
    """In the fork of one sound."""
    enter(limits=LIMITS)
    return made(msgspec.json.decode(data, type=Shot | Recording))


if __name__ == "__main__":
    main()
