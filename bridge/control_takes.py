"""Messages of the control socket about the library of takes. Sent and received like those of control.py, which holds the
unions."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from bridge.control_base import Called, ControlMessage, Done, Limit
from bridge.control_part import Part
from bridge.control_values import Few, SoundInfo, TakeInfo
from plugin_protocol.message_base import U63, Line, Short, Title


class TakeList(ControlMessage, frozen=True, kw_only=True, tag="takes_are"):
    takes: list[TakeInfo]


class OneTake(ControlMessage, frozen=True, kw_only=True, tag="take_is"):
    take: TakeInfo
    path: Annotated[str, Meta(max_length=4096)] = ""
    sound: SoundInfo | None = None  # None: not made yet
    instance: Short = ""  # answer to KeepTake: the one it was kept of
    choice: Line = (
        ""  # answer to KeepTake: why that one, and which were left out; "" when there was no choice
    )


class ListTakes(ControlMessage, frozen=True, kw_only=True, tag="takes"):
    """The newest first. `search`: those in whose name, tags, track, host, tempo or key each of its words is found.
    `discarded`: those that can be restored, and no others."""

    Reply: ClassVar = TakeList

    limit: Limit = 50
    search: Line = ""
    discarded: bool = False


class ShowTake(ControlMessage, frozen=True, kw_only=True, tag="take"):
    """`take_id` may be any unique prefix of its id, its name, or "last"; so wherever a take is named."""

    Reply: ClassVar = OneTake

    take_id: Called


class RenameTake(ControlMessage, frozen=True, kw_only=True, tag="rename_take"):
    Reply: ClassVar = OneTake

    take_id: Called
    title: Title


class TagTake(ControlMessage, frozen=True, kw_only=True, tag="tag_take"):
    """Put a Take under tags, and take it from under others."""

    Reply: ClassVar = OneTake

    take_id: Called
    add: Few[Short] = ()
    remove: Few[Short] = ()


class ImportSound(ControlMessage, frozen=True, kw_only=True, tag="import_sound"):
    """Make a Take of decoded sound: float32 WAV as audio.encode.wave writes it, which is only read. given: a person said the tempo.

    stem_of: a Take that it was taken out of, frame for frame: its bars, tempo, host, track and tags are this one's, too.
    """

    Reply: ClassVar = OneTake

    path: Annotated[str, Meta(min_length=1, max_length=4096)]
    title: Title = ""
    bpm: Annotated[float, Meta(gt=0.0, le=10_000.0)] | None = None
    meter: tuple[Annotated[int, Meta(ge=1, le=255)], Annotated[int, Meta(ge=1, le=128)]] | None = None
    given: bool = False
    stem_of: Called = ""


class TrimTake(ControlMessage, frozen=True, kw_only=True, tag="trim_take"):
    """Make a Take of a part of one: of its bars, the first and the last, counted from 1; or from `from_s` to `to_s` (None: its end)."""

    Reply: ClassVar = OneTake

    take_id: Called
    bars: tuple[Annotated[int, Meta(ge=1)], Annotated[int, Meta(ge=1)]] | None = None
    from_s: Annotated[float, Meta(ge=0.0)] = 0.0
    to_s: Annotated[float, Meta(gt=0.0)] | None = None
    title: Title = ""


class DiscardTake(ControlMessage, frozen=True, kw_only=True, tag="discard_take"):
    """Take it out of all lists; it can be restored for `restore_days`. Refused while an Entry of it is under way."""

    Reply: ClassVar = OneTake

    take_id: Called


class RestoreTake(ControlMessage, frozen=True, kw_only=True, tag="restore_take"):
    """`take_id` as in ShowTake, but of those that were discarded; "last" is the one discarded last."""

    Reply: ClassVar = OneTake

    take_id: Called


class DeleteTake(ControlMessage, frozen=True, kw_only=True, tag="delete_take"):
    """Refused while an Entry of it is under way."""

    Reply: ClassVar = Done

    take_id: Called


class KeepTake(Part, frozen=True, kw_only=True, tag="keep_take"):
    """Make a Take."""

    Reply: ClassVar = OneTake

    title: Title = ""
    post: bool = False


class RepairTake(ControlMessage, frozen=True, kw_only=True, tag="repair_take"):
    """Mend the seam of a Take's loop, and make all its files again. The sound as played stays what it is.

    how: "fade" (3 ms at both ends), "wrap" (what rang on after the last bar goes under the first), None: what its seam
    asks for.
    """

    Reply: ClassVar = OneTake

    take_id: Called
    how: Literal["fade", "wrap"] | None = None


class UndoRepair(ControlMessage, frozen=True, kw_only=True, tag="undo_repair"):
    Reply: ClassVar = OneTake

    take_id: Called


class RenderTake(ControlMessage, frozen=True, kw_only=True, tag="render_take"):
    """Make all files of a Take anew from its sound."""

    Reply: ClassVar = Done

    take_id: Called


class Progress(ControlMessage, frozen=True, kw_only=True, tag="progress"):
    """A Take moves through the pipeline or the outbox: real stage ends and bytes that arrived, never a guess."""

    take_id: Short
    stage: Short  # "measure", "encode", "verify", "flac", "draw", "upload"
    fraction: Annotated[float, Meta(ge=0.0, le=1.0)]
    sent_bytes: U63 | None = None  # of an upload: what the relay has
    size_bytes: U63 | None = None


class TakeChanged(ControlMessage, frozen=True, kw_only=True, tag="take_changed"):
    take: TakeInfo
