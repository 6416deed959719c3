"""When a round begins: what comes hard on the heels of another is gathered for a moment, and goes out together. No clock.

A round costs one write for each connection, however many events it has, and most of what it costs is the kernel's. So
under load a little patience is worth more than haste; whoever posts while not much else happens waits for nobody.
"""

import math

SELDOM = 4
"""Pauses between two rounds, in lengths of a round, from which on nothing is gathered."""
GATHER_LIMIT_S = 0.02
"""Nobody waits longer to be joined by others."""


class Pace:
    """Times of one clock, whichever. [loop]"""

    __slots__ = ("_cost_s", "_ended_s")

    def __init__(self) -> None:
        self._cost_s = 0.0
        self._ended_s = -math.inf

    def begins_s(self, came_s: float) -> float:
        """When a round may begin whose first commit came at a time: at once if rounds are seldom, else half a round
        later, which is what a connection waits for its turn anyhow, on average.
        """
        if came_s - self._ended_s > SELDOM * self._cost_s:
            return came_s
        return came_s + min(self._cost_s / 2, GATHER_LIMIT_S)

    def ended(self, began_s: float, ended_s: float) -> None:
        """A round is over."""
        self._cost_s, self._ended_s = ended_s - began_s, ended_s
