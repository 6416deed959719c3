"""Files that people name: what is audio is read, what is not is refused with a sentence, whatever it is."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio.read.clip import MAX_FILE_BYTES
from daemon.cli.files import process
from daemon.cli.source import read_clip
from daemon.errors import BadAudio, SidechainError
from tests.support.tones import soft_noise

RATE_HZ = 48_000
SOUND = soft_noise(4_800)


def written(path: Path, samples: np.ndarray = SOUND, rate_hz: int = RATE_HZ, **options: str) -> Path:
    soundfile.write(path, samples, rate_hz, **options)
    return path


@pytest.mark.parametrize("ending", ["wav", "aiff", "flac", "mp3", "ogg"])
def test_each_format_is_read_whole(tmp_path: Path, ending: str) -> None:
    clip = read_clip(written(tmp_path / f"a.{ending}"))
    assert (clip.samples.shape, clip.sample_rate_hz, clip.ends_early) == (SOUND.shape, RATE_HZ, False)


@pytest.mark.parametrize("ending", ["wav", "aiff"])
def test_what_a_broken_copy_left_is_read_and_told(tmp_path: Path, ending: str) -> None:
    path = written(tmp_path / f"a.{ending}")
    path.write_bytes(path.read_bytes()[:10_000])
    clip = read_clip(path)
    assert clip.ends_early and 0 < len(clip.samples) < len(SOUND)


@pytest.mark.parametrize("coding", ["VORBIS", "OPUS"])
def test_an_ogg_file_without_its_last_page_or_a_byte_of_it_is_told(tmp_path: Path, coding: str) -> None:
    path = written(tmp_path / "a.ogg", soft_noise(RATE_HZ), subtype=coding)
    data = path.read_bytes()
    last = data.rindex(b"OggS")
    for end in (len(data) - 1, last + 20, last + 2, last, last - 1):
        path.write_bytes(data[:end])
        clip = read_clip(path)
        assert clip.ends_early and 0 < len(clip.samples) < RATE_HZ
    path.write_bytes(data + b"TAG".ljust(128))  # what follows the last page is no part of it
    assert not read_clip(path).ends_early


def test_a_stream_of_unknown_length_is_not_cut_short(tmp_path: Path) -> None:
    path = written(tmp_path / "a.wav")
    data = bytearray(path.read_bytes())
    data[4:8] = b"\xff\xff\xff\xff"
    path.write_bytes(data)
    assert not read_clip(path).ends_early


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("missing", "No such file" if sys.platform != "win32" else "a.wav cannot be read: .*Check the path"),
        ("folder", "is no file"),
        *([] if sys.platform == "win32" else [("pipe", "is no file")]),
        ("empty", "is empty"),
        ("text", "cannot be read as audio"),
        ("header", "cannot be read as audio"),
        ("no frames", "no audio in it"),
        ("nine channels", "9 channels"),
        ("slow", "4000 Hz"),
        ("long", "longer than 900 seconds"),
        ("huge", "larger than"),
    ],
)
def test_what_is_no_audio_is_a_sentence(tmp_path: Path, kind: str, says: str) -> None:
    path = tmp_path / "a.wav"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "text":
            path.write_text("hello " * 1000)
        case "header":
            written(path)
            path.write_bytes(path.read_bytes()[:30])
        case "no frames":
            written(path, SOUND[:0])
        case "nine channels":
            written(path, np.zeros((100, 9)))
        case "slow":
            written(path, rate_hz=4_000)
        case "long":
            written(path, np.zeros(8_000 * 901, np.int16), 8_000, format="FLAC")
        case "huge":
            written(path)
            os.truncate(path, MAX_FILE_BYTES + 1)  # sparse: nothing of it is on the disk
    with pytest.raises(BadAudio, match=says) as refused:
        read_clip(path)
    assert refused.value.exit_code == 8


def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIDECHAIN_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("SIDECHAIN_DATA_DIR", str(tmp_path / "data"))
    source = written(tmp_path / "a.wav")
    with pytest.raises(SidechainError, match="not a folder"):
        process([source], out=source, title="", bpm=None, key=None, limiter=False, no_cache=True, force=False)
