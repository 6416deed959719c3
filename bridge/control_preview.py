"""Previews on the control socket: play something through a plugin, hear how it goes on; or where its sound lies. Values only."""

from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from bridge.control_base import Called, ControlMessage, Done
from bridge.control_values import Url
from plugin_protocol.message_base import Line, Short, Title


class PreviewInfo(Struct, frozen=True, kw_only=True):
    """A preview in one plugin."""

    instance: Short  # "": none, a device of this computer
    kind: Short  # "item", "take"
    target: Short
    title: Title
    state: Short  # "loading", "waiting" (for the bar, or for a host that stands), "playing", "muted", "ended"
    in_sync: bool = False
    heard_s: float = 0.0
    duration_s: float | None = None  # None: not known, or it repeats
    note: Line = ""  # why not in sync although asked


class Previewing(ControlMessage, frozen=True, kw_only=True, tag="preview_is"):
    preview: PreviewInfo


class PlayPreview(ControlMessage, frozen=True, kw_only=True, tag="play_preview"):
    """Play something through a plugin; without `instance`, through the one that played last. Answered when it begins.

    `target`: the start of a Take's or an Item's id, or "last" for the newest Take. in_sync: at the host's tempo, from
    the next bar on; `note` of the answer says if that is not possible.
    """

    Reply: ClassVar = Previewing

    target: Called
    instance: Short | None = None
    in_sync: bool = False


class SoundIs(ControlMessage, frozen=True, kw_only=True, tag="sound_is"):
    """Where a sound lies on this machine; that of an Item is a copy which the daemon removes when it needs the room.

    page: where a browser plays it; "": it is a Take. bpm: None: unknown.
    """

    kind: Short
    target: Short
    title: Title
    path: Annotated[str, Meta(max_length=4096)]
    page: Url = ""
    bpm: Annotated[float, Meta(gt=0.0, le=10_000.0)] | None = None


class GetSound(ControlMessage, frozen=True, kw_only=True, tag="get_sound"):
    """The sound of what `target` means, as PlayPreview takes it, to be played without a plugin. Fetched if it is not there."""

    Reply: ClassVar = SoundIs

    target: Called


class PreviewChanged(ControlMessage, frozen=True, kw_only=True, tag="preview_changed"):
    """A preview began, went on, or ended: four times a second at most, and at each change of state."""

    preview: PreviewInfo


class StopPreviews(ControlMessage, frozen=True, kw_only=True, tag="stop_previews"):
    """Fade out what plays through `instance`, or through all."""

    Reply: ClassVar = Done

    instance: Short | None = None
