"""The process that makes the kit's sounds: `python -m relay.features.studio.kit_child`, and its forks."""

import msgspec

from audio.encode.flac import encode_flac
from audio.score.kit import RATE_HZ, one_shot
from relay.engine.sandbox.fork_server import serve
from relay.features.studio.kit import Shot
from sandbox.limits import Limits
from sandbox.process import enter

LIMITS = Limits(cpu_s=15, address_bytes=2 << 30, output_bytes=4 << 20)


def main() -> None:
    made(Shot("drum-rim", 60))  # libsndfile is opened before the sandbox
    serve(_answer)


def made(shot: Shot) -> bytes:
    """A FLAC file. [any]"""
    return encode_flac(one_shot(shot.sound, shot.number).samples[:, None], RATE_HZ).data


def _answer(data: bytes) -> bytes:
    """In the fork of one sound."""
    enter(limits=LIMITS)
    return made(msgspec.json.decode(data, type=Shot))


if __name__ == "__main__":
    main()
