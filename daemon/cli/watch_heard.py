"""What `sidechain watch --analyse` shows of what plugins sound like: a row of a table, or a line."""

from rich.table import Table
from rich.text import Text

import bridge.control as c
from daemon.cli.watch_parts import NARROW_COLUMNS, ROOMY_COLUMNS, table_of, text_of

LOWEST_DBFS = -66.0
"""Where the bars of a spectrum begin; they are full at STEP_DB below full scale."""
STEP_DB = 8.0
BARS = " ▁▂▃▄▅▆▇█"
BESIDE_A_NAME = {4: 34, 5: 42, 6: 53}
"""Columns for what else is said, by how many figures there are."""
MOST_OF_NAME = 24
WIDE_COLUMNS = 100  # from here on the numbers have their units


def heard_picture(heard: c.LiveMeasurements, columns: int) -> list[Table | Text]:
    """At most so many columns wide."""
    if not heard.heard:
        return [text_of("Listening…" if heard.is_first else "Nothing sounds.", "dim")]
    narrow, roomy, wide = columns < NARROW_COLUMNS, columns >= ROOMY_COLUMNS, columns >= WIDE_COLUMNS
    names = ["heard", "LUFS", "43 Hz – 11 kHz", "bpm"]
    if not narrow:
        names.insert(2, "peak")
    if roomy:
        names.insert(4, "centre")
    table = table_of(names)
    for one in heard.heard:
        row = [
            text_of(one.name, most=min(MOST_OF_NAME, max(8, columns - BESIDE_A_NAME[len(names)]))),
            _number(one.momentary_lufs, " LUFS" * wide),
        ]
        if not narrow:
            row.append(_number(one.peak_dbfs, " dBFS" * wide))
        row.append(text_of(spectrum(one.bands_dbfs), "green"))
        if roomy:
            row.append(text_of(_hz(one.centroid_hz)))
        row.append(text_of(_tempo(one)))
        table.add_row(*row)
    more = f"{heard.left_out} more sound, quieter, and are not listened to."
    return [table, *([text_of(more, "dim")] if heard.left_out else [])]


def heard_in_words(one: c.LiveMeasurement) -> str:
    """One line. [any]"""
    loud = "too quiet for a loudness" if one.momentary_lufs is None else f"{one.momentary_lufs:.1f} LUFS"
    peak = "" if one.peak_dbfs is None else f", peak {one.peak_dbfs:.1f} dBFS"
    tempo = "" if one.bpm is None else f", {_tempo(one)} bpm"
    return f"{one.name}: {loud}{peak}, centre {_hz(one.centroid_hz)}{tempo}  {spectrum(one.bands_dbfs)}"


def spectrum(bands_dbfs: list[float]) -> str:
    """A bar for each band, the lowest first. [any]"""
    steps = (round((each - LOWEST_DBFS) / STEP_DB) for each in bands_dbfs)
    return "".join(BARS[min(max(step, 0), len(BARS) - 1)] for step in steps)


def _hz(hz: float) -> str:
    return f"{hz / 1000:.1f} kHz" if hz >= 1000 else f"{hz:.0f} Hz"


def _tempo(one: c.LiveMeasurement) -> str:
    """With a question mark where it is a guess."""
    if one.bpm is None:
        return "…" if one.at_s < 6 else "none"
    return f"{one.bpm:.1f}{'' if one.bpm_confidence >= 0.5 else '?'}"


def _number(value: float | None, unit: str) -> Text:
    return text_of("–" if value is None else f"{value:.1f}{unit}")
