"""What instruments and sound libraries there are, and what admins do with those of the relay's own."""

import re
import secrets
import unicodedata

import msgspec

from audio.score.sounds import CUSTOM, CUSTOM_PREFIX, SOUNDS, is_custom
from relay.core.access import Actor
from relay.core.dashed_ids import bare, dashed
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.instruments import store
from relay.features.instruments.store import CustomInstrument, SoundLibrary
from relay.wire import instruments as shapes

KIT_PATH = "/studio/kit"
_MAX_SLUG = 17
_RANDOM_BYTES = 3
_VERSION_CHARS = 12


class Instruments:
    """kit_version: in the addresses of the kit's sounds. [loop]"""

    def __init__(self, db: Database, base_url: str, kit_version: str) -> None:
        self._db = db
        self._base_url = base_url
        self._kit = {name: self._of_kit(name, kit_version) for name in SOUNDS}

    async def customs(self) -> list[CustomInstrument]:
        """Those of the relay's own that were not deleted."""
        return await self._db.read(store.instruments)

    async def sounds(self, names: set[str]) -> dict[str, CustomInstrument]:
        """Of the custom instruments that are named, those that sound."""
        found = [each for each in await self.customs() if each.id in names and each.sha256 is not None]
        return {each.id: each for each in found}

    async def listed(self) -> shapes.InstrumentList:
        own = [self._of_relay(each) for each in await self.customs()]
        return shapes.InstrumentList(instruments=[*self._kit.values(), *own])

    async def one(self, id_: str) -> shapes.Instrument:
        """Raises Refusal: not_found, gone."""
        if id_ in self._kit:
            return self._kit[id_]
        return self._of_relay(await self._db.read(lambda db: store.one(db, id_)))

    async def make(self, actor: Actor, given: shapes.InstrumentGiven) -> shapes.Instrument:
        """Raises Refusal: validation, quota_exceeded."""

        def work(tx: Tx) -> CustomInstrument:
            if len(store.instruments(tx.db)) >= shapes.MAX_INSTRUMENTS:
                raise Refusal(
                    "quota_exceeded",
                    f"There are {shapes.MAX_INSTRUMENTS} instruments of the relay's own, and can be no more.",
                    "Delete one first.",
                )
            sample_id = _fitting_sample(tx.db, actor, given.sample_id)
            id_ = name_of(given.title)
            store.insert(tx, id_, given.title, sample_id, given.is_pitched, now_us())
            return store.one(tx.db, id_)

        return self._of_relay(await self._db.write(work))

    async def change(self, actor: Actor, id_: str, edit: shapes.InstrumentEdit) -> shapes.Instrument:
        """Raises Refusal: not_found, gone, validation."""
        _require_own(id_)

        def work(tx: Tx) -> CustomInstrument:
            store.one(tx.db, id_)
            sample_id = None if edit.sample_id is None else _fitting_sample(tx.db, actor, edit.sample_id)
            store.change(tx, id_, edit.title, sample_id, edit.is_pitched, now_us())
            return store.one(tx.db, id_)

        return self._of_relay(await self._db.write(work))

    async def delete(self, id_: str) -> None:
        """Raises Refusal: not_found, gone, validation."""
        _require_own(id_)

        def work(tx: Tx) -> None:
            store.one(tx.db, id_)
            store.bury(tx, id_, now_us())

        await self._db.write(work)

    # Sound libraries ----------------------------------------------------------------------------------------

    async def libraries(self) -> shapes.LibraryList:
        found = await self._db.read(store.libraries)
        return shapes.LibraryList(libraries=[_summary(each) for each in found])

    async def library(self, id_: str) -> shapes.Library:
        """Raises Refusal: not_found."""
        return self._whole(
            *await self._db.read(lambda db: (store.library(db, bare(id_)), store.instruments(db)))
        )

    async def make_library(self, given: shapes.LibraryGiven) -> shapes.Library:
        """Raises Refusal: validation, quota_exceeded."""

        def work(tx: Tx) -> tuple[SoundLibrary, list[CustomInstrument]]:
            if len(store.libraries(tx.db)) >= shapes.MAX_LIBRARIES:
                raise Refusal(
                    "quota_exceeded",
                    f"There are {shapes.MAX_LIBRARIES} sound libraries, and can be no more.",
                    "Delete one first.",
                )
            at_us = now_us()
            new = SoundLibrary(
                id=new_id(),
                title=given.title,
                description=given.description,
                made_us=at_us,
                changed_us=at_us,
                instruments=given.instruments,
            )
            return self._put(tx, new)

        return self._whole(*await self._db.write(work))

    async def change_library(self, id_: str, edit: shapes.LibraryEdit) -> shapes.Library:
        """Raises Refusal: not_found, validation."""

        def work(tx: Tx) -> tuple[SoundLibrary, list[CustomInstrument]]:
            was = store.library(tx.db, bare(id_))
            said = {name: value for name, value in msgspec.structs.asdict(edit).items() if value is not None}
            return self._put(tx, msgspec.structs.replace(was, changed_us=now_us(), **said))

        return self._whole(*await self._db.write(work))

    async def delete_library(self, id_: str) -> None:
        """Raises Refusal: not_found."""

        def work(tx: Tx) -> None:
            store.drop_library(tx, store.library(tx.db, bare(id_)).id)

        await self._db.write(work)

    def _put(self, tx: Tx, new: SoundLibrary) -> tuple[SoundLibrary, list[CustomInstrument]]:
        """Raises Refusal: validation. [writer]"""
        own = store.instruments(tx.db)
        there = self._kit.keys() | {each.id for each in own}
        if len(set(new.instruments)) != len(new.instruments):
            raise Refusal("validation", "A sound library has each instrument once.")
        missing = next((name for name in new.instruments if name not in there), None)
        if missing is not None:
            raise Refusal("validation", f"There is no instrument {missing}.", "See /api/instruments.")
        store.put_library(tx, new)
        return new, own

    def _whole(self, found: SoundLibrary, own: list[CustomInstrument]) -> shapes.Library:
        served = self._kit | {each.id: self._of_relay(each) for each in own}
        return shapes.Library(
            **msgspec.structs.asdict(_summary(found)),
            instruments=[served[name] for name in found.instruments if name in served],
        )

    def _of_kit(self, name: str, version: str) -> shapes.Instrument:
        sound = SOUNDS[name]
        return shapes.Instrument(
            id=name,
            title=sound.label,
            source="kit",
            is_pitched=sound.is_pitched,
            note=sound.note,
            sound_url=f"{self._base_url}{KIT_PATH}/{version}/{name}/{sound.note}",
        )

    def _of_relay(self, found: CustomInstrument) -> shapes.Instrument:
        at = f"{version_of(found)}/{found.id}/{CUSTOM.note}"
        return shapes.Instrument(
            id=found.id,
            title=found.title,
            source="sample",
            is_pitched=found.is_pitched,
            note=CUSTOM.note,
            sound_url=None if found.sha256 is None else f"{self._base_url}{KIT_PATH}/{at}",
        )


def version_of(found: CustomInstrument) -> str:
    """Changes with how it sounds, so an address of a sound is for ever. [any]"""
    return f"{'notes' if found.is_pitched else 'stroke'}-{(found.sha256 or '')[:_VERSION_CHARS]}"


def name_of(title: str) -> str:
    """A fresh one that no instrument has or had, made of the words of its title. [any]"""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_MAX_SLUG].strip("-")
    name = f"{CUSTOM_PREFIX}{words or 'sound'}-{secrets.token_hex(_RANDOM_BYTES)}"
    assert is_custom(name), name
    return name


def _summary(found: SoundLibrary) -> shapes.LibrarySummary:
    return shapes.LibrarySummary(
        id=dashed(found.id),
        title=found.title,
        description=found.description,
        instrument_count=len(found.instruments),
        created_at=rfc3339(found.made_us),
        updated_at=rfc3339(found.changed_us),
    )


def _require_own(id_: str) -> None:
    """Raises Refusal: validation."""
    if id_ in SOUNDS:
        raise Refusal("validation", "The kit's instruments stay as they are.", "Make one of a sample.")


def _fitting_sample(db: Connection, actor: Actor, sample_id: str) -> str:
    """Its id as it is stored. Raises Refusal: validation."""
    found = bare(sample_id)
    if store.sample_ms(db, actor.account_id, found) > shapes.MAX_INSTRUMENT_MS:
        raise Refusal(
            "validation",
            f"An instrument's sample is at most {shapes.MAX_INSTRUMENT_MS // 1000} s long.",
            "Cut it to one stroke or note, and upload that.",
        )
    return found
