"""The page on which a sound is posted from a browser. Its bytes go by the operations of uploads, like a device's."""

from typing import Any

from relay.core.access import Action
from relay.core.calls import Answer, AnyRow, Call, Page, Render
from relay.engine.database import Database
from relay.features.accounts import api as accounts
from relay.features.creations.own_pages import LICENCES, SHOWN_TO, SWITCHES
from relay.wire.rest import MAX_TAGS, MAX_TITLE


def rows(db: Database, render: Render, max_bytes: int) -> list[AnyRow]:
    """max_bytes: of one sound."""

    async def page(call: Call[Any, Any]) -> Answer[Any]:  # any: pages take neither body nor query of a type
        shown = await db.read(lambda reader: accounts.post_visibility(reader, call.account_id))
        return render(
            "upload.html",
            call.session,
            here="upload",
            max_bytes=max_bytes,
            shown=shown,
            shown_to=SHOWN_TO,
            licences=LICENCES,
            switches=SWITCHES,
            max_title=MAX_TITLE,
            max_tags=MAX_TAGS,
        )

    return [Page("GET", "/upload", Action.POST_CREATE, page)]
