"""`sidechain instruments`: what loops and patterns can be played with. And their sound, for who renders one."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import typer

import bridge.control as c
from audio.score.sounds import SOUNDS, is_custom, sound_of
from daemon.cli.output import Json, ask, note, show
from daemon.cli.source import read_clip
from daemon.cli.tables import table
from daemon.core.shown import line
from daemon.errors import SidechainError

if TYPE_CHECKING:  # numpy stands behind these
    from audio.score.custom import Recorded
    from audio.score.events import Compiled

FETCH_LIMIT_S = 120.0
PATTERN_ROWS = 32


def instruments(as_json: Json = False) -> None:
    """List the instruments of loops and patterns: the kit's, and those that admins of your relay made of samples.

    Example:  sidechain instruments
    """
    try:
        found = ask(c.ListInstruments(), c.InstrumentList, timeout_s=FETCH_LIMIT_S)
    except SidechainError as error:
        note(f"Those of a relay are not known now: {error.message}")
        found = _of_kit()
    show(
        found,
        as_json,
        lambda: table(["name", "instrument", "plays", "from"], [_row(each) for each in found.instruments]),
    )


def _of_kit() -> c.InstrumentList:
    return c.InstrumentList(
        instruments=[
            c.InstrumentInfo(name=name, title=each.label, source="kit", pitched=each.is_pitched)
            for name, each in SOUNDS.items()
        ]
    )


def _row(found: c.InstrumentInfo) -> list[str]:
    plays = "nothing, its sample is gone" if found.silent else "notes" if found.pitched else "strokes"
    return [found.name, line(found.title), plays, "the kit" if found.source == "kit" else "the relay"]


def recordings_for(compiled: "Compiled") -> "Mapping[str, Recorded]":
    """Of the custom instruments in it; of those that are gone it is told that they are silent. Raises SidechainError."""
    from audio.score.custom import recorded

    names = sorted({each.sound for each in compiled.notes if is_custom(each.sound)})
    if not names:
        return {}
    found: dict[str, Recorded] = {}
    for first in range(0, len(names), PATTERN_ROWS):
        asked = c.GetRecordings(names=names[first : first + PATTERN_ROWS])
        for each in ask(asked, c.RecordingList, timeout_s=FETCH_LIMIT_S).recordings:
            if each.path is None:
                note(
                    f"Without {line(sound_of(each.name).label)} ({each.name}): your relay has no such instrument."
                )
                continue
            clip = read_clip(Path(each.path))
            found[each.name] = recorded(clip.samples, clip.sample_rate_hz, is_pitched=each.pitched)
    return found


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command()(instruments)
