"""Messages of the control socket about people: one's own profile, lists, and what one does with somebody. Sent and received
like those of control.py, which holds the unions.
"""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta, Struct

from bridge.control_base import ControlMessage, Done, Limit
from bridge.control_posts import ShownTo
from bridge.control_values import Few, Url
from plugin_protocol.message_base import Short

Words = Annotated[str, Meta(max_length=1000)]
PersonChange = Literal["accept", "decline", "block", "unblock", "mute", "unmute", "remove_follower"]
PeopleList = Literal["requests", "blocked", "muted", "followers", "following"]


class ProfileInfo(Struct, frozen=True, kw_only=True):
    """Somebody, as the relay shows them."""

    username: Short
    display_name: Short
    bio: Words = ""
    daw: Short | None = None
    links: Few[Url] = ()
    url: Url
    follower_count: int = 0
    following_count: int = 0
    post_count: int = 0
    is_private: bool = False
    is_live: bool = False
    last_active: Short | None = None
    shows_activity: bool | None = None
    request_count: int | None = None
    post_visibility: Short | None = None
    """Of oneself alone; null: of somebody else."""


class ProfileIs(ControlMessage, frozen=True, kw_only=True, tag="profile_is"):
    person: ProfileInfo


class PeopleAre(ControlMessage, frozen=True, kw_only=True, tag="people_are"):
    people: list[ProfileInfo]


class GetProfile(ControlMessage, frozen=True, kw_only=True, tag="profile"):
    """username "": one's own."""

    Reply: ClassVar = ProfileIs

    username: Short = ""


class EditProfile(ControlMessage, frozen=True, kw_only=True, tag="edit_profile"):
    """What is null stays as it is. Not queued: an error when offline."""

    Reply: ClassVar = ProfileIs

    display_name: Short | None = None
    bio: Words | None = None
    daw: Short | None = None
    links: Few[Url] | None = None
    is_private: bool | None = None
    shows_activity: bool | None = None
    post_visibility: ShownTo | None = None
    """Of what is posted without a word on who is to see it."""


class SetPicture(ControlMessage, frozen=True, kw_only=True, tag="set_picture"):
    """path: of a picture on this machine; "": none any more. Not queued."""

    Reply: ClassVar = ProfileIs

    path: Annotated[str, Meta(max_length=4096)]


class ListPeople(ControlMessage, frozen=True, kw_only=True, tag="people"):
    """username: whose followers, or whom they follow; "": one's own. The other lists are one's own always."""

    Reply: ClassVar = PeopleAre

    which: PeopleList
    username: Short = ""
    limit: Limit = 100


class ChangePerson(ControlMessage, frozen=True, kw_only=True, tag="change_person"):
    """Not queued: an error when offline."""

    Reply: ClassVar = Done

    username: Short
    change: PersonChange


class ReportThis(ControlMessage, frozen=True, kw_only=True, tag="report"):
    """target: a post's id or its start, its address, or @name. Not queued."""

    Reply: ClassVar = Done

    target: Annotated[str, Meta(max_length=1024)]
    reason: Short
    text: Words = ""


class ExportIs(ControlMessage, frozen=True, kw_only=True, tag="export_is"):
    """path: of the archive, on this machine; size_bytes: of it."""

    path: Annotated[str, Meta(max_length=4096)]
    size_bytes: int


class ExportAccount(ControlMessage, frozen=True, kw_only=True, tag="export_account"):
    """Make an archive of all that the relay keeps of the account, and store it in the file, which is not there yet."""

    Reply: ClassVar = ExportIs

    path: Annotated[str, Meta(max_length=4096)]


class DeleteAccount(ControlMessage, frozen=True, kw_only=True, tag="delete_account"):
    """Of the relay, for good; the takes here stay. username: the account's own, so that nothing is deleted by mistake."""

    Reply: ClassVar = Done

    username: Short
