"""The History as a person meets it: a real host, a real daemon, the command line; what is kept is the bits that were played."""

import asyncio
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage
from tests.acceptance.test_recovery import is_played, until_on_disk
from tests.acceptance.test_whole_path import PLAYED_BARS, play
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, read_wav, short_folder


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
