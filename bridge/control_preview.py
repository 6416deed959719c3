"""Previews on the control socket: play something through a plugin, hear how it goes on. Values only."""

from typing import ClassVar

from msgspec import Struct

from bridge.control_base import ControlMessage
from plugin_protocol.message_base import Line, Short, Title


class PreviewInfo(Struct, frozen=True, kw_only=True):
    """A preview in one plugin."""

    instance: Short
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

    target: Short
    instance: Short | None = None
    in_sync: bool = False


class PreviewChanged(ControlMessage, frozen=True, kw_only=True, tag="preview_changed"):
    """A preview began, went on, or ended: four times a second at most, and at each change of state."""

    preview: PreviewInfo
