"""The relay's encoder: what was uploaded is decoded in the sandbox, and comes to an end whatever it is."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import soundfile

from audio.encode import mp3
from audio.intake import Samples
from relay.core.refusal import Refusal
from relay.features.creations.encoding import (
    LOSSLESS_FILE,
    PREVIEW_FILE,
    TELL_EVERY_S,
    EncodeJob,
    Encoder,
    EncodingFault,
    Made,
)
from relay.features.creations.encoding_child import MAKING, _run
from sandbox.process import Part
from tests.support.deadlines import HANG_S
from tests.support.loops import loop_flac, short_flac
from tests.support.odd_files import noisy_sds
from tests.support.relay import running_relay
from tests.support.sandbox import in_force

LIMIT_S = HANG_S


async def test_the_decoder_that_runs_is_in_the_sandbox(tmp_path: Path) -> None:
    """Its upload is a pipe that nothing comes through, so that it can be looked at."""
    async with making(tmp_path) as (pipe, figures):
        status = Path(f"/proc/{await decoder()}/status").read_text()
        os.write(pipe, b"no audio")
        os.close(pipe)
        with pytest.raises(Refusal):  # and it could say so
            await figures
    assert ("Seccomp:\t2" in status, "NoNewPrivs:\t1" in status) == (Part.CALLS in in_force(), True)


@pytest.mark.parametrize(
    ("form", "subtype", "rate_hz", "channels"),
    [
        ("WAV", "FLOAT", 44_100, 1),
        ("AIFF", "PCM_16", 96_000, 2),
        ("OGG", "VORBIS", 48_000, 2),
        ("MP3", None, 22_050, 1),
        ("FLAC", "PCM_24", 8_000, 2),
    ],
)
async def test_what_is_sound_is_decoded_in_the_sandbox(
    tmp_path: Path, form: str, subtype: str, rate_hz: int, channels: int
) -> None:
    tone = 0.9 * np.sin(np.arange(rate_hz) * 0.1)[:, None].repeat(channels, axis=1)
    with (tmp_path / "upload").open("wb") as file:
        soundfile.write(file, tone, rate_hz, format=form, subtype=subtype)
    encoder = Encoder()
    try:
        made = await encoder.run(job_in(tmp_path))
    finally:
        await encoder.close()
    assert made.figures.card.sample_rate_hz == rate_hz and {p.name for p in tmp_path.iterdir()} == {
        "upload",
        PREVIEW_FILE,
        LOSSLESS_FILE,
    }


async def test_it_tells_what_share_of_the_music_is_encoded(tmp_path: Path) -> None:
    audio, _ = loop_flac(1, bpm=32.0)  # 30 s, in two parts
    (tmp_path / "upload").write_bytes(audio)
    encoder, told, began_s = Encoder(), list[float](), time.monotonic()
    try:
        await encoder.run(job_in(tmp_path), told.append)
    finally:
        await encoder.close()
    encoding = [each for each in told if MAKING[0] < each < MAKING[1]]
    assert told == sorted(set(told)) and encoding
    assert len(told) <= (time.monotonic() - began_s) / TELL_EVERY_S + 1


def test_it_never_says_that_more_is_done_than_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Held against the frames that the encoder has given back, by then."""
    audio, _ = loop_flac(2, sample_rate_hz=44_100, bpm=48.0)
    (tmp_path / "upload").write_bytes(audio)
    given_back: list[int] = []
    real, told = mp3._lame_stream, list[tuple[float, int, bool]]()

    def counted(samples: Samples, counted_frames: int, *of_encoder: Any) -> Any:  # any: as it is given
        encoded = real(samples, counted_frames, *of_encoder)
        given_back.append(counted_frames)
        return encoded

    def tell(share: float) -> None:
        told.append((share, sum(given_back), (tmp_path / LOSSLESS_FILE).exists()))

    monkeypatch.setattr(mp3, "_lame_stream", counted)
    with ThreadPoolExecutor(2) as pool:
        made = _run(job_in(tmp_path), pool, tell)
    assert isinstance(made, Made)
    frames = made.figures.card.mp3_frames
    shares = [share for share, _, _ in told]
    assert shares == sorted(shares) and shares[-1] == 1.0
    assert [is_there for share, _, is_there in told if share == 1.0] == [True]
    for share, encoded_frames, _ in told:
        of_making = (share - MAKING[0]) / (MAKING[1] - MAKING[0])
        if of_making <= 0.45:  # of the first of two encodes; see audio.level.levelling
            assert (of_making - 0.05) / 0.4 * frames <= encoded_frames + 1e-3
        else:
            assert encoded_frames >= frames


async def test_what_a_codec_prints_is_no_answer(tmp_path: Path) -> None:
    tone = (0.9 * np.sin(np.arange(44_100) * 0.1)).astype(np.float32)[:, None]
    (tmp_path / "upload").write_bytes(noisy_sds(tone, 50_000))
    encoder = Encoder()
    try:
        made = await encoder.run(job_in(tmp_path))
    finally:
        await encoder.close()
    assert (made.figures.card.frames, made.figures.card.sample_rate_hz) == (44_100, 50_000)


async def test_what_we_cannot_write_is_not_the_audios_fault(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "upload").write_bytes(short_flac(1000))
    (tmp_path / PREVIEW_FILE).mkdir()
    encoder = Encoder()
    try:
        with pytest.raises(EncodingFault, match="IsADirectoryError"):
            await encoder.run(job_in(tmp_path))
    finally:
        await encoder.close()
    assert "IsADirectoryError" in caplog.text


async def test_a_decoder_killed_by_others_is_asked_once_more(tmp_path: Path) -> None:
    async with making(tmp_path) as (pipe, figures):
        await killed(await decoder())
        await decoder()
        await asyncio.to_thread(os.write, pipe, short_flac(1000))
        os.close(pipe)
        assert (await figures).figures.card.frames == 1000
    async with making(tmp_path) as (_, figures):
        await killed(await decoder())
        await killed(await decoder())
        with pytest.raises(Refusal, match="within our limits"):
            await figures


@contextlib.asynccontextmanager
async def making(folder: Path) -> AsyncIterator[tuple[int, "asyncio.Task[Made]"]]:
    """A post being made of what comes through a pipe: its end to write to, and what will be."""
    upload = folder / "upload"
    upload.unlink(missing_ok=True)
    os.mkfifo(upload)
    encoder = Encoder()
    figures = asyncio.create_task(encoder.run(job_in(folder)))
    pipe = os.open(upload, os.O_RDWR)
    try:
        yield pipe, figures
    finally:
        with contextlib.suppress(OSError):  # closed by now
            os.close(pipe)
        figures.cancel()
        await encoder.close()


async def decoder() -> int:
    """The process below this one that reads its upload, once there is one."""
    async with asyncio.timeout(LIMIT_S):
        while True:
            for pid in descendants(os.getpid()):
                with contextlib.suppress(FileNotFoundError):  # it ends just now
                    if any(
                        file.readlink().name == "upload" for file in Path("/proc", str(pid), "fd").iterdir()
                    ):
                        return pid
            await asyncio.sleep(0.01)


def descendants(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError):
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            found += [int(child), *descendants(int(child))]
    return found


async def killed(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(LIMIT_S):
        while Path("/proc", str(pid)).exists():
            await asyncio.sleep(0.01)


def job_in(folder: Path) -> EncodeJob:
    return EncodeJob(
        folder=str(folder),
        upload_file="upload",
        title="",
        bpm=None,
        key=None,
        duration_bars=None,
        bar_frames=[],
        analyse=True,
    )


def test_the_health_page_says_what_stands(tmp_path: Path) -> None:
    with running_relay(tmp_path / "data") as relay:
        told = httpx.get(f"{relay.url}/health/ready", timeout=LIMIT_S, trust_env=False).json()
    assert (told["status"], set(told["decoder"])) == ("ready", in_force())
