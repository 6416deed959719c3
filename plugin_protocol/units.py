"""The units of the plugin protocol, as types.

NewTypes cost nothing at run time and let mypy refuse frames where microseconds are meant. Nothing here
converts: a conversion needs a sample rate, and belongs where that rate is known.
"""

from typing import NewType

Frames = NewType("Frames", int)
"""A count of, or a position in, sample frames (one sample of every channel)."""

Hz = NewType("Hz", float)
Micros = NewType("Micros", int)
"""Microseconds on a monotonic clock that the caller names."""

Nanos = NewType("Nanos", int)
Ppq = NewType("Ppq", float)
"""Quarter notes since the start of the host's project ("pulses per quarter", as fraction)."""

InstanceId = NewType("InstanceId", bytes)
"""16 random bytes, new for each loaded plugin, never saved with the project."""

Generation = NewType("Generation", int)
"""Random, 1 to 2**63-1, new for each Ring an Instance opens."""
