"""The History as a person meets it: a real host, a real daemon, the command line; what is kept is the bits that were played."""

import asyncio
import contextlib
import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.acceptance.test_recovery import is_played, until_on_disk
from tests.acceptance.test_whole_path import PLAYED_BARS, play
from tests.support.clap import begin_clap
from tests.support.hosts import Stretch, newest_ring
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, read_wav, short_folder

SPANS = int(os.environ.get("SIDECHAIN_SPANS", "1000" if "SIDECHAIN_SOAK" in os.environ else "60"))
SEED = int(os.environ.get("SIDECHAIN_SEED", "20261130"))
ROUNDS = 10


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def sidechain(daemon: RunningDaemon, *arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "daemon",
        *arguments,
        env=os.environ | {"SIDECHAIN_RUN_DIR": str(daemon.run), "SIDECHAIN_CONFIG": str(daemon.run / "none")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def test_what_was_played_is_listed_heard_and_kept_from_the_command_line() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await play(stage, daemon)
            await until_on_disk(daemon, PLAYED_BARS * BAR_FRAMES)
            code, said = await sidechain(daemon, "history")
            assert (
                code == 0
                and "sidechain-play" in said
                and "loaded" in said
                and "128.0" in said
                and "reach:" in said
            )
            code, said = await sidechain(daemon, "history", "--json")
            (one,) = json.loads(said)["heard"]
            assert code == 0 and one["bars"] == 9 and one["state"] == "live"

            code, said = await sidechain(daemon, "history", "play", "--bars", "4", "--path")
            assert code == 0 and is_played(await asyncio.to_thread(read_wav, Path(said.strip())), 5, 4)
            code, said = await sidechain(daemon, "keep", "--whole", "--json")
            whole = json.loads(said)
            assert code == 0 and is_played(await _sound(whole), 0, 9)
            code, said = await sidechain(daemon, "keep", "--from", "5:00", "--json")
            assert code == 0 and json.loads(said)["take"]["bars"] == 9

            code, said = await sidechain(daemon, "keep", "--bars", "2", "--ago", "1:00:00")
            assert code != 0 and "is in reach" in said
            code, said = await sidechain(daemon, "keep", "--bars", "2", "--from", "3:00")
            assert code == 2 and "--from" in said
            code, said = await sidechain(daemon, "keep", "--ago", "soon")
            assert code == 2 and "'soon' is no time" in said


async def _sound(kept: dict[str, str]) -> np.ndarray:  # type: ignore[type-arg]
    sound = await asyncio.to_thread(read_wav, Path(kept["path"]) / "take.wav")
    return sound[: PLAYED_BARS * BAR_FRAMES]


async def test_a_picture_of_a_loaded_plugin_is_given_by_the_control_socket() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await play(stage, daemon, bars=4)
            heard = await daemon.client.request(c.ListInstances())
            assert isinstance(heard, c.InstanceList)
            picture = await daemon.client.request(
                c.GetPeaks(
                    instance=heard.instances[0].instance, first_frame=0, end_frame=4 * BAR_FRAMES, columns=200
                )
            )
            assert isinstance(picture, c.PeaksAre)
            assert len(picture.peaks) == 800 and any(picture.peaks) and not any(picture.holes)


async def test_spans_across_the_seam_are_the_bits_that_went_through_the_plugin() -> None:
    """Of the CLAP in its host, at random: from what memory has lost into what it holds; the seam moves as it plays on."""
    chance, rate_hz, checked = random.Random(SEED), 48_000, 0
    played = np.random.default_rng(SEED).random((70 * rate_hz, 2), np.float32) - np.float32(0.5)
    async with contextlib.AsyncExitStack() as stack:
        stage = await stack.enter_async_context(Stage(stack.enter_context(short_folder())))
        host, daemon = await stack.enter_async_context(begin_clap(stage))
        await host.open()
        done = 50 * rate_hz
        await host.play(Stretch(frames=done, bpm=128.0), sound=played[:done])
        for _ in range(ROUNDS):
            await until_on_disk(daemon, done)
            ring = newest_ring(daemon)
            seam, generation = ring.readable().start, ring.header.generation
            ring.close()
            assert 0 < seam < done
            for _ in range(SPANS // ROUNDS):
                first, end = seam - chance.randrange(3 * rate_hz), seam + chance.randrange(1, 3 * rate_hz)
                ask = c.CopyHistory(generation=generation, first_frame=first, end_frame=end, snap=False)
                heard = await daemon.client.request(ask)
                assert isinstance(heard, c.HistorySound) and heard.frames == end - first
                sound = await asyncio.to_thread(read_wav, Path(heard.path))
                assert np.array_equal(sound.view(np.uint32), played[first:end].view(np.uint32))
                checked += 1
            more = played[done : done + rate_hz]
            await host.play(Stretch(frames=rate_hz, bpm=128.0, start_ppq=done / 22_500), sound=more)
            done += rate_hz
    print(f"\nspans={checked} seed={SEED}")
    assert checked == SPANS // ROUNDS * ROUNDS
