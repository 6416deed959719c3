"""Pictures of the plugin's window for the documentation, drawn by the plugin itself with something in it: a relay with a few
people's loops, a daemon, a host that has played, and a window on an X server without a screen.

    python -m tests.pictures.plugin_window FOLDER

writes plugin-window.png (the feed), plugin-history.png and plugin-takes.png, at twice the size in points. About half a minute.
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
from tests.acceptance.test_plugin_history import BAR, BPM, RATE_HZ, play_to_the_disk
from tests.support.clap import LINK, ClapHost, begin_clap, made_for_tests
from tests.support.loops import loop_flac
from tests.support.plugin_window import WindowOf
from tests.support.relay import RelayClient
from tests.support.screen import PANEL, WARM, count, write_png, x_server
from tests.support.whole import short_folder

WIDTH, HEIGHT, SCALE = 760, 600, 2
BARS = 25
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
    """Takes, with and without a name."""
    for first, end, title in ((4, 8, "Verse, first try"), (12, 14, ""), (16, 24, "Night bus")):
        await daemon.client.request(c.KeepTake(first_frame=first * BAR, end_frame=end * BAR, title=title))


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
                host_program = made_for_tests("clap_host_window")
                async with begin_clap(stage, host=host_program, daemon=daemon) as beside:
                    await beside.host.open()
                    await beside.host.do("track Lead")
                    await play_to_the_disk(daemon, beside.host, played())
                    await keep_some(daemon)
                    window = WindowOf(beside.host.do, "picture", screen)
                    paths = await tabs(window, beside.host, known, folder)
                    await beside.host.do("close")
    return paths


async def tabs(window: WindowOf, host: ClapHost, known: dict[str, RelayClient], folder: Path) -> list[Path]:
    """A picture of each tab, with two friends in the studio."""
    with contextlib.ExitStack() as studios:
        for name in ("mira.k", "tobi"):
            live = studios.enter_context(contextlib.closing(await asyncio.to_thread(known[name].socket)))
            live.send(Presence(status="producing", daw="Bitwig", bpm=BPM))
        await window.open(WIDTH, HEIGHT, SCALE)
        await host.until_text(LINK, "Ready")
        await window.until(lambda p: count(window.part(p, "row"), PANEL) > 80_000, "a row of the feed")
        feed = await shown(window, folder / "plugin-window.png")
        await window.press("tab_takes")
        await window.until(lambda p: count(window.part(p, "take"), PANEL) > 40_000, "a take")
        takes = await shown(window, folder / "plugin-takes.png")
        await window.press("tab_history")
        await window.wheel("past", 2)
        await window.look(600)
        await window.sweep("past", 0.31, 0.57)
        await window.until(lambda p: count(window.part(p, "past"), WARM, 10) > 2_000, "what is chosen")
        return [feed, takes, await shown(window, folder / "plugin-history.png")]


async def shown(window: WindowOf, path: Path) -> Path:
    """What the window shows once nothing in it moves any more, with the pointer out of the way."""
    await window.point("head")
    await window.look(600)
    return write_png(await window.seen(), path)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for path in asyncio.run(drawn(folder)):
        print(path)


if __name__ == "__main__":
    main()
