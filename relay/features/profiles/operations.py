"""/api/v1/users: profiles, for programs; pages.py has them for people. And the pictures, for everybody."""

import asyncio
from typing import Any

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, RequestLost, Row
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.features.profiles.pictures import MIME
from relay.features.profiles.service import Profiles
from relay.wire import social_operations as wire
from relay.wire.people import AVATAR_SIZES_PX, MAX_AVATAR_BYTES, Me, ProfileEdit
from relay.wire.rest import Producer

Bare = Call[wire.Nothing, wire.Nothing]
EditCall = Call[ProfileEdit, wire.Nothing]
ARRIVES_WITHIN_S = 120.0
FOREVER = "public, max-age=31536000, immutable"


def rows(profiles: Profiles) -> list[AnyRow]:
    async def me(call: Bare) -> Me:
        return await profiles.me(call.account_id)

    async def user(call: Bare) -> Producer:
        return await profiles.find(call.path["name"])

    async def edit(call: EditCall) -> Me:
        return await profiles.edit(call.account_id, call.body)

    async def set_avatar(call: Bare) -> Me:
        return await profiles.set_avatar(call.account_id, await _picture(call))

    async def remove_avatar(call: Bare) -> Me:
        return await profiles.remove_avatar(call.account_id)

    async def avatar(call: Call[Any, Any]) -> Answer[Any]:  # any: pages take neither body nor query of a type
        size = call.path["size_px"]
        if size not in map(str, AVATAR_SIZES_PX):
            raise Refusal("not_found", "There is no picture of that size.")
        data = await profiles.avatar(call.path["avatar_id"], int(size))
        headers = {"cache-control": FOREVER, "cross-origin-resource-policy": "cross-origin"}
        return Answer(content=data, media_type=MIME, headers=headers)

    return [
        Row(wire.ME, Action.ACCOUNT_READ, me),
        Row(wire.UPDATE_ME, Action.ACCOUNT_EDIT, edit),
        Row(wire.EDIT_ME, Action.ACCOUNT_EDIT, edit),
        Row(wire.SET_AVATAR, Action.ACCOUNT_EDIT, set_avatar),
        Row(wire.REMOVE_AVATAR, Action.ACCOUNT_EDIT, remove_avatar),
        Row(wire.USER, Action.PROFILE_READ, user),
        Page(
            "GET", "/avatars/{avatar_id}/{size_px}", Action.SITE_READ, avatar, limit=Kind.MEDIA, machine=True
        ),
    ]


async def _picture(call: Bare) -> bytes:
    """Raises Refusal: too_large, too_slow, malformed."""
    data = bytearray()
    try:
        async with asyncio.timeout(ARRIVES_WITHIN_S):
            async for piece in call.stream():
                data += piece
                if len(data) > MAX_AVATAR_BYTES:
                    raise Refusal(
                        "too_large",
                        f"A picture has at most {MAX_AVATAR_BYTES >> 20} MiB.",
                        "Send a smaller one.",
                    )
    except TimeoutError:
        raise Refusal(
            "too_slow", "The picture did not arrive in time.", "Try again on a faster line."
        ) from None
    except RequestLost:
        raise Refusal("malformed", "The request ended before its body did.") from None
    return bytes(data)
