"""The worker that decodes previews: in the sandbox, and of the same use there."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import pytest
import soundfile

from audio.fit import fitted_frames
from daemon.errors import BadAudio
from daemon.events import Bus, PostChanged, PostRemoved
from daemon.features.previews.preview_files import PreviewFiles, worker_command
from daemon.features.previews.preview_worker import FitJob, Fitted, FromPreviewWorker, Unfit
from daemon.identity.account import Account
from daemon.system.children import Child
from sandbox.process import Part
from tests.support.deadlines import HANG_S
from tests.support.odd_files import noisy_sds
from tests.support.posts import post
from tests.support.sandbox import in_force

LIMIT_S = HANG_S
RATE_HZ = 44_100
TONE = (0.5 * np.sin(np.arange(RATE_HZ) * 0.05)).astype(np.float32)[:, None].repeat(2, axis=1)


def sound(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, TONE, RATE_HZ, subtype="FLOAT" if path.suffix == ".wav" else None)
    return path


@pytest.fixture
async def files(tmp_path: Path) -> AsyncIterator[PreviewFiles]:
    # Nothing is fetched here, so the account is not asked.
    made = PreviewFiles(tmp_path / "previews", tmp_path / "takes", 1 << 28, cast(Account, None), Bus())
    (tmp_path / "takes").mkdir()
    yield made
    await made.close()


async def test_nothing_of_a_post_that_was_removed_stays(tmp_path: Path) -> None:
    bus = Bus()
    files = PreviewFiles(tmp_path / "previews", tmp_path / "takes", 1 << 28, cast(Account, None), bus)
    (tmp_path / "takes").mkdir()
    gone, stays = post(1), post(2)
    try:
        async with asyncio.timeout(LIMIT_S):
            for each in (gone, stays):
                for rate_hz in (48_000, 96_000):
                    fit = await files.fit(sound(files._source(each)), rate_hz, 2, 1.0)
                    while not fit.settled:
                        await fit.news().wait()
                    fit.close()
            assert len(list((tmp_path / "previews").iterdir())) == 6
            bus.tell(PostRemoved(post_id=gone.id))
            await asyncio.gather(*files._tasks)
            bus.tell(PostChanged(post=stays))
            await asyncio.gather(*files._tasks)
    finally:
        await files.close()
    left = {each.name for each in (tmp_path / "previews").iterdir()}
    assert len(left) == 3 and files._source(stays).name in left


async def test_nothing_of_a_sound_that_was_replaced_stays(tmp_path: Path, files: PreviewFiles) -> None:
    bus = Bus()
    files = PreviewFiles(tmp_path / "previews", tmp_path / "takes", 1 << 28, cast(Account, None), bus)
    was, other = post(1), post(2)
    now = msgspec.structs.replace(was, audio_url="https://relay.example/mp3?v=2")
    for each in (was, now, other):
        sound(files._source(each))
    bus.tell(PostChanged(post=now))
    await asyncio.gather(*files._tasks)
    await files.close()
    left = {each.name for each in (tmp_path / "previews").iterdir()}
    assert left == {files._source(each).name for each in (now, other)}


@pytest.mark.parametrize("name", ["previews/post.mp3", "previews/post.flac", "takes/take.wav"])
@pytest.mark.parametrize(("rate_hz", "speed"), [(RATE_HZ, 1.0), (48_000, 1.0), (96_000, 1.3)])
async def test_what_is_sound_is_fitted_in_the_sandbox(
    tmp_path: Path, files: PreviewFiles, name: str, rate_hz: int, speed: float
) -> None:
    source = sound(tmp_path / name)
    async with asyncio.timeout(LIMIT_S):
        fit = await files.fit(source, rate_hz, 2, speed)
        while not fit.settled:
            await fit.news().wait()
        assert (fit.failed, fit.frames) == (None, fitted_frames(RATE_HZ, RATE_HZ, rate_hz, speed))
        assert np.abs(np.frombuffer(fit.read(0, fit.frames), np.float32)).max() > 0.4
        fit.close()


async def test_what_a_codec_prints_is_no_answer(tmp_path: Path, files: PreviewFiles) -> None:
    source = tmp_path / "takes" / "take.sds"
    source.write_bytes(noisy_sds(TONE[:, :1], 50_000))
    async with asyncio.timeout(LIMIT_S):
        fit = await files.fit(source, 50_000, 2, 1.0)
        while not fit.settled:
            await fit.news().wait()
        assert (fit.failed, fit.frames) == (None, RATE_HZ)
        fit.close()


async def test_a_file_elsewhere_is_not_even_read(tmp_path: Path, files: PreviewFiles) -> None:
    if Part.FILES not in in_force():
        pytest.skip("this kernel has no landlock")
    secret = sound(tmp_path / "elsewhere" / "secret.wav")
    async with asyncio.timeout(LIMIT_S):
        with pytest.raises(BadAudio, match="Permission denied"):
            await files.fit(secret, RATE_HZ, 2, 1.0)
        with pytest.raises(BadAudio, match=r"damaged|read as audio|no audio"):
            (tmp_path / "previews" / "noise.mp3").write_bytes(struct.pack("<4096H", *range(4096)))
            await files.fit(tmp_path / "previews" / "noise.mp3", RATE_HZ, 2, 1.0)
        (await files.fit(sound(tmp_path / "takes" / "take.wav"), RATE_HZ, 2, 1.0)).close()


async def test_the_worker_is_in_the_sandbox_before_its_first_job(tmp_path: Path) -> None:
    for name in ("previews", "takes"):
        (tmp_path / name).mkdir()
    answers: msgspec.msgpack.Decoder[FromPreviewWorker] = msgspec.msgpack.Decoder(FromPreviewWorker)
    command = worker_command(tmp_path / "previews", tmp_path / "takes")
    child = Child(lambda: command, answers, max_answer_bytes=4096)
    job = FitJob(
        source=str(tmp_path / "previews" / "none"),
        target=str(tmp_path / "previews" / "t"),
        sample_rate_hz=RATE_HZ,
        channels=2,
        speed=1.0,
    )
    try:
        async with child.conversation(LIMIT_S) as worker:
            await worker.say(job)
            assert isinstance(await worker.hear(), Unfit | Fitted)
            assert child._process is not None
            status = Path(f"/proc/{child._process.pid}/status").read_text()
    finally:
        await child.stop()
    assert ("Seccomp:\t2" in status, "NoNewPrivs:\t1" in status) == (Part.CALLS in in_force(), True)
