"""Messages of the control socket about what one does with posts of others besides liking them, and about where one is signed
in. Sent and received like those of control.py, which holds the unions.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct, field

from bridge.control_base import ControlMessage, Done, Limit
from bridge.control_discover import Cursor, Discovered
from plugin_protocol.message_base import U32, Line, Short

Named = Annotated[str, Meta(max_length=1024)]
"""An id, the start of one, or an address."""
Word280 = Annotated[str, Meta(max_length=280)]


class SavePost(ControlMessage, frozen=True, kw_only=True, tag="save_post"):
    """Keep it where it is found again, or no longer. Not queued."""

    Reply: ClassVar = Done

    post_id: Named
    save: bool = True


class ListSaved(ControlMessage, frozen=True, kw_only=True, tag="saved"):
    """What was saved last comes first."""

    Reply: ClassVar = Discovered

    limit: Limit = 20
    cursor: Cursor | None = None


class ListRemixes(ControlMessage, frozen=True, kw_only=True, tag="remixes"):
    """All that was made from a post, newest first."""

    Reply: ClassVar = Discovered

    post_id: Named
    limit: Limit = 20
    cursor: Cursor | None = None


class Repost(ControlMessage, frozen=True, kw_only=True, tag="repost"):
    """Show it to those who follow this account, with a word; or no longer. Not queued."""

    Reply: ClassVar = Done

    post_id: Named
    text: Word280 = ""
    show: bool = True


class WhoDid(Struct, frozen=True, kw_only=True):
    """One person's like, reaction or repost. said: the emoji, or their word."""

    username: Short
    said: Word280
    at: Short  # RFC 3339


class WhoAre(ControlMessage, frozen=True, kw_only=True, tag="who_are"):
    people: list[WhoDid]


class ListWho(ControlMessage, frozen=True, kw_only=True, tag="who"):
    """Who likes a post, reacted to it or shows it to others, newest first."""

    Reply: ClassVar = WhoAre

    post_id: Named
    did: Literal["likes", "reactions", "reposts"]
    limit: Limit = 100


class SignInInfo(Struct, frozen=True, kw_only=True):
    """A browser or a device that is signed in. current: this one."""

    sign_in_id: Short
    kind: Short
    name: Line
    since: Short  # RFC 3339
    current: bool


class SignInsAre(ControlMessage, frozen=True, kw_only=True, tag="sign_ins_are"):
    sign_ins: list[SignInInfo]


class ListSignIns(ControlMessage, frozen=True, kw_only=True, tag="sign_ins"):
    Reply: ClassVar = SignInsAre


class SignInsEnded(ControlMessage, frozen=True, kw_only=True, tag="sign_ins_ended"):
    ended: U32


class EndSignIns(ControlMessage, frozen=True, kw_only=True, tag="end_sign_ins"):
    """All but this device's. Not queued."""

    Reply: ClassVar = SignInsEnded


class DeviceInfo(Struct, frozen=True, kw_only=True):
    """A device of the account. place: where it was claimed, as a network."""

    device_id: Short
    name: Line
    platform: Line
    version: Line
    place: Line
    claimed_at: Short  # RFC 3339


class DevicesAre(ControlMessage, frozen=True, kw_only=True, tag="devices_are"):
    devices: list[DeviceInfo]


class ListDevices(ControlMessage, frozen=True, kw_only=True, tag="devices"):
    Reply: ClassVar = DevicesAre


class RevokeDevice(ControlMessage, frozen=True, kw_only=True, tag="revoke_device"):
    """By the start of its id, or its name. Not queued."""

    Reply: ClassVar = DevicesAre

    device: Short


class PreferencesAre(ControlMessage, frozen=True, kw_only=True, tag="preferences_are"):
    """Of each kind of notification, whether it is told of; by: and by which ways beside (mail, push, webhook)."""

    told: dict[Short, bool]
    by: dict[Short, list[Short]] = field(default_factory=dict)


class GetPreferences(ControlMessage, frozen=True, kw_only=True, tag="preferences"):
    Reply: ClassVar = PreferencesAre


class SetPreferences(ControlMessage, frozen=True, kw_only=True, tag="set_preferences"):
    """What is left out stays as it is. by: of the ways beside (mail, push, webhook), those that it is about; none: whether they are told of
    at all. Not queued."""

    Reply: ClassVar = PreferencesAre

    told: dict[Short, bool]
    by: list[Short] = field(default_factory=list)
