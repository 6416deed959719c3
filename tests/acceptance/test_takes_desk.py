"""What a person does with takes on the command line: named, found, tagged, exported, linked, discarded, restored."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

import bridge.control as c
from daemon.cli.stage import RunningDaemon, Stage, until
from tests.acceptance.test_whole_path import play
from tests.support.deadlines import HANG_S
from tests.support.whole import short_folder


class Shell:
    def __init__(self, daemon: RunningDaemon) -> None:
        self._env = os.environ | {
            "SIDECHAIN_RUN_DIR": str(daemon.run),
            "SIDECHAIN_CONFIG": str(daemon.run / "none"),
        }

    async def run(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "daemon", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=self._env,
        )
        async with asyncio.timeout(HANG_S):
            out, _ = await process.communicate()
        return process.returncode or 0, out.decode()

    async def json(self, *arguments: str) -> dict[str, Any]:
        code, out = await self.run(*arguments, "--json")
        assert code == 0, out
        return dict(json.loads(out))


async def test_takes_are_named_found_exported_linked_discarded_and_restored() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            linked, samples = folder / "Sidechain", folder / "samples"
            daemon = await stage.daemon("a", linked_folder=str(linked))
            shell = Shell(daemon)
            host = await play(stage, daemon)
            await host.command("track Lead")
            await until_on_track(daemon, "Lead")
            kept = (await shell.json("keep", "--bars", "2"))["take"]
            name = kept["name"]
            assert kept["title"] == "" and name.startswith("Lead · 128 BPM · ") and name[-3] == ":"
            assert f"“{name}”" in (await shell.run("takes", "show", "last"))[1]

            await shell.json("takes", "tag", "last", "dark", "verse")
            found = await shell.json("takes", "list", "--search", "DARK lead 128")
            assert [(t["name"], t["tags"]) for t in found["takes"]] == [(name, ["dark", "verse"])]
            assert not (await shell.json("takes", "list", "--search", "nowhere"))["takes"]

            where = Path((await shell.json("takes", "path"))["path"])
            stem = name.replace(":", ".")
            first = await shell.json("takes", "export", "last", f"{samples}/")
            again = await shell.json("takes", "export", "last", str(samples))
            assert first["path"] == again["path"] == str(samples / f"{stem}.wav"), (
                "the same file is not written twice"
            )
            assert Path(first["path"]).read_bytes() == where.read_bytes()
            small = await shell.json("takes", "export", "last", str(samples), "--wav", "pcm24")
            assert small["path"] == str(samples / f"{stem} (2).wav"), "and nothing is written over"
            assert soundfile.info(small["path"]).subtype == "PCM_24"
            of_24, _ = soundfile.read(small["path"])
            as_played, _ = soundfile.read(where)
            assert np.abs(of_24 - as_played).max() <= 2**-24

            assert [path.name for path in linked.iterdir()] == [f"{stem}.wav"]
            await shell.json("takes", "rename", "last", "Night: one")
            await until_links(daemon, linked, {"Night. one.wav"})
            assert "restore" in (await shell.run("takes", "discard", "last"))[1]
            await until_links(daemon, linked, set())
            assert not (await shell.json("takes", "list"))["takes"]
            assert len((await shell.json("takes", "list", "--discarded"))["takes"]) == 1
            assert (await shell.json("takes", "restore"))["take"]["name"] == "Night: one"
            await until_links(daemon, linked, {"Night. one.wav"})
            assert (linked / "Night. one.wav").resolve() == where.resolve()


async def until_on_track(daemon: RunningDaemon, track: str) -> None:
    events = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while True:
        listed = await daemon.client.request(c.ListInstances())
        assert isinstance(listed, c.InstanceList)
        if [one.track_name for one in listed.instances] == [track]:
            return
        await until(events, c.StateChanged)


async def until_links(daemon: RunningDaemon, folder: Path, names: set[str]) -> None:
    async with asyncio.timeout(HANG_S):
        while {path.name for path in folder.iterdir()} != names:
            await daemon.client.request(c.GetStatus())
