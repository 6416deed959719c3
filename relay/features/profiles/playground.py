"""PATCH /api/users/me: one's own profile, as a music playground's interface says it."""

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import dashed
from relay.core.refusal import Refusal
from relay.features.profiles.service import Profiles
from relay.wire.operation import Nothing
from relay.wire.people import Me, ProfileEdit
from relay.wire.playground import User, UserPatch
from relay.wire.playground_operations import EDIT_USER


def rows(profiles: Profiles) -> list[AnyRow]:
    async def edit(call: Call[UserPatch, Nothing]) -> User:
        """A picture is sent, not named: what stands elsewhere is shown to nobody from here."""
        me, given = await profiles.me(call.account_id), call.body
        if given.avatar_url not in (None, "", me.avatar):
            raise Refusal(
                "validation",
                "A picture is not shown from another address.",
                "Send the picture itself: PUT /api/v1/users/me/avatar.",
            )
        if given.display_name is not None:
            me = await profiles.edit(call.account_id, ProfileEdit(display_name=given.display_name))
        if given.avatar_url == "":
            me = await profiles.remove_avatar(call.account_id)
        return _user(me)

    return [Row(EDIT_USER, Action.ACCOUNT_EDIT, edit)]


def _user(me: Me) -> User:
    return User(
        id=dashed(me.id),
        username=me.username,
        display_name=me.display_name,
        avatar_url=me.avatar,
        is_anonymous=me.is_guest,
    )
