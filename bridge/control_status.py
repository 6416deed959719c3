"""Messages of the control socket about how the daemon is, and what it ends and tells by. Sent and received like those of control.py, which
holds the unions."""

from typing import ClassVar

from msgspec import field

from bridge.control_base import ControlMessage, Done
from bridge.control_preview import PreviewInfo
from bridge.control_recovery import StretchInfo
from bridge.control_values import InstanceInfo, TakeInfo, Url
from plugin_protocol.message_base import U32, Line, Short

MAX_FRIENDS = 32  # named in a status


class Status(ControlMessage, frozen=True, kw_only=True, tag="status_is"):
    """One look at everything."""

    api: int
    version: Short
    pid: U32
    uptime_s: float
    state: Short  # the state shown by tray and CLI: see daemon.core.health
    sentence: Line
    relay_url: Url | None
    account: Short | None
    instances: list[InstanceInfo]
    takes: U32
    outbox: dict[Short, int]  # entry state -> count
    recent: list[TakeInfo]
    friends_producing: U32 = 0
    friends: list[Short] = field(default_factory=list)  # their names, MAX_FRIENDS at most
    previews: list[PreviewInfo] = field(default_factory=list)
    notices: list[Line] = field(
        default_factory=list
    )  # sentences besides the state: a rebuilt library, a disk in trouble
    recovered: list[StretchInfo] = field(
        default_factory=list
    )  # the newest that nobody has kept or discarded yet
    unread: U32 = 0  # notifications, as the relay told last
    deeds_waiting: U32 = 0  # likes, reactions and follows that wait for the relay
    paused: bool = False  # posting is
    paused_s: float | None = None  # for so long, from now on; None: until it is resumed
    tells_presence: bool | None = None
    do_not_disturb: bool | None = None
    next_step: Line = ""  # what the person can do about the state; "": nothing, or a daemon of before


class GetStatus(ControlMessage, frozen=True, kw_only=True, tag="status"):
    Reply: ClassVar = Status


class InstanceList(ControlMessage, frozen=True, kw_only=True, tag="instances_are"):
    instances: list[InstanceInfo]


class ListInstances(ControlMessage, frozen=True, kw_only=True, tag="instances"):
    Reply: ClassVar = InstanceList


class Subscribe(ControlMessage, frozen=True, kw_only=True, tag="subscribe"):
    """From now on this client gets the events below."""

    Reply: ClassVar = Done


class Shutdown(ControlMessage, frozen=True, kw_only=True, tag="shutdown"):
    Reply: ClassVar = Done


class StateChanged(ControlMessage, frozen=True, kw_only=True, tag="state_changed"):
    """Something that Status shows has changed; ask again when you care. Coalesced to 10 a second."""
