"""What comes out of the MP3: how often at the target, ever above the ceiling, with how much limiting and how many encodes.

Run by `python -m benchmarks.run levelling`. Material: music with bursts and pieces by formula, and the folders of
benchmarks/material.py. A clip needs at most 6 dB of limiting when untouched its true peak would pass the ceiling by at most
6 dB at the target.
"""

import statistics

from audio.level.aiming import MAX_LIMITING_DB, MAX_REDUCTION_DB
from audio.level.target import CEILING_DBTP, TARGET_LUFS, TOLERANCE_LU
from audio.recording import Produced, produce
from benchmarks.material import Clip, fixtures, synthesised
from tests.support.tones import clicks, music_like

Row = tuple[str, float | str, str, str]


def _spiky(seed: int) -> Clip:
    music = music_like(2, 44_100, seed=seed, level_dbfs=-14)
    bursts = clicks(len(music), 9_000 + 977 * seed, level_dbfs=-11 + seed % 8)
    return Clip(f"bursts {seed}", music + bursts, 44_100, None, None)


def _made(clip: Clip, *, limiter: bool) -> Produced:
    return produce(clip.samples, clip.sample_rate_hz, title=None, bpm=None, key=None, limiter=limiter)


def _at_target(made: Produced) -> bool:
    """Loudness and ceiling, of what is decoded."""
    if made.lufs_out is None or made.dbtp_out is None:
        return False
    return abs(made.lufs_out - TARGET_LUFS) <= TOLERANCE_LU and made.dbtp_out <= CEILING_DBTP


def _needed_db(made: Produced) -> float:
    if made.lufs_in is None or made.dbtp_in is None:
        return 0.0
    return made.dbtp_in + TARGET_LUFS - made.lufs_in - CEILING_DBTP


def _share(right: list[bool]) -> float:
    return sum(right) / len(right) if right else float("nan")


def _over(made: list[Produced], dbtp: float) -> int:
    return sum(each.dbtp_out is not None and each.dbtp_out > dbtp for each in made)


def _counted(label: str, clips: list[Clip]) -> list[Row]:
    table: list[Row] = []
    limited = [_made(clip, limiter=True) for clip in clips]
    plain = [_made(clip, limiter=False) for clip in clips]
    within = [each for each in limited if _needed_db(each) <= MAX_LIMITING_DB]
    worked = [each for each in within if each.deepest_db > 0.1]
    table += [
        (
            f"{label}: at the target below the ceiling",
            _share([_at_target(e) for e in within]),
            "≥ 0.95",
            f"{len(within)} of {len(clips)} need ≤ 6 dB",
        ),
        (
            f"{label}: the same of those limited at all",
            _share([_at_target(e) for e in worked]),
            "",
            f"{len(worked)} clips",
        ),
        (
            f"{label}: most taken off at the same loudness, dB",
            max(each.reduction_db for each in limited),
            f"≤ {MAX_LIMITING_DB:g}",
            "",
        ),
        (
            f"{label}: most taken off any frame, dB",
            max(each.deepest_db for each in limited),
            f"≤ {MAX_REDUCTION_DB:g}",
            "with make-up gain and room for coding",
        ),
    ]
    for name, made in (("limiter on", limited), ("limiter off", plain)):
        above = f"{_over(made, CEILING_DBTP)} above -1 dBTP, {len(made)} clips"
        table.append((f"{label}: above 0 dBTP, {name}", _over(made, 0.0), "0", above))
        encodes = statistics.mean(each.encodes for each in made)
        table.append((f"{label}: encodes, {name}", encodes, "≤ 2", "mean"))
    return table


def rows() -> list[Row]:
    """Eight lines for each set. About a minute; a second for each clip of the folders."""
    sets = {"bursts": [_spiky(seed) for seed in range(24)], "pieces": synthesised(), **fixtures()}
    return [row for label, clips in sets.items() for row in _counted(label, clips)]
