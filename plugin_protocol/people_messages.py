"""Messages by which a window has done what concerns people and accounts: follow, a page in the browser, whose the device is."""

from typing import Annotated, ClassVar

from msgspec import Meta

from plugin_protocol.message_base import U63, AskFailed, PluginMessage, Target
from plugin_protocol.take_messages import Asked


class FollowPerson(PluginMessage, frozen=True, kw_only=True, tag="follow_person"):
    """plugin -> daemon: follow somebody of the relay, or no longer."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    username: Target
    follow: bool


class OpenPage(PluginMessage, frozen=True, kw_only=True, tag="open_page"):
    """plugin -> daemon: show in the browser the page of a Post of the feed, or of a Take that was posted."""

    Reply: ClassVar = Asked | AskFailed

    id: U63
    kind: Annotated[str, Meta(max_length=8, pattern=r"^(item|take)$")]
    target: Target


class ClaimDevice(PluginMessage, frozen=True, kw_only=True, tag="claim_device"):
    """plugin -> daemon: ask in the browser whose this device is. Answered when it is asked there; alive and notice tell how it
    ended."""

    Reply: ClassVar = Asked | AskFailed

    id: U63


FromAccount = FollowPerson | OpenPage | ClaimDevice
