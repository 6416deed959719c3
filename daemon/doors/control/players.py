"""Whose History a request means: a plugin that is loaded, or one that is gone and has left something. [loop]"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import NamedTuple, TypeVar

import bridge.control as c
from daemon.core.choosing import named
from daemon.doors.sentences import MAX_CHARACTERS
from daemon.errors import NothingKept
from daemon.features.history.recovering import Recovering
from daemon.features.history.recovery import Recovered, sentence
from daemon.rings.instances import Instances
from daemon.rings.reach import Gone, Player

T = TypeVar("T")


class Chosen(NamedTuple):
    """instance: its name; says: why this one, "" when there was no choice."""

    instance: str
    says: str


class Players:
    """The loaded first. What is asked for by the clock, or by name, or when none is loaded, may be a gone one's."""

    def __init__(self, instances: Instances, recovering: Recovering) -> None:
        self._instances = instances
        self._recovering = recovering

    async def first(
        self, request: c.KeepTake | c.CopyHistory, deed: Callable[[Player], Awaitable[T]]
    ) -> tuple[T, Chosen]:
        """What `deed` makes of the first that has what is asked for. Raises what `deed` raises, and NothingKept."""
        try:
            instance, says = await self._instances.choose(request.instance)
            return await deed(instance), Chosen(instance.name, says[:MAX_CHARACTERS])
        except NothingKept:
            for one in self.gone(request):
                with suppress(NothingKept):
                    return await deed(Gone(one.instance)), self.gone_instead(one)
            raise

    def gone(self, request: c.KeepTake | c.KeepAll | c.CopyHistory) -> list[Recovered]:
        """Those that may be asked where no loaded one has it, the newest first. One that is loaded and records nothing says why;
        its last bars are nobody else's."""
        loaded = [one.label for one in self._instances.all() if one.gone_at is None]
        if request.instance:
            return [] if named(loaded, request.instance) else self._recovering.gone(request.instance)
        by_clock = request.ago_s is not None or request.from_ago_s is not None
        return self._recovering.gone() if by_clock or not loaded else []

    def gone_instead(self, one: Recovered) -> Chosen:
        """That it is one that is gone, and why not one that is loaded."""
        none = "" if any(each.gone_at is None for each in self._instances.all()) else "No plugin is loaded. "
        return Chosen(one.instance, f"{none}{sentence(one)}"[:MAX_CHARACTERS])
