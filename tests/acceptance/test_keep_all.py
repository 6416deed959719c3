"""All tracks at once: of one host to the frame, of several by transport; exported, mixed, discarded."""

import asyncio
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

import bridge.control as c
from daemon.cli.stage import RunningDaemon, RunningHost, Stage
from daemon.library.sidecars import read_take
from tests.acceptance.test_recovery import kill
from tests.acceptance.test_takes_desk import Shell
from tests.support.deadlines import HANG_S
from tests.support.hosts import until_heard
from tests.support.native import build
from tests.support.whole import BAR_FRAMES, BPM, marked_groove, read_wav, script, short_folder, write_wav

PLAYED_BARS = 9
STAGGER_FRAMES = 3_333


@pytest.fixture(scope="module", autouse=True)
def _native() -> None:
    build()


async def play(
    stage: Stage, daemon: RunningDaemon, name: str, *more: str, bars: int = PLAYED_BARS
) -> RunningHost:
    """Several plugins that hear the same, the later ones loaded later; the transport has stopped."""
    wav = stage.folder / "loop.wav"
    if not wav.exists():
        await asyncio.to_thread(write_wav, wav, marked_groove(PLAYED_BARS))
    lines = (f"tempo {BPM:g}", "meter 4 4", "start ppq 0", f"end {bars * BAR_FRAMES}")
    transport = await asyncio.to_thread(script, stage.folder, *lines)
    host = await stage.host(
        daemon.run,
        *("--script", str(transport), "--speed", "16", "--repeat", "0", "--hold", "--wait-attached", "10"),
        *("--host-name", name, *more, str(wav)),
        name=name,
    )
    await host.event("played")
    return host


async def keep_all(daemon: RunningDaemon, bars: int) -> c.OneSet:
    kept = await daemon.client.request(c.KeepAll(bars=bars))
    assert isinstance(kept, c.OneSet)
    return kept


@pytest.mark.parametrize(
    "blocks", [(), ("--random-blocks", "5"), ("--block", "64")], ids=["512", "random", "64"]
)
async def test_the_tracks_of_one_host_are_the_same_frames_whenever_each_was_loaded(
    blocks: tuple[str, ...],
) -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await play(stage, daemon, "one", "--instances", "4", "--stagger", str(STAGGER_FRAMES), *blocks)
            kept = await keep_all(daemon, 6)
            assert [each.clock for each in kept.takes] == ["frames"] * 4
            assert len({each.take.take_id for each in kept.takes}) == 4
            played = marked_groove(PLAYED_BARS)[3 * BAR_FRAMES : 9 * BAR_FRAMES]
            rows = [await asyncio.to_thread(read_take, Path(each.path)) for each in kept.takes]
            for row, each in zip(rows, kept.takes, strict=True):
                wav = await asyncio.to_thread(read_wav, Path(each.path) / "take.wav")
                assert np.array_equal(wav, played), "another frame than the first's"
                assert (row.cut.bars, row.cut.bar_frames) == (6, tuple(n * BAR_FRAMES for n in range(7)))
            firsts = sorted(row.cut.first_frame for row in rows)
            assert len(set(firsts)) == 4, "their own counts differ, or nothing is shown"


async def test_what_only_the_disk_still_has_is_the_same_frames_too() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            options = ("--instances", "3", "--stagger", str(STAGGER_FRAMES), "--speed", "1")
            await play(stage, daemon, "one", *options, "--history", str(1 << 18), bars=4)
            kept = await keep_all(daemon, 3)
            assert [each.clock for each in kept.takes] == ["frames"] * 3
            assert not any("silence" in each.take.note for each in kept.takes)
            played = marked_groove(PLAYED_BARS)[BAR_FRAMES : 4 * BAR_FRAMES]
            assert len(played) > 1 << 18, "or memory has it all"
            for each in kept.takes:
                wav = await asyncio.to_thread(read_wav, Path(each.path) / "take.wav")
                assert np.array_equal(wav, played)


async def test_two_hosts_are_one_set_by_their_transports_and_it_can_be_taken_along() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            one = await play(stage, daemon, "one", "--instances", "3")
            await play(stage, daemon, "two", "--no-transport")
            await until_heard(daemon, PLAYED_BARS * BAR_FRAMES, count=4)
            await one.command("track Lead")
            shell = Shell(daemon)
            kept = await shell.json("keep", "--all", "--bars", "4", "--title", "Night")
            assert kept["note"].endswith("The hosts are aligned by their own transports only.")
            by_host = {(each["take"]["host_name"], each["clock"]) for each in kept["takes"]}
            assert by_host in (
                {("one", "frames"), ("two", "time")},
                {("two", "frames"), ("one", "transport")},
            ), by_host
            listed = await shell.json("sets")
            assert [(one["set_id"], one["takes"]) for one in listed["sets"]] == [(kept["set"]["set_id"], 4)]

            out = folder / "out"
            written = await shell.json("sets", "export", "last", str(out))
            told = json.loads((Path(written["path"]) / "set.json").read_text())
            assert {path.name for path in Path(written["path"]).iterdir()} == {
                "set.json",
                *(track["file"] for track in told["tracks"]),
            }
            assert (told["format"], len(told["tracks"])) == ("sidechain-set/1", 4)
            for track, each in zip(told["tracks"], kept["takes"], strict=True):
                info = soundfile.info(Path(written["path"]) / track["file"])
                assert (info.frames, track["name"]) == (track["frames"], each["take"]["name"])
            archive = await shell.json("sets", "export", "last", str(out), "--zip", "--wav", "pcm24")
            with zipfile.ZipFile(archive["path"]) as read:
                assert read.testzip() is None and len(read.namelist()) == 5
            again = await shell.json("sets", "export", "last", str(out))
            assert again["path"] == f"{written['path']} (2)", "nothing is written over"

            assert (await shell.json("sets", "discard", "last"))["set"]["takes"] == 4
            assert not (await shell.json("sets"))["sets"] and not (await shell.json("takes", "list"))["takes"]
            for _ in range(4):
                await shell.json("takes", "restore")
            assert [one["takes"] for one in (await shell.json("sets"))["sets"]] == [4]


async def test_a_project_that_was_closed_is_one_set_from_the_command_line() -> None:
    """Two hosts of one name: each is a host of its own."""
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            one = await play(stage, daemon, "one", "--instances", "2", "--stagger", str(STAGGER_FRAMES))
            two = await play(stage, daemon, "two", "--host-name", "one")
            await until_heard(daemon, PLAYED_BARS * BAR_FRAMES - STAGGER_FRAMES, count=3)
            for host in (one, two):
                await host.command("quit")
                await host.process.wait()
            await kill(daemon)
            daemon = await stage.daemon("a")  # which knows no plugin
            async with asyncio.timeout(HANG_S):
                while len((await daemon.client.request(c.GetRecovery())).stretches) < 3:  # type: ignore[union-attr]
                    await asyncio.sleep(0.02)
            kept = await Shell(daemon).json("keep", "--all", "--bars", "2", "--title", "Night")
            assert [each["take"]["bars"] for each in kept["takes"]] == [2, 2, 2]
            clocks = [each["clock"] for each in kept["takes"]]
            assert clocks in (["frames", "frames", "transport"], ["frames", "transport", "transport"]), clocks
            assert "was closed" in kept["note"] and "by their own transports" in kept["note"]


async def test_who_was_loaded_late_is_silent_where_it_was_not_there_and_a_mix_is_the_sum() -> None:
    with short_folder() as folder:
        async with Stage(folder) as stage:
            daemon = await stage.daemon("a")
            await play(stage, daemon, "one", "--instances", "3", "--stagger", str(BAR_FRAMES * 2))
            kept = await keep_all(daemon, 8)
            # The second was loaded two bars late, the third four: their beginning is silence, the rest in place.
            sounds = [await asyncio.to_thread(read_wav, Path(each.path) / "take.wav") for each in kept.takes]
            played = marked_groove(PLAYED_BARS)[BAR_FRAMES:]
            by_start = sorted(sounds, key=lambda sound: int(np.flatnonzero(np.abs(sound).any(axis=1))[0]))
            assert np.array_equal(by_start[0], played)
            for sound in by_start[1:]:
                start = int(np.flatnonzero(np.abs(sound).any(axis=1))[0])
                assert start > 0 and np.array_equal(sound[start:], played[start:])
            notes = [each.take.note for each in kept.takes]
            assert sum("were not there, and are silence" in note for note in notes) == 2, notes
            mixed = await daemon.client.request(c.MixSet(set_id="last", title="Rough"))
            assert isinstance(mixed, c.OneTake) and mixed.take.bars == 8
            mix = await asyncio.to_thread(read_wav, Path(mixed.path) / "take.wav")
            assert np.allclose(mix, np.sum(sounds, axis=0, dtype=np.float64), atol=1e-6)
            async with asyncio.timeout(HANG_S):
                events = daemon.client.events()
                await daemon.client.request(c.Subscribe())
                while True:
                    shown = await daemon.client.request(c.ShowTake(take_id=mixed.take.take_id))
                    assert isinstance(shown, c.OneTake)
                    if shown.take.state == "ready":
                        break
                    await anext(events)
