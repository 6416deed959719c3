"""/studio: the page on which music is made, and what a page that plays asks for."""

import msgspec

from audio.score.tables import tables
from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.features.studio.kit import KIT_VERSION, Kit

FOREVER = "public, max-age=31536000, immutable"
TABLES_CACHE = "public, max-age=300"


def rows(kit: Kit, render: Render) -> list[AnyRow]:
    document = msgspec.json.encode({"version": KIT_VERSION, **tables()})

    async def studio(call: AnyCall) -> AnyAnswer:
        """The same to everybody: what is made stays in the browser."""
        kit.expect()
        return render("studio.html", call.session, here="studio")

    async def kit_json(_: AnyCall) -> AnyAnswer:
        kit.expect()
        return Answer(
            content=document, media_type="application/json", headers={"cache-control": TABLES_CACHE}
        )

    async def shot(call: AnyCall) -> AnyAnswer:
        number = call.path["number"]
        if (
            call.path["version"] != KIT_VERSION
            or not number.isascii()
            or not number.isdigit()
            or len(number) > 3
        ):
            raise Refusal("not_found", "There is no such sound.")
        data = await kit.shot(call.path["sound"], int(number))
        return Answer(content=data, media_type="audio/flac", headers={"cache-control": FOREVER})

    return [
        Page("GET", "/studio", Action.SITE_READ, studio),
        Page("GET", "/studio/kit", Action.SITE_READ, kit_json, machine=True),
        Page(
            "GET",
            "/studio/kit/{version}/{sound}/{number}",
            Action.SITE_READ,
            shot,
            limit=Kind.MEDIA,
            machine=True,
        ),
    ]
