"""Strokes: drums, bells, wood and what is shaken."""

from collections.abc import Callable

import numpy as np

from audio.score.kit.waves import Wave, decay, noise, sines, sweep, times

_METAL_HZ = (263.0, 400.0, 421.0, 474.0, 587.0, 845.0)
"""Of six squares that beat against one another: what drum machines make cymbals of."""
_SQUARE = tuple((n, 1.0 / n) for n in range(1, 40, 2))


def _squares(t: Wave, hz: tuple[float, ...]) -> Wave:
    return sum(
        (sines(t, [n * each for n, _ in _SQUARE], [amount for _, amount in _SQUARE]) for each in hz),
        np.zeros_like(t),
    )


def kick() -> Wave:
    t = times(0.6)
    return sweep(t, 190.0, 47.0, 0.035) * decay(t, 0.55) + 0.25 * noise(
        "kick", len(t), 1_500.0, 8_000.0
    ) * decay(t, 0.02)


def snare() -> Wave:
    t = times(0.4)
    skin = sweep(t, 260.0, 185.0, 0.02) * decay(t, 0.22) + 0.5 * sweep(t, 420.0, 330.0, 0.02) * decay(t, 0.15)
    return 0.6 * skin + 1.1 * noise("snare", len(t), 1_200.0, 12_000.0) * decay(t, 0.28)


def clap() -> Wave:
    t = times(0.4)
    hands = noise("clap", len(t), 900.0, 5_000.0)
    bursts = sum(
        (np.where(t >= late, decay(np.maximum(t - late, 0.0), 0.05), 0.0) for late in (0.0, 0.011, 0.021)),
        np.zeros_like(t),
    )
    return hands * (bursts + np.where(t >= 0.03, decay(np.maximum(t - 0.03, 0.0), 0.3), 0.0))


def hat(seconds: float) -> Wave:
    t = times(seconds + 0.05)
    metal = _squares(t, tuple(8 * each for each in _METAL_HZ))
    return (0.35 * metal + 0.8 * noise("hat", len(t), 7_000.0, 17_000.0)) * decay(t, seconds)


def cymbal() -> Wave:
    t = times(2.0)
    metal = _squares(t, tuple(5 * each for each in _METAL_HZ))
    return 0.25 * metal * decay(t, 1.1) + 0.8 * noise("cymbal", len(t), 3_000.0, 16_000.0) * decay(
        t, 1.9, 0.002
    )


def skin(hz: float, seconds: float, *, bend: float = 1.25, stroke: float = 0.15, ring: float = 0.3) -> Wave:
    """A drum that is tuned. bend: how much higher it begins. stroke: of the hand or stick. ring: of the skin's second mode (1.59 times as high)."""
    t = times(seconds + 0.1)
    body = sweep(t, hz * bend, hz, 0.03) * decay(t, seconds) + ring * sines(
        t, [hz * 1.593, hz * 2.136], [1.0, 0.5]
    ) * decay(t, seconds / 2)
    return body + stroke * noise(f"skin {hz:g}", len(t), 600.0, 6_000.0) * decay(t, 0.03)


def slap(hz: float) -> Wave:
    t = times(0.25)
    return 0.7 * noise(f"slap {hz:g}", len(t), 900.0, 7_000.0) * decay(t, 0.09) + 0.7 * sines(
        t, [hz, hz * 1.6], [1.0, 0.6]
    ) * decay(t, 0.12)


def touch(hz: float) -> Wave:
    t = times(0.15)
    return 0.8 * sines(t, [hz], [1.0]) * decay(t, 0.08, 0.002) + 0.4 * noise(
        f"touch {hz:g}", len(t), 300.0, 2_500.0
    ) * decay(t, 0.04)


def wood(hz: float, seconds: float, second: float = 1.5) -> Wave:
    t = times(seconds + 0.05)
    return sines(t, [hz, hz * second], [1.0, 0.4]) * decay(t, seconds) + 0.2 * noise(
        f"wood {hz:g}", len(t), hz, 12_000.0
    ) * decay(t, 0.01)


def bell(low_hz: float, high_hz: float, seconds: float) -> Wave:
    t = times(seconds + 0.05)
    return 0.5 * _squares(t, (low_hz, high_hz)) * (0.5 * decay(t, seconds) + 0.5 * decay(t, 0.06))


def shaken(name: str, seconds: float, low_hz: float, attack: float) -> Wave:
    t = times(seconds + 0.05)
    return noise(name, len(t), low_hz, 15_000.0) * decay(t, seconds, attack)


def scraped(seconds: float, ridges_hz: float) -> Wave:
    """A gourd, stroked along its ridges."""
    t = times(seconds + 0.06)
    ridges: Wave = np.abs(np.sin(np.pi * ridges_hz * t * (1.0 + 0.4 * t / seconds))) ** 6
    swell: Wave = np.minimum(t / (0.6 * seconds), 1.0) * np.where(
        t < seconds, 1.0, decay(np.maximum(t - seconds, 0.0), 0.05, 1e-9)
    )
    return 2.0 * noise(f"scraped {seconds:g}", len(t), 1_800.0, 9_000.0) * ridges * swell


def shell() -> Wave:
    t = times(0.2)
    return 0.5 * sines(t, [1_330.0, 2_210.0, 3_480.0], [1.0, 0.7, 0.5]) * decay(t, 0.12) + 0.4 * noise(
        "shell", len(t), 2_000.0, 9_000.0
    ) * decay(t, 0.02)


DRUMS: dict[str, Callable[[], Wave]] = {
    "drum-kick": kick,
    "drum-snare": snare,
    "drum-clap": clap,
    "drum-rim": lambda: wood(1_720.0, 0.05, 0.27),
    "hat-closed": lambda: hat(0.07),
    "hat-open": lambda: hat(0.45),
    "tom-low": lambda: skin(98.0, 0.5),
    "tom-high": lambda: skin(165.0, 0.4),
    "cymbal": cymbal,
    "shaker": lambda: shaken("shaker", 0.12, 5_000.0, 0.02),
    "cowbell": lambda: bell(562.0, 845.0, 0.35),
    "clave": lambda: wood(2_480.0, 0.08, 2.02),
    "conga-heel": lambda: touch(150.0),
    "conga-slap": lambda: slap(780.0),
    "conga-open": lambda: skin(216.0, 0.35, bend=1.06),
    "tumba-open": lambda: skin(162.0, 0.45, bend=1.06),
    "bongo-high": lambda: skin(392.0, 0.16, bend=1.04, stroke=0.3),
    "bongo-low": lambda: skin(277.0, 0.22, bend=1.04, stroke=0.3),
    "timbal-shell": shell,
    "timbal-high": lambda: skin(330.0, 0.4, bend=1.03, stroke=0.25, ring=0.6),
    "timbal-low": lambda: skin(247.0, 0.5, bend=1.03, stroke=0.25, ring=0.6),
    "bell-mouth": lambda: bell(430.0, 655.0, 0.3),
    "bell-neck": lambda: bell(640.0, 1_010.0, 0.1),
    "maraca": lambda: shaken("maraca", 0.07, 6_500.0, 0.008),
    "guiro-long": lambda: scraped(0.22, 95.0),
    "guiro-short": lambda: scraped(0.07, 110.0),
    "guira": lambda: shaken("guira", 0.06, 4_000.0, 0.004),
    "tambora-open": lambda: skin(104.0, 0.3, bend=1.15, stroke=0.2),
    "tambora-rim": lambda: wood(820.0, 0.06, 2.3),
    "tambora-slap": lambda: slap(520.0),
}
