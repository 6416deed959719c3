"""Whose plugins make a set: of each host, which is a process, those that were played while the bars of the first were; also those
that were closed, or went down, since. And which of a host's plugins says where the bars are.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from daemon.core.choosing import Label
from daemon.errors import NothingKept
from daemon.features.keeping.asking import Ask, Part, Parts
from daemon.features.keeping.tracks import Lead, Member, Tracks, lead_of
from daemon.rings.reach import Gone

Process = tuple[str, str]  # Origin.host


class Host(NamedTuple):
    """The plugins of a host. asked: the one that a keep would choose; named: or whoever was asked for by name. ask: what is asked
    of it. also: who gives frames, and never says where the bars are."""

    asked: Member
    members: list[Member]
    named: bool
    ask: Ask
    also: Sequence[Member] = ()

    @property
    def all(self) -> list[Member]:
        """Who gives frames."""
        return [*self.members, *self.also]


Led = list[tuple[Host, Lead]]


class Hosts:
    """[worker] Raises NothingKept, Damaged, OSError."""

    def __init__(self, parts: Parts, copies: Tracks) -> None:
        self._parts = parts
        self._copies = copies

    def of_loaded(self, hosts: Sequence[Host], gone: Sequence[Member], notes: list[str]) -> Led:
        """Of `hosts` those that have what is asked for, the first of them first, each with those of `gone` that its process played
        then; and the hosts of the others. notes: who has not, is added. Raises NothingKept when none has."""
        led = list(self._led(hosts, notes)) or [(hosts[0], self._lead(hosts[0]))]  # which says why not
        first, lead = led[0]
        then = self._played_then(gone, lead)
        found = [
            (host._replace(also=then.pop(process, ()) if (process := _process(each)) else ()), each)
            for host, each in led
        ]
        if first.named:
            return found
        ask = _asked_then(first.ask, lead)
        others = [Host(members[0], members, False, ask) for members in then.values()]
        return found + list(self._led(others, notes))

    def of_gone(
        self,
        ask: Ask,
        asked: Sequence[Label],
        gone: Sequence[Member],
        loaded: Sequence[Member],
        notes: list[str],
        *,
        named: bool,
    ) -> Led:
        """The host of the first of `asked` that has what is asked for, with those of `loaded` that it still has; and unless named
        the hosts of the others of `gone` that were played then. As of_loaded."""
        for label in asked:
            with suppress(NothingKept):
                first = Member(Gone(label.instance), label)
                lead = self._lead_of(first, ask)
                process = _process(lead)
                assert process, "it is gone, and read from the disk"
                then = self._played_then((one for one in gone if one.label != label), lead)
                own = [first, *then.pop(process, ())]
                also = self._played_then(loaded, lead).get(process, ())
                others = [] if named else list(then.values())
                ask_then = _asked_then(ask, lead)
                return list(
                    self._led(
                        [
                            Host(first, own, named, ask, also),
                            *(Host(members[0], members, False, ask_then) for members in others),
                        ],
                        notes,
                    )
                )
        raise NothingKept("Nothing that was played then is in reach.", "`sidechain history` shows what is.")

    def _played_then(self, members: Iterable[Member], lead: Lead) -> dict[Process, list[Member]]:
        """Those that were played while the lead's bars were, by their processes."""
        found: dict[Process, list[Member]] = {}
        for member in members:
            if process := self._copies.process_then(member.player, lead):
                found.setdefault(process, []).append(member)
        return found

    def _led(self, hosts: Iterable[Host], notes: list[str]) -> Iterator[tuple[Host, Lead]]:
        for host in hosts:
            try:
                yield host, self._lead(host)
            except NothingKept as error:
                notes.append(f"{host.asked.label.name} is left out: {error.message}")

    def _lead(self, host: Host) -> Lead:
        """The plugin that a keep would choose; but one of its host that was there before it, if that heard more of it. Another of
        them when neither has it."""
        if host.named:
            return self._lead_of(host.asked, host.ask)
        before = max(host.members, key=self._heard_frames)
        refusal: NothingKept | None = None
        found: list[tuple[Member, Part]] = []
        for member in dict.fromkeys((host.asked, before, *host.members)):
            if found and member not in (host.asked, before):
                break
            try:
                found.append((member, self._parts.of(member.player, host.ask)))
            except NothingKept as error:
                refusal = refusal or error
        if not found:
            assert refusal, "a host has members"
            raise refusal
        return lead_of(*max(found, key=lambda one: one[1].cut.frames))

    def _lead_of(self, member: Member, ask: Ask) -> Lead:
        return lead_of(member, self._parts.of(member.player, ask))

    def _heard_frames(self, member: Member) -> int:
        """How much its Ring was ever given; 0 when it cannot be read."""
        try:
            return self._parts.newest(member.player).memory_span().end_frame
        except NothingKept:
            return 0


def _process(lead: Lead) -> Process | None:
    """That the lead's plugin is in; None when nothing of it is on the disk."""
    return lead.part.reach.process


def _asked_then(ask: Ask, lead: Lead) -> Ask:
    """Of another host that is gone, which has no "now" of its own: up to its bar line that is nearest to the lead's."""
    if ask.whole or ask.ago_s is not None or ask.from_ago_s is not None:
        return ask
    bars = lead.part.cut.bars
    end_us = lead.heard_us + (round(1e6 * lead.seconds / bars / 2) if bars else 0)
    return msgspec.structs.replace(ask, ago_s=max((time.time_ns() // 1000 - end_us) / 1e6, 0.0))
