"""What a page plays of a score is what is rendered here: Chromium's own offline render beside ours."""

import base64
import json
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pytest
from playwright.sync_api import Page

from audio.score.compiled import compile_loop, compile_machine, compile_pattern
from audio.score.custom import recorded
from audio.score.events import Compiled
from audio.score.kit import RATE_HZ
from audio.score.machines import STYLES
from audio.score.render import render
from audio.score.shapes import Chord, Loop, Machine, Pattern, Player, Row, Step
from relay.app.site.views import Views
from tests.integration.test_relay_commands import relay_command
from tests.support.browser import Watched, running_browser
from tests.support.clients import client_of
from tests.support.loops import as_file
from tests.support.relay import RelayProcess

LIMIT_MS = 240_000
LOOP = Loop(
    name="night",
    bars=1,
    bpm=97,
    swing=62,
    chord_sound="pad",
    chords=(Chord(beat=0, root="A", quality="min7"), Chord(beat=2, root="F", quality="maj")),
    steps=(
        *(Step(step=n, sound="hat-closed", velocity=0.5) for n in range(0, 16, 3)),
        *(Step(step=n, sound="drum-kick", velocity=1.0) for n in (0, 7, 10)),
        Step(step=2, sound="bass", note="A1"),
        Step(step=13, sound="synth-lead", note="E5", velocity=0.4),
    ),
)
PATTERN = Pattern(
    name="triplets",
    bpm=133,
    beats=4,
    steps_per_beat=3,
    rows=(Row(sound="conga-open", steps=(0.9, 0.0, 0.4) * 4),),
)
MACHINE = Machine(
    name="band",
    style="salsa",
    bpm=190,
    key="D",
    players=tuple(
        Player(instrument=each, program=next(iter(STYLES["salsa"].instruments[each])))
        for each in ("clave", "bell", "brass")
    ),
)
SCORES: dict[str, tuple[object, Compiled]] = {
    "loop": (LOOP, compile_loop(LOOP)),
    "pattern": (PATTERN, compile_pattern(PATTERN)),
    "machine": (MACHINE, compile_machine(MACHINE)),
}
RENDERED = """async ([kind, body, rateHz]) => {
  const score = Score.compile(kind, body, await Kit.tables());
  const sound = await Kit.rendered(score, rateHz);
  return [0, 1].map((side) => {
    const bytes = new Uint8Array(sound.getChannelData(side).buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(text);
  });
}"""


@pytest.fixture(scope="module")
def page(relay: RelayProcess) -> Iterator[Page]:
    with running_browser() as browser:
        watched = Watched(browser)
        watched.page.set_default_timeout(LIMIT_MS)
        watched.page.goto(f"{relay.url}/get")
        with_scripts(watched.page, relay)
        yield watched.page
        assert watched.complaints == []
        watched.close()


def with_scripts(page: Page, relay: RelayProcess) -> None:
    for name in Views().static:
        if name.startswith(("score.", "kit.")) and name.endswith(".js"):
            page.add_script_tag(url=f"{relay.url}/static/{name}")


@pytest.mark.parametrize("kind", SCORES)
def test_chromium_renders_what_we_do(page: Page, kind: str) -> None:
    body, compiled = SCORES[kind]
    sides = page.evaluate(RENDERED, [kind, json.loads(json.dumps(asdict(body))), RATE_HZ])  # type: ignore[call-overload]  # dataclasses all
    require_same(sides, render(compiled, is_loop=False))


def require_same(sides: list[str], ours: np.ndarray) -> None:
    theirs = np.stack([np.frombuffer(base64.b64decode(side), np.float32) for side in sides], axis=1)
    frames = min(len(ours), len(theirs))
    assert np.max(np.abs(ours)) > 0.05 and not np.any(ours[frames:])
    for side in range(2):
        assert np.corrcoef(ours[:frames, side], theirs[:frames, side])[0, 1] > 0.99
    # The same loudness, and the same frame: a shift by one would not be seen by correlation alone.
    assert np.sqrt(np.mean((ours[:frames] - theirs[:frames]) ** 2)) < 0.01 * np.sqrt(np.mean(ours**2))


def test_chromium_plays_a_custom_instrument_as_we_render_it(page: Page, relay: RelayProcess) -> None:
    """And what is gone is silent, beside what is there, and told."""
    admin = client_of(relay, "drummer")
    relay_command("users", "--data", relay.data, "role", admin.username, "admin")
    sound = np.random.default_rng(5).normal(0, 0.1, (9_600, 2)) * np.linspace(1, 0, 9_600)[:, None] ** 4
    file = {"file": ("a.wav", as_file(sound, RATE_HZ, format="WAV", subtype="PCM_16"), "audio/wav")}
    sample = admin.http.post(f"{relay.url}/api/samples/upload", files=file).raise_for_status().json()["id"]
    given = {"title": "Cajon", "sampleId": sample, "isPitched": True}
    made = admin.http.post(f"{relay.url}/api/instruments", json=given).raise_for_status().json()["data"]["id"]
    notes = ("C4", None, "G4", "C3") * 3
    rows = (
        Row(sound=made, steps=(1.0, 0.0, 0.5, 0.8) * 3, notes=notes),
        Row(sound="custom-gone-1", steps=(1.0,) * 12),
    )
    pattern = Pattern(name="own", bpm=133, beats=4, steps_per_beat=3, rows=rows)
    page.reload()  # what there is was asked for before
    with_scripts(page, relay)
    body = json.loads(json.dumps(asdict(pattern)))
    custom = {made: recorded(sound.astype(np.float32), RATE_HZ, is_pitched=True)}
    require_same(
        page.evaluate(RENDERED, ["pattern", body, RATE_HZ]),
        render(compile_pattern(pattern), is_loop=False, custom=custom),
    )
    told = page.evaluate("async (body) => Kit.gone(Score.compile('pattern', body, await Kit.tables()))", body)
    assert told == ["Gone (gone)"]


def test_a_page_plays_on_when_the_tempo_changes_and_stops(page: Page) -> None:
    body = json.loads(json.dumps(asdict(PATTERN)))
    said = page.evaluate(
        """async (body) => {
          const context = new AudioContext();
          const player = new Kit.Player(context);
          await player.load(Score.compile("pattern", body, await Kit.tables()));
          const before = player.position;
          await player.play();
          const moved = async (from) => { while (player.position <= from) await new Promise((done) => setTimeout(done, 20)); };
          await moved(200);
          const here = player.position;
          player.setBPM(66);
          const after = player.position;
          await moved(after + 100);
          player.pause();
          await context.close();
          return [before, here, after, player.isPlaying];
        }""",
        body,
    )
    before, here, after, is_playing = said
    assert before is None and not is_playing
    assert here <= after < here + 200, "a new tempo goes on from the same place"
