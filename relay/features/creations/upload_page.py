"""The page on which a sound is posted from a browser. Its bytes go by the operations of uploads, like a device's."""

from typing import Any

from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render
from relay.engine.database import Database
from relay.features.accounts import api as accounts
from relay.features.creations import lineage
from relay.features.creations.own_pages import LICENCES, SHOWN_TO, SWITCHES
from relay.wire.ids import Id
from relay.wire.rest import MAX_TAGS, MAX_TITLE


class OfPost(Struct, frozen=True, kw_only=True):
    """Query of the page. remix_of: what the sound was made from."""

    remix_of: Id | None = None


def rows(db: Database, render: Render, max_bytes: int) -> list[AnyRow]:
    """max_bytes: of one sound."""

    async def page(call: Call[Any, OfPost]) -> Answer[Any]:  # any: a page has no value of a type
        me = call.account_id
        shown = await db.read(lambda reader: accounts.post_visibility(reader, me))
        remix_of = call.query.remix_of
        named = await db.read(lambda reader: lineage.given(reader, remix_of, me)) if remix_of else None
        return render(
            "upload.html",
            call.session,
            here="upload",
            max_bytes=max_bytes,
            remix_of=named,
            shown=shown,
            shown_to=SHOWN_TO,
            licences=LICENCES,
            switches=SWITCHES,
            max_title=MAX_TITLE,
            max_tags=MAX_TAGS,
        )

    return [Page("GET", "/upload", Action.POST_CREATE, page, query=OfPost)]
