"""The live view: nothing wider than the terminal, nothing of others' words that moves the cursor, levels as they are."""

import io
import re

import msgspec
import pytest
from rich.console import Console

import bridge.control as c
from daemon.cli.record import dbfs, meter
from daemon.cli.watch_heard import spectrum
from daemon.cli.watch_view import View, in_words

TAKE = c.TakeInfo(
    take_id="0192f3c4-1111",
    title="night\x1b[2J idea " + "x" * 100,
    name="night\x1b[2J idea " + "x" * 100,
    created_us=1,
    frames=48_000,
    sample_rate_hz=48_000.0,
    channels=2,
    bars=4,
    bpm=120.0,
    meter="4/4",
    note="",
    state="processing",
)
STATUS = c.Status(
    api=1,
    version="0",
    pid=1,
    uptime_s=1.0,
    state="connected",
    sentence="Connected to the relay.",
    relay_url=None,
    account=None,
    instances=[
        c.InstanceInfo(
            instance="0" * 32,
            host_name="host",
            track_name="Lead",
            pid=1,
            state="recording",
            level=0.5,
            bpm=96.0,
            meter="4/4",
        )
    ],
    takes=1,
    outbox={},
    recent=[TAKE],
    notices=["[bold]A notice[/bold]"],
)


HEARD = c.LiveMeasurement(
    instance="0" * 32,
    name="Lead\x1b[2J" + "x" * 60,
    at_s=12.0,
    level_dbfs=-12.0,
    peak_dbfs=-3.2,
    momentary_lufs=-14.3,
    centroid_hz=2_400.0,
    bands_dbfs=[-100.0, -60.0, -30.0, -20.0, -10.0, 0.0, *[-40.0] * 10],
    bpm=120.04,
    bpm_confidence=0.9,
)


def shown(view: View, columns: int) -> str:
    out = io.StringIO()
    Console(file=out, width=columns, force_terminal=False).print(view.picture(columns))
    return out.getvalue()


@pytest.mark.parametrize("columns", [20, 40, 59, 60, 80, 200])
def test_it_fits_every_terminal_and_no_words_of_others_move_the_cursor(columns: int) -> None:
    view = View()
    assert shown(view, columns).strip() == "…"
    view.status = STATUS
    view.take(c.Progress(take_id=TAKE.take_id, stage="encode", fraction=0.5), "12:00:00")
    view.take(c.TakeChanged(take=TAKE), "12:00:01")
    text = shown(view, columns)
    assert all(len(line) <= columns for line in text.splitlines()) and "\x1b" not in text
    assert "Lead" in text and "█" in text
    if columns >= 60:
        assert "96.0 " in text and "recording" in text and "-6 dBFS" in text, "a level is read to its end"
    if columns >= 80:
        assert "encode 50%" in text and "-6 dBFS" in text and "[bold]A notice[/bold]" in text


def test_what_has_ended_is_not_under_way() -> None:
    view = View()
    ready = msgspec.structs.replace(TAKE, state="ready", name="done")
    view.status = msgspec.structs.replace(STATUS, recent=[ready])
    view.take(c.Progress(take_id=TAKE.take_id, stage="encode", fraction=0.5), "12:00:00")
    view.take(c.TakeChanged(take=ready), "12:00:01")
    assert "encode" not in shown(view, 120) and "ready" in shown(view, 120)


def test_a_level_is_full_at_full_scale_and_empty_in_silence() -> None:
    assert meter(1.0, 10) == "█" * 10 and meter(0.0, 10) == "·" * 10 == meter(1e-9, 10)
    assert meter(0.5, 10).count("█") == 9 and meter(4.0, 10) == "█" * 10
    assert (dbfs(1.0), dbfs(0.5), dbfs(0.0)) == (0.0, -6.0, None)


def test_each_event_is_a_line() -> None:
    events = [c.StateChanged(), STATUS, c.TakeChanged(take=TAKE), c.NotificationsChanged(unread=2)]
    events.append(
        c.Progress(take_id="t", stage="upload", fraction=0.25, sent_bytes=10**6, size_bytes=4 * 10**6)
    )
    said = [in_words(event) for event in events]
    assert all(said) and "upload 25%, 1.0 of 4.0 MB" in said[-1]


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_no_color_is_obeyed_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, no_color: str, is_coloured: bool
) -> None:
    """https://no-color.org: set and not empty."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", no_color)
    view, out = View(), io.StringIO()
    view.status = STATUS
    Console(file=out, width=80, force_terminal=True).print(view.picture(80))
    assert bool(re.search(r"\x1b\[(?:[\d;]*;)?(?:3[0-8]|4[0-8]|9[0-7])[;m]", out.getvalue())) is is_coloured
    assert "\x1b" not in shown(view, 80), "no terminal, no escape"


def test_one_bar_is_one_bar() -> None:
    view = View()
    view.status = msgspec.structs.replace(STATUS, recent=[msgspec.structs.replace(TAKE, bars=1, name="idea")])
    assert "1 bar " in shown(view, 80) and "1 bars" not in shown(view, 80)


@pytest.mark.parametrize("columns", [40, 50, 59, 60, 80, 110, 200])
def test_what_is_heard_fits_and_its_figures_are_read_to_their_end(columns: int) -> None:
    view = View()
    view.status, view.heard = STATUS, c.LiveMeasurements(heard=[HEARD], left_out=2)
    text = shown(view, columns)
    assert all(len(line) <= columns for line in text.splitlines()) and "\x1b" not in text
    assert "-14.3" in text and " ▁▄▆▇█" in text and "120.0" in text
    assert "2 more sound" in text
    assert ("-3.2" in text) is (columns >= 60) and ("2.4 kHz" in text) is (columns >= 76)
    view.heard = c.LiveMeasurements(heard=[])
    assert "Nothing sounds." in shown(view, columns)
    view.heard = c.LiveMeasurements(heard=[], is_first=True)
    assert "Listening…" in shown(view, columns)


def test_what_is_not_known_of_a_sound_is_not_said() -> None:
    quiet = msgspec.structs.replace(
        HEARD, name="Pad", momentary_lufs=None, peak_dbfs=None, bpm=None, at_s=1.0
    )
    view = View()
    view.status, view.heard = STATUS, c.LiveMeasurements(heard=[quiet])
    assert "–" in shown(view, 80) and "…" in shown(view, 80)
    assert in_words(quiet) == f"Pad: too quiet for a loudness, centre 2.4 kHz  {spectrum(quiet.bands_dbfs)}"
    unsure = msgspec.structs.replace(HEARD, bpm_confidence=0.2)
    assert "120.0? bpm" in in_words(unsure)
