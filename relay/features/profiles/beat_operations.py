"""GET and PUT /api/users/me: oneself, as a beat machine's interface says it."""

import binascii
from base64 import b64decode
from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyRow, Call, Row
from relay.core.dashed_ids import dashed
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database
from relay.features.accounts import api as accounts
from relay.features.mail import api as mail
from relay.features.preferences import api as preferences
from relay.features.profiles.service import Profiles
from relay.features.studio import api as studio
from relay.wire import beat_people_operations as wire
from relay.wire.beat_people import OwnStats, OwnUser, Preferences, UserEdit, UserEdited
from relay.wire.beats import Success
from relay.wire.operation import Nothing
from relay.wire.people import ProfileEdit


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnUsers:
    """[loop]"""

    db: Database
    profiles: Profiles

    async def get(self, call: Call[Nothing, Nothing]) -> Success[OwnUser]:
        return Success(data=await self.db.read(lambda db: _own(db, call.account_id)))

    async def put(self, call: Call[UserEdit, Nothing]) -> Success[UserEdited]:
        """Raises Refusal: validation, picture_refused."""
        given, account_id = call.body, call.account_id
        picture = _picture(given.avatar) if given.avatar else b""
        me = await self.profiles.edit(account_id, ProfileEdit(display_name=given.display_name, bio=given.bio))
        if picture:
            me = await self.profiles.set_avatar(account_id, picture)
        elif given.avatar == "":
            me = await self.profiles.remove_avatar(account_id)
        edited = UserEdited(
            id=dashed(me.id),
            display_name=me.display_name,
            bio=me.bio,
            avatar=me.avatar,
            updated_at=rfc3339(now_us()),
        )
        return Success(data=edited)

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.OWN_USER, Action.ACCOUNT_READ, self.get),
            Row(wire.EDIT_OWN_USER, Action.ACCOUNT_EDIT, self.put),
        ]


def _own(db: Connection, account_id: str) -> OwnUser:
    me, address = accounts.me(db, account_id), mail.recipient(db, account_id)
    return OwnUser(
        id=dashed(me.id),
        email=None if address is None else address.address,
        display_name=me.display_name,
        avatar=me.avatar,
        bio=me.bio,
        preferences=preferences.of_account(db, account_id) or Preferences(),
        stats=OwnStats(
            patterns_created=studio.count_patterns(db, account_id, public=None),
            patterns_shared=studio.count_patterns(db, account_id, public=True),
            followers=me.follower_count,
            following=me.following_count,
        ),
        created_at=rfc3339(accounts.created_us(db, account_id)),
    )


def _picture(given: str) -> bytes:
    """Raises Refusal: validation."""
    if given.startswith(("http:", "https:")):
        raise Refusal(
            "validation",
            "A picture is not shown from another address.",
            "Send the picture itself, in base64.",
        )
    _, _, data = given.rpartition(";base64,")
    try:
        return b64decode(data, validate=True)
    except binascii.Error:
        raise Refusal("validation", "avatar is a picture in base64.") from None
