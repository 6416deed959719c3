"""/studio: the page on which music is made, and what a page that plays asks for."""

from dataclasses import asdict

import msgspec

from audio.score.sounds import SOUNDS, is_custom, sound_of
from audio.score.tables import tables
from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.features.instruments.api import CustomInstrument, Instruments, version_of
from relay.features.studio.kit import KIT_VERSION, Kit

FOREVER = "public, max-age=31536000, immutable"
TABLES_CACHE = "public, max-age=60"


def rows(kit: Kit, instruments: Instruments, render: Render) -> list[AnyRow]:
    given = {"version": KIT_VERSION, **tables()}
    kit_sounds = {name: asdict(each) for name, each in SOUNDS.items()}

    async def studio(call: AnyCall) -> AnyAnswer:
        """The same to everybody: what is made stays in the browser."""
        kit.expect()
        return render("studio.html", call.session, here="studio")

    async def kit_json(_: AnyCall) -> AnyAnswer:
        kit.expect()
        own = {each.id: _custom(each) for each in await instruments.customs() if each.sha256 is not None}
        document = msgspec.json.encode(given | {"sounds": {**kit_sounds, **own}})
        return Answer(
            content=document, media_type="application/json", headers={"cache-control": TABLES_CACHE}
        )

    async def sound(version: str, name: str, number: int) -> bytes:
        own = (await instruments.sounds({name})).get(name) if is_custom(name) else None
        if version != (KIT_VERSION if own is None else version_of(own)):
            raise Refusal("not_found", "There is no such sound.")
        return await (kit.shot(name, number) if own is None else kit.custom(own, number))

    async def shot(call: AnyCall) -> AnyAnswer:
        number = call.path["number"]
        if not number.isascii() or not number.isdigit() or len(number) > 3:
            raise Refusal("not_found", "There is no such sound.")
        data = await sound(call.path["version"], call.path["sound"], int(number))
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


def _custom(found: CustomInstrument) -> dict[str, object]:
    """As the kit's sounds are told, and what its addresses have in place of the kit's version."""
    known = asdict(sound_of(found.id))
    return {**known, "label": found.title, "is_pitched": found.is_pitched, "version": version_of(found)}
