"""Takes that were made, not played: stems of a take and of a post, and a pattern at the project's tempo. Listened to through a host's own output, and
dragged out of the window."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import soundfile

import bridge.control as c
from audio.score.kit import RATE_HZ
from daemon.cli.stage import RunningDaemon
from tests.acceptance.test_history import sidechain
from tests.support.clap import LINK, PREVIEW, PREVIEW_GAIN, ClapHost, begin_clap, made_for_tests
from tests.support.drop_targets import dropped_on_gtk
from tests.support.following import following_mira
from tests.support.hosts import Stretch, noise, take_samples, until_heard
from tests.support.plugin_window import BAR_FRAMES, WindowOf
from tests.support.screen import PANEL, WARM, count

PROJECT_BPM = 92.5
PATTERN_BEATS = 8
PATTERN = {
    "kind": "pattern",
    "name": "Son",
    "bpm": 120,
    "beats": PATTERN_BEATS,
    "rows": [{"sound": "clave", "steps": [1.0, 0, 0, 0] * PATTERN_BEATS}],
}
ATTACK_FRAMES = 300
PARTS = ["percussive", "harmonic", "bass"]
FADE_FRAMES = 48
UNCHANGED_DB = 0.0


class Scene(NamedTuple):
    daemon: RunningDaemon
    host: ClapHost
    window: WindowOf


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """A CLAP host that has played, of which two bars were kept; its window shows them. Mira's post is in the feed."""
    async with following_mira(monkeypatch, 3, "Copper 1.5", drag_tempo="project") as there:
        daemon = there.daemon
        async with begin_clap(there.stage, host=made_for_tests("clap_host_window"), daemon=daemon) as beside:
            await beside.host.open()
            await beside.host.play(Stretch(frames=3 * BAR_FRAMES))
            await until_heard(daemon, 3 * BAR_FRAMES)
            await beside.host.until_text(LINK, "Ready")
            await daemon.client.request(c.KeepTake(bars=2, title="Bass"))
            window = WindowOf(beside.host.do, "stems", there.screen)
            await window.open()
            await window.press("tab_takes")
            await window.until(lambda p: count(window.part(p, "take"), PANEL) > 10_000, "the take")
            yield Scene(daemon, beside.host, window)
            await beside.host.do("close")


async def apart(scene: Scene, what: str) -> dict[str, c.TakeInfo]:
    code, said = await sidechain(scene.daemon, "separate", what, "--take", "--json")
    assert code == 0, said
    takes: dict[str, Any] = json.loads(said)["takes"]
    return {part: await known(scene.daemon, told["take_id"]) for part, told in takes.items()}


async def known(daemon: RunningDaemon, take_id: str) -> c.TakeInfo:
    one = await daemon.client.request(c.ShowTake(take_id=take_id))
    assert isinstance(one, c.OneTake)
    return one.take


async def test_what_was_made_is_heard_and_dragged_out(scene: Scene, tmp_path: Path) -> None:
    stems = await a_take_is_taken_apart(scene)
    await one_is_heard_through_the_host_by_its_name(scene, stems["harmonic"])
    await one_is_played_and_dragged_out_of_the_window(scene, stems["bass"])
    await a_post_is_taken_apart(scene)
    await a_pattern_has_the_tempo_of_the_project(scene, tmp_path / "son.json")


async def a_take_is_taken_apart(scene: Scene) -> dict[str, c.TakeInfo]:
    stems = await apart(scene, "Bass")
    assert [take.title for take in stems.values()] == [f"Bass · {part}" for part in PARTS]
    assert {(take.bars, take.bpm, take.frames) for take in stems.values()} == {(2, 120.0, 2 * BAR_FRAMES)}
    sounds = [take_samples(scene.daemon, take) for take in stems.values()]
    np.testing.assert_allclose(sum(sounds), noise(3 * BAR_FRAMES)[BAR_FRAMES:], atol=1e-6)
    return stems


async def one_is_heard_through_the_host_by_its_name(scene: Scene, stem: c.TakeInfo) -> None:
    """Into a host that plays silence."""
    host = scene.host
    await host.do(f"set {PREVIEW_GAIN} {UNCHANGED_DB}")
    code, said = await sidechain(scene.daemon, "preview", "bass · harmonic")
    assert code == 0 and "“Bass · harmonic”" in said, said
    silence = np.zeros((BAR_FRAMES, 2), np.float32)
    await host.play(Stretch(frames=BAR_FRAMES), previewing=True, speed=1.0, sound=silence)
    out, wanted = await host.came_out(), take_samples(scene.daemon, stem)
    begun = int(np.flatnonzero(out.any(axis=1))[0])
    heard = out[begun + FADE_FRAMES :]
    places = [at for at in range(2 * FADE_FRAMES) if np.allclose(heard[:64], wanted[at : at + 64], atol=1e-5)]
    assert len(places) == 1 and np.allclose(heard, wanted[places[0] :][: len(heard)], atol=1e-5)
    code, said = await sidechain(scene.daemon, "preview", "--stop")
    assert code == 0, said
    await host.until_text(PREVIEW, "None")


async def one_is_played_and_dragged_out_of_the_window(scene: Scene, stem: c.TakeInfo) -> None:
    """The newest, which stands first."""
    window, host = scene.window, scene.host
    await window.until(
        lambda p: all(count(window.part(p, name), PANEL) > 10_000 for name in ("take", "second_take")), "them"
    )
    await window.press("take_play")
    await host.until_text(PREVIEW, "Playing")
    await window.until(lambda p: count(window.part(p, "take_play"), WARM) > 500, "that it plays")
    await window.picture("playing")
    await window.press("take_play")
    await host.until_text(PREVIEW, "None")
    path = await dropped_on_gtk(window, "take_wave")
    assert path.name == "Bass · bass.wav"
    assert np.array_equal(soundfile.read(path, dtype="float32")[0], take_samples(scene.daemon, stem))


async def a_post_is_taken_apart(scene: Scene) -> None:
    """By its title, which looks like a file's."""
    stems = await apart(scene, "Copper 1.5")
    assert [take.title for take in stems.values()] == [f"Copper 1.5 · {part}" for part in PARTS]
    assert {(take.bars, take.bpm) for take in stems.values()} == {(4, 128.0)}
    assert len({take.frames for take in stems.values()}) == 1


async def a_pattern_has_the_tempo_of_the_project(scene: Scene, file: Path) -> None:
    """Which is no whole number; and when the project has another, what is dropped then has that."""
    host, window = scene.host, scene.window
    await asyncio.to_thread(file.write_text, json.dumps(PATTERN))
    code, said = await sidechain(scene.daemon, "patterns", "import", str(file))
    assert code == 0, said
    before = window.part(await window.seen(), "take_name").copy()
    await host.play(Stretch(frames=BAR_FRAMES // 2, bpm=PROJECT_BPM))
    code, said = await sidechain(scene.daemon, "patterns", "render", "Son", "--take", "--project", "--json")
    assert code == 0, said
    take = json.loads(said)["take"]
    assert (take["bpm"], take["bars"]) == (PROJECT_BPM, PATTERN_BEATS // 4)
    await window.until(lambda p: not np.array_equal(window.part(p, "take_name"), before), "it in the list")
    path = await dropped_on_gtk(window, "take_wave")
    sound, rate_hz = soundfile.read(path, dtype="float32")
    assert path.name == "Son.wav" and rate_hz == RATE_HZ
    assert len(sound) == beats_frames(PATTERN_BEATS, PROJECT_BPM)
    for beat in range(1, PATTERN_BEATS):
        at = beats_frames(beat, PROJECT_BPM)
        ahead, behind = np.abs(sound[at - ATTACK_FRAMES : at]), np.abs(sound[at : at + ATTACK_FRAMES])
        assert ahead.max() * 10 < behind.max(), f"beat {beat} is struck where it should"
    await host.play(Stretch(frames=BAR_FRAMES // 2, bpm=100.0))
    faster = soundfile.info(await dropped_on_gtk(window, "take_wave"))
    assert faster.frames == beats_frames(PATTERN_BEATS, 100.0)


def beats_frames(beats: int, bpm: float) -> int:
    return round(beats * 60 / bpm * RATE_HZ)
