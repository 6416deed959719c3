"""What each engine takes a clip apart into, in this order. Names alone, for whoever asks an engine without being one."""

from collections.abc import Mapping

PARTS: Mapping[str, tuple[str, ...]] = {"hpss": ("percussive", "harmonic", "bass")}
"""By the name of the engine. The first is what is used where none is named."""
SAYS: Mapping[str, str] = {
    "hpss": "what hits, what holds, what lies below 150 Hz; signal processing, it knows no instruments"
}
"""One line for the person who chooses."""
