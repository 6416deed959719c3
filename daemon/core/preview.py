"""Whether a preview can follow the host's tempo, and how. A decision on values; makes no sound and reads no clock."""

from msgspec import Struct

MIN_SPEED, MAX_SPEED = (
    0.5,
    2.0,
)  # beyond, it is no preview of what somebody made (audio.fit does not do it either)
SAME = 1e-6  # closer tempos are one tempo: 1 ms in a quarter of an hour


STEADY = 1e-4  # closer tempos are not worth beginning anew: 6 ms in a minute


class Plan(Struct, frozen=True, kw_only=True):
    """speed: times as fast as it is. in_sync: at the host's tempo. at_bar: begin on the next bar line.

    repeats: whole bars, again and again until it is stopped. note: a sentence, why it is not all that was asked for.
    """

    speed: float = 1.0
    in_sync: bool = False
    at_bar: bool = False
    repeats: bool = False
    note: str = ""


def plan(
    *, wanted: bool, bpm: float | None, bars: int | None, host_bpm: float | None, host_playing: bool | None
) -> Plan:
    """How to play a sound of `bpm` and `bars` in a host. Unknown is None, and then nothing is guessed. [any]

    wanted: in sync. A host that stands has a tempo but no next bar: the sound begins at once.
    """
    if not wanted:
        return Plan()
    if bpm is None:
        return Plan(note="Not in sync: the tempo of this sound is not known.")
    if host_bpm is None:
        return Plan(note="Not in sync: the host does not tell its tempo.")
    speed = host_bpm / bpm
    if not MIN_SPEED <= speed <= MAX_SPEED:
        return Plan(
            note=f"Not in sync: {bpm:g} BPM is too far from the host's {host_bpm:g}; between half and twice is possible."
        )
    at_bar = host_playing is True
    return Plan(
        speed=1.0 if abs(speed - 1.0) < SAME else speed,
        in_sync=True,
        at_bar=at_bar,
        repeats=bars is not None and bars > 0,
        note="" if at_bar else "The host stands: at its tempo, but not from a bar on.",
    )


def differs(one: Plan, other: Plan) -> bool:
    """Whether a preview of one plan is out of time where the other holds. [any]"""
    return abs(one.speed / other.speed - 1.0) >= STEADY


def bar_ahead(heard_s: float, duration_s: float, bars: int) -> int:
    """The bar, 0 the first, that comes next in a loop of `bars` that lasts duration_s, when heard_s of it were heard. [any]"""
    return (int(heard_s / duration_s * bars) + 1) % bars
