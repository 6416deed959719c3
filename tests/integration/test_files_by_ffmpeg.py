"""Files as another program writes them, whole and into a pipe, where it cannot go back to write a size: read to the frame."""

import subprocess

import numpy as np
import pytest

from audio.read.clip import LackKind
from audio.read.reader import read_audio
from tests.support.tones import soft_noise

RATE_HZ = 44_100
SOUND = soft_noise(RATE_HZ)
PCM = (SOUND * 2**15).round().clip(-(2**15), 2**15 - 1).astype("<i2")
LOSSLESS = ["wav", "aiff", "caf", "w64", "au", "flac", "ogg"]  # in Ogg: FLAC


def _written(container: str, *options: str) -> bytes:
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-f",
        "s16le",
        "-ar",
        str(RATE_HZ),
        "-ac",
        "2",
        "-i",
        "pipe:0",
        *options,
    ]
    return subprocess.run(
        [*command, "-f", container, "pipe:1"], input=PCM.tobytes(), capture_output=True, check=True
    ).stdout


def _lossless(container: str) -> bytes:
    coding = {"flac": "flac", "ogg": "flac", "aiff": "pcm_s16be", "au": "pcm_s16be"}.get(
        container, "pcm_s16le"
    )
    return _written(container, "-c:a", coding)


@pytest.mark.parametrize("container", LOSSLESS)
def test_lossless_files_from_a_pipe_are_read_bit_for_bit(container: str) -> None:
    clip = read_audio(_lossless(container))
    np.testing.assert_array_equal(clip.samples, PCM / np.float32(2**15))
    assert (clip.sample_rate_hz, clip.lacks) == (RATE_HZ, ())


# Where the size of the sound stands: what is before it, bytes from there; how long it is, its order, what it counts besides.
SIZES = {
    "caf": (b"data", 4, 8, "big", 4),
    "w64": (b"data\xf3\xac", 16, 8, "little", 24),
    "au": (b".snd", 8, 4, "big", 0),
}


def _with_size(container: str, told_bytes: int) -> bytes:
    data = _lossless(container)
    mark, place, size, order, besides = SIZES[container]
    at = data.index(mark) + place
    told = told_bytes + besides if told_bytes > 0 else told_bytes
    field = (told % 2 ** (8 * size)).to_bytes(size, "big" if order == "big" else "little")
    return data[:at] + field + data[at + size :]


@pytest.mark.parametrize("container", SIZES)
@pytest.mark.parametrize("told_bytes", [0, -1])
def test_a_size_that_nobody_wrote(container: str, told_bytes: int) -> None:
    clip = read_audio(_with_size(container, told_bytes))
    np.testing.assert_array_equal(clip.samples, PCM / np.float32(2**15))
    assert clip.lacks == ()


@pytest.mark.parametrize("container", SIZES)
def test_a_size_that_is_larger_than_what_is_there(container: str) -> None:
    whole = _with_size(container, PCM.nbytes)
    clip = read_audio(whole[: len(whole) // 2])
    assert RATE_HZ // 2 - 1_100 < len(clip.samples) <= RATE_HZ // 2
    assert [lack.kind for lack in clip.lacks] == [LackKind.CUT_SHORT]


@pytest.mark.parametrize(
    ("container", "coding"), [("mp3", "libmp3lame"), ("mp2", "mp2"), ("ogg", "libvorbis"), ("ogg", "libopus")]
)
def test_coded_files_from_a_pipe_are_read_whole(container: str, coding: str) -> None:
    clip = read_audio(_written(container, "-c:a", coding))
    seconds = len(clip.samples) / clip.sample_rate_hz
    assert 0.999 <= seconds <= 1.1 and clip.lacks == ()
