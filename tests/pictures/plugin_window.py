"""Pictures of the plugin's window for the documentation, drawn by the plugin itself with something in it: a relay with a few
people's loops, a daemon, a host that has played, and a window on an X server without a screen.

    python -m tests.pictures.plugin_window FOLDER

writes plugin-window.png (the feed), plugin-history.png and plugin-takes.png, at twice the size in points, and one of each other state
beside the build, where the tests leave theirs, to be looked at.
Each is drawn when what it shows is there: told by the daemon's events, and seen in the window. About a minute.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import bridge.control as c
from daemon.cli.groove import groove
from daemon.cli.stage import RunningDaemon, Stage
from relay.wire.events import Presence
from tests.acceptance.test_plugin_history import BAR, BPM, RAISED, RATE_HZ, WAVE, play_to_the_disk
from tests.support.clap import LINK, ClapHost, begin_clap, made_for_tests
from tests.support.deadlines import HANG_S
from tests.support.hosts import Stretch, until_heard
from tests.support.loops import loop_flac
from tests.support.plugin_window import WindowOf
from tests.support.relay import RelayClient
from tests.support.screen import (
    GREEN,
    GROUND,
    PANEL,
    WARM,
    Pixels,
    Screen,
    count,
    keep_png,
    write_png,
    x_server,
)
from tests.support.whole import short_folder

WIDTH, HEIGHT, SCALE = 760, 600, 2
DOCUMENTED = ("window", "history", "takes")
BARS, LOST_BARS = 25, 8
WAVE_DIM = (0x62, 0x6A, 0x77)  # of a take
LEVELS = (0.5, 0.5, 0.75, 0.75, 1.0, 1.0, 1.0, 0.3)  # of the bars of a phrase
LOOPS = (  # who, title, bpm, key; the oldest first
    ("tobi", "Rain on tin (take 3)", 92.5, "Dm"),
    ("mira.k", "Kellerlicht ♪", 122.0, "Gm"),
    ("lena", "Half past four", 140.0, "Am"),
    ("tobi", "Copper", 92.5, None),
    ("mira.k", "Last train", 128.0, "F#m"),
)
LIKED = {"Last train": ("tobi", "lena"), "Half past four": ("mira.k",), "Copper": ("lena", "mira.k")}
REACTED = {"Last train": "🔥🎵", "Copper": "💯", "Half past four": "🚀"}


def played() -> NDArray[np.float32]:
    """Some minutes of a sketch, quieter and louder, (frames, 2)."""
    level = np.repeat([LEVELS[bar % len(LEVELS)] for bar in range(BARS)], BAR)[:, None]
    sound = groove(BPM, BARS, RATE_HZ)[: len(level)]
    return np.asarray(1.6 * sound * level[: len(sound)], dtype=np.float32)


@contextlib.contextmanager
def people(url: str) -> Iterator[dict[str, RelayClient]]:
    """Who posts, signed in, by name."""
    with contextlib.ExitStack() as stack:
        known = {}
        for name in dict.fromkeys(who for who, *_ in LOOPS):
            known[name] = stack.enter_context(contextlib.closing(RelayClient(url)))
            known[name].sign_in(name)
        yield known


def publish_all(known: dict[str, RelayClient]) -> None:
    """Their loops, and what they think of each other's."""
    for seed, (who, title, bpm, key) in enumerate(LOOPS):
        sound = loop_flac(seed + 3, bpm=bpm)[0]
        post = known[who].post(sound, title=title, bpm=bpm, key=key, duration_bars=4)
        for fan in LIKED.get(title, ()):
            known[fan].http.post("/social/like", json={"post_id": post.id}).raise_for_status()
        for emoji in REACTED.get(title, ""):
            known["lena"].http.post(
                "/social/react", json={"post_id": post.id, "emoji": emoji}
            ).raise_for_status()


async def keep_some(daemon: RunningDaemon) -> None:
    """Takes, with and without a name; all of their files made."""
    for first, end, title in ((4, 8, "Verse, first try"), (12, 14, ""), (16, 24, "Night bus")):
        await daemon.client.request(c.KeepTake(first_frame=first * BAR, end_frame=end * BAR, title=title))
    takes = await listed(daemon)
    await daemon.client.request(c.TagTake(take_id=takes[0].take_id, add=["night", "loop"]))
    told = daemon.client.events()
    await daemon.client.request(c.Subscribe())
    while not all(take.state == "ready" for take in await listed(daemon)):
        await anext(told)


async def listed(daemon: RunningDaemon) -> list[c.TakeInfo]:
    """The newest first."""
    told = await daemon.client.request(c.ListTakes())
    assert isinstance(told, c.TakeList)
    return told.takes


async def go_down(stage: Stage, daemon: RunningDaemon) -> None:
    """A host that plays a while, and is killed: what it left is to be recovered."""
    async with begin_clap(stage, host=made_for_tests("clap_host_window"), daemon=daemon) as other:
        await other.host.open()
        await other.host.do("track Bass sketch")
        sound = played()[: LOST_BARS * BAR]
        await other.host.play(Stretch(frames=len(sound), bpm=BPM), sound=sound)
        await until_heard(daemon, len(sound))
        told = daemon.client.events()
        await daemon.client.request(c.Subscribe())
        other.host.process.kill()
        await other.host.process.wait()
        while not (await daemon.client.request(c.GetRecovery())).stretches:  # type: ignore[union-attr]
            await anext(told)


async def drawn(folder: Path) -> list[Path]:
    """The files, written."""
    with short_folder() as place:
        async with Stage(place) as stage, x_server(place, WIDTH * SCALE + 80, HEIGHT * SCALE + 80) as screen:
            os.environ["DISPLAY"] = screen.display  # for the host, which is a process of its own
            _, url = await stage.relay()
            with people(url) as known:
                await asyncio.to_thread(publish_all, known)
                daemon = await stage.daemon("a", url)
                await daemon.client.request(c.ClaimDevice(username="nightowl"))
                for name in known:
                    await daemon.client.request(c.FollowUser(username=name))
                await go_down(stage, daemon)
                host_program = made_for_tests("clap_host_window")
                async with begin_clap(stage, host=host_program, daemon=daemon) as beside:
                    await beside.host.open()
                    await beside.host.do("track Lead")
                    paths = await states(Scene(daemon, beside.host, screen, folder), known)
                    await beside.host.do("close")
    return paths


def written(pixels: Pixels) -> int:
    """How much of it is words, and not the ground they stand on."""
    return int((np.abs(pixels.astype(int) - GROUND).max(axis=-1) > 40).sum())


class Scene:
    """A host's window, which is drawn state by state into a folder."""

    def __init__(self, daemon: RunningDaemon, host: ClapHost, screen: Screen, folder: Path) -> None:
        self.daemon, self.host, self.screen, self.folder = daemon, host, screen, folder
        self.window = WindowOf(host.do, "picture", screen)
        self.paths: list[Path] = []

    async def shown(self, name: str, *, pointing: str = "head") -> None:
        """What the window shows once nothing in it moves any more, the pointer there; "": where it is."""
        window = self.window
        if pointing:
            await window.point(pointing)
        before = await window.seen()
        async with asyncio.timeout(HANG_S):
            while not np.array_equal(before, now := await window.seen()):
                before = now
        file = f"plugin-{name}"
        documented = name in DOCUMENTED
        self.paths.append(
            write_png(before, self.folder / f"{file}.png") if documented else keep_png(before, file)
        )

    async def until(self, part: str, colour: tuple[int, int, int], most: int, what: str) -> None:
        """Until so much of a part of the window has that colour."""
        window = self.window
        await window.until(lambda p: count(window.part(p, part), colour, 10) > most, what)


async def states(scene: Scene, known: dict[str, RelayClient]) -> list[Path]:
    """A picture of each state of each tab."""
    await scene.window.open(WIDTH, HEIGHT, SCALE)
    await scene.window.press("tab_takes")
    await scene.window.until(lambda p: written(scene.window.part(p, "list")) > 2_500, "that there are none")
    await scene.shown("takes-empty")
    await play_to_the_disk(scene.daemon, scene.host, played())
    await scene.host.until_text(LINK, "Ready")
    await feed(scene, known)
    await keep_some(scene.daemon)
    await history(scene)
    await takes(scene)
    return scene.paths


async def feed(scene: Scene, known: dict[str, RelayClient]) -> None:
    """With two friends in the studio."""
    window = scene.window
    with contextlib.ExitStack() as studios:
        for name in ("mira.k", "tobi"):
            live = studios.enter_context(contextlib.closing(await asyncio.to_thread(known[name].socket)))
            live.send(Presence(status="producing", daw="Bitwig", bpm=BPM))
        await window.press("tab_feed")
        await scene.until("row", PANEL, 80_000, "a row of the feed")
        # Two names are longer than one, which comes first.
        await window.until(lambda p: lit_width(window.part(p, "tools"), GREEN) > 400, "who produces")
        await scene.shown("window")


def lit_width(pixels: Pixels, colour: tuple[int, int, int]) -> int:
    """From the first column of that colour to the last."""
    columns = np.flatnonzero((np.abs(pixels.astype(int) - colour).max(axis=-1) < 8).any(axis=0))
    return int(columns[-1] - columns[0]) if len(columns) else 0


async def history(scene: Scene) -> None:
    window = scene.window
    await window.press("tab_history")
    await window.wheel("past", 2)
    await scene.until("past", WAVE, 20_000, "what was played")
    await window.sweep("past", 0.31, 0.57)
    await scene.until("past", WARM, 2_000, "what is chosen")
    await scene.shown("history")
    for _ in range(6):
        await window.key("minus")
    await scene.shown("history-whole")
    await window.press("whose")
    await scene.shown("history-menu")
    await window.sweep("whose", 0.5, up=3.3)  # the second line, beneath its button
    await scene.until("past", WAVE, 20_000, "what the other played")
    await window.sweep("past", 0.30, 0.60)
    await scene.until("past", WARM, 2_000, "what is chosen of it")
    await scene.shown("history-recovered")


async def takes(scene: Scene) -> None:
    window = scene.window
    await window.press("tab_takes")
    for wave in ("take_wave", "second_take"):
        await scene.until(wave, WAVE_DIM, 2_000, "a take's waveform")
    await scene.shown("takes")
    await window.drag("take_wave", (WIDTH * SCALE + 40, HEIGHT))
    await scene.shown("takes-drag", pointing="")
    await window.key("Escape")
    await window.let_go()
    await window.press("search")
    await window.type("night 104")
    await window.until(lambda p: rows(window, p) == [True, False], "the one that is found")
    await scene.shown("takes-search")
    await window.type(" brass")
    await window.until(lambda p: rows(window, p) == [False, False], "that nothing is found")
    await scene.shown("takes-nothing-found")
    await window.key("Escape")
    await window.until(lambda p: rows(window, p) == [True, True], "all again")
    await takes_in_trouble(scene)


def rows(window: WindowOf, seen: Pixels) -> list[bool]:
    """Whether there is a take in the first and in the second row."""
    return [count(window.part(seen, name), PANEL) > 40_000 for name in ("take", "second_take")]


async def takes_in_trouble(scene: Scene) -> None:
    """The sound of one cannot be read; then nobody answers any more."""
    window = scene.window
    (newest, *_) = await listed(scene.daemon)
    for file in (scene.daemon.data / "takes" / newest.take_id).iterdir():
        file.unlink()
    await window.press("take_play")
    await window.until(lambda p: count(p[-60 * SCALE :], RAISED) > 10_000, "that it cannot be heard")
    await scene.shown("takes-error")
    scene.daemon.process.kill()
    await scene.daemon.process.wait()
    await scene.host.until_text(LINK, "No daemon")
    await scene.shown("takes-alone")


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in asyncio.run(drawn(folder)):
        print(path)


if __name__ == "__main__":
    main()
