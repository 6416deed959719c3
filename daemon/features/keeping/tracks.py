"""What one plugin gives to a set: the frames of the lead's cut out of its own History, wherever its count stands.

By the positions that the host tells all its plugins (daemon.core.alignment), to the frame; without them by when they were heard.
Who was not there for all of it is silent where it was not.
"""

import time
from contextlib import suppress
from typing import NamedTuple

import msgspec

from daemon.core import capture
from daemon.core.alignment import frames_ahead
from daemon.core.choosing import Label
from daemon.core.heard import frame_at, wall_at
from daemon.core.sounding import after_last_signal
from daemon.errors import NothingKept
from daemon.features.keeping.asking import Part, Parts
from daemon.rings.instances import Instance
from daemon.rings.journal_folder import JournalFolder
from daemon.rings.reach import Player, Reach, reach_of
from plugin_protocol.layout import SAMPLE_BYTES, Flag

CATCH_UP_S = 0.5  # a host calls its plugins one after the other: so long the last one's block is waited for
CATCH_UP_STEP_S = 0.005
MARGIN_S = 10.0  # of records around the cut, where it has to be read from the disk
FRAMES, TRANSPORT, TIME = "frames", "transport", "time"


class Member(NamedTuple):
    """A plugin of a host, loaded or gone, and what it is called."""

    player: Player
    label: Label

    @property
    def order(self) -> tuple[str, str]:
        """Of the tracks in a set."""
        return self.label.track_name.casefold(), self.label.instance

    @property
    def is_gone(self) -> bool:
        """Not loaded any more."""
        return not isinstance(self.player, Instance) or self.player.gone_at is not None


class Track(NamedTuple):
    """What one plugin gives. ring: the name in the journal of what it is from; first_frame: there."""

    member: Member
    ring: str
    first_frame: int
    cut: capture.Cut
    clock: str
    sample_rate_hz: float
    channels: int
    sound: memoryview


class Lead(NamedTuple):
    """The plugin of a host that says where the bars are, which these are, and when the last of them had been heard."""

    member: Member
    part: Part
    heard_us: int

    @property
    def seconds(self) -> float:
        """How long they are."""
        return self.part.cut.frames / self.part.reach.sample_rate_hz

    @property
    def from_us(self) -> int:
        """When the first of them was heard, if the host did not stand in between."""
        return self.heard_us - round(1e6 * self.seconds)


def lead_of(member: Member, part: Part) -> Lead:
    """[worker] Raises NothingKept."""
    reach, cut = part.reach, part.cut
    reach.look()
    return Lead(member, part, wall_at(reach.ties(), cut.first_frame + cut.frames, reach.sample_rate_hz))


class Tracks:
    """[worker] Raises NothingKept, Damaged, OSError."""

    def __init__(self, journal: JournalFolder, parts: Parts) -> None:
        self._journal = journal
        self._parts = parts

    def of(self, member: Member, lead: Lead, clock: str) -> Track | None:
        """clock: how the lead's frames lie to those of the set's first. None: silent all the while."""
        cut = lead.part.cut
        if member == lead.member:
            reach, own, ahead = lead.part.reach, lead.part.history, 0
        else:
            reach = self._written_then(member.player, lead.heard_us)
            own, found = _aligned(lead, reach)
            ahead, clock = (found, clock) if found is not None else (_ahead_by_clock(lead, reach), TIME)
        first_frame, end_frame = cut.first_frame + ahead, cut.first_frame + ahead + cut.frames
        _wait_for(reach, end_frame)
        gaps = [r.ring_frame for r in own.records if r.flags & Flag.GAP and r.ring_frame < end_frame]
        there_frame = min(end_frame, reach.memory_span().end_frame)  # one that is gone may have ended before
        floor_frame = min(max(first_frame, *gaps, 0), there_frame)
        sound = reach.read(floor_frame, there_frame - floor_frame)
        pieces = list(sound.parts)
        data = memoryview(pieces[0] if len(pieces) == 1 else b"".join(pieces))
        if not after_last_signal(data):
            return None
        note, missing = cut.note, cut.frames - len(data) // reach.frame_bytes
        if missing:
            missing_s = missing / reach.sample_rate_hz
            note = f"{note} {missing_s:.1f} s of it were not there, and are silence.".strip()
        return Track(
            member=member,
            ring=reach.ring,
            first_frame=sound.first_frame,
            cut=msgspec.structs.replace(cut, first_frame=max(first_frame, 0), note=note),
            clock=clock,
            sample_rate_hz=reach.sample_rate_hz,
            channels=reach.channels,
            sound=_padded(data, sound.first_frame - first_frame, cut.frames, reach.channels),
        )

    def process_then(self, player: Player, lead: Lead) -> tuple[str, str] | None:
        """The process that one was in; None when it was not played while the lead's bars were, or left nothing on the disk."""
        try:
            reach = self._written_then(player, lead.heard_us)
        except NothingKept:
            return None
        reach.look()
        heads = reach.heads
        return reach.process if heads and heads[-1].wall_us > lead.from_us else None

    def _written_then(self, player: Player, heard_us: int) -> Reach:
        """Its newest Ring, or the one before that it wrote at that time, as when the sample rate has changed since."""
        if not isinstance(player, Instance):
            return self._parts.written_at(player, heard_us)[0]
        newest = reach_of(self._journal, player, None)
        if newest.remembers(heard_us):
            return newest
        with suppress(NothingKept):
            return self._parts.written_at(player, heard_us)[0]
        return newest


def _wait_for(reach: Reach, end_frame: int) -> None:
    patience_s = 0.0 if reach.origin else CATCH_UP_S
    while patience_s > 0 and reach.memory_span().end_frame < end_frame:
        time.sleep(CATCH_UP_STEP_S)
        patience_s -= CATCH_UP_STEP_S


def _aligned(lead: Lead, reach: Reach) -> tuple[capture.History, int | None]:
    """What this plugin remembers of the lead's cut, and by how much its count is ahead; None: no positions say so.

    As far as its memory goes back, else from the disk: where to look there, what is in memory tells.
    """
    history, cut, rate_hz = lead.part.history, lead.part.cut, reach.sample_rate_hz
    own = reach.memory()
    if rate_hz != history.sample_rate_hz:
        return own, None
    end_frame = cut.first_frame + cut.frames
    ahead = frames_ahead(history.records, own.records, cut.first_frame, end_frame, rate_hz)
    if ahead is not None and cut.first_frame + ahead >= own.oldest_frame:
        return own, ahead
    newest = lead.part.reach.memory()
    near = frames_ahead(newest.records, own.records, newest.oldest_frame, newest.commit_frame, rate_hz)
    if near is None:
        near = _ahead_by_clock(lead, reach)
    own = reach.back(end_frame + near, cut.frames / rate_hz + MARGIN_S)
    return own, frames_ahead(history.records, own.records, cut.first_frame, end_frame, rate_hz)


def _ahead_by_clock(lead: Lead, reach: Reach) -> int:
    """By when the end of the cut was heard, to a block or so."""
    reach.look()
    end_frame = lead.part.cut.first_frame + lead.part.cut.frames
    return frame_at(reach.ties(), lead.heard_us, reach.sample_rate_hz) - end_frame


def _padded(data: memoryview, skip_frames: int, frames: int, channels: int) -> memoryview:
    """`data` at its place among so many frames, silence around it."""
    size = SAMPLE_BYTES * channels
    if len(data) == frames * size:
        return data
    whole = memoryview(bytearray(frames * size))
    whole[skip_frames * size : skip_frames * size + len(data)] = data
    return whole
