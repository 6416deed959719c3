"""/api/users/me/preferences; and the page on which a person chooses them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import asdict, replace

from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Call, Page, Render, Row
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.engine.database import Database, Tx
from relay.features.preferences import store
from relay.features.studio import api as studio
from relay.wire import beat_people_operations as wire
from relay.wire.beat_people import Preferences, PreferencesEdit, PreferencesTold
from relay.wire.beats import Success
from relay.wire.misfits import in_words
from relay.wire.operation import Nothing

PATH = "/settings/studio"
THEMES = {"auto": "As this device", "light": "Light", "dark": "Dark"}
Told = Success[PreferencesTold]


class Choosing:
    """[loop]"""

    def __init__(self, db: Database, render: Render) -> None:
        self._db = db
        self._render = render

    async def get(self, call: Call[Nothing, Nothing]) -> Told:
        chosen = await self._of(call.account_id)
        return _told(chosen or Preferences(), chosen is not None)

    async def put(self, call: Call[PreferencesEdit, Nothing]) -> Told:
        return _told(await self._choose(call.account_id, call.body), True)

    async def page(self, call: AnyCall) -> AnyAnswer:
        return self._shown(call, await self._of(call.account_id))

    async def save(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: validation."""
        try:
            await self._choose(call.account_id, _edit_of(call.form))
        except Refusal as wrong:
            if wrong.code != "validation":
                raise
            return self._shown(call, await self._of(call.account_id), str(wrong))
        return go_to(PATH)

    async def _of(self, account_id: str) -> Preferences | None:
        return await self._db.read(lambda db: store.of_account(db, account_id))

    async def _choose(self, account_id: str, edit: PreferencesEdit) -> Preferences:
        """Raises Refusal: validation, for a flavor that there is not."""
        if edit.default_flavor is not None:
            studio.style_of(edit.default_flavor)
        chosen = {name: value for name, value in asdict(edit).items() if value is not None}

        def work(tx: Tx) -> Preferences:
            now = replace(store.of_account(tx.db, account_id) or Preferences(), **chosen)
            store.put(tx, account_id, now)
            return now

        return await self._db.write(work)

    def _shown(
        self, call: AnyCall, chosen: Preferences | None, trouble: str = ""
    ) -> Answer[Any]:  # any: a page
        return self._render(
            "studio_preferences.html",
            call.session,
            trouble=trouble,
            chosen=chosen or Preferences(),
            keys=studio.KEYS,
            flavors=studio.flavors(),
            themes=THEMES,
        )

    def rows(self) -> list[AnyRow]:
        return [
            Row(wire.PREFERENCES, Action.ACCOUNT_READ, self.get),
            Row(wire.PREFER, Action.ACCOUNT_EDIT, self.put),
            Page("GET", PATH, Action.ACCOUNT_EDIT, self.page),
            Page("POST", PATH, Action.ACCOUNT_EDIT, self.save, form=True),
        ]


def _edit_of(form: Mapping[str, str]) -> PreferencesEdit:
    """Raises Refusal: validation."""
    given: dict[str, object] = {
        "defaultBpm": form.get("bpm", ""),
        "defaultKey": form.get("key", ""),
        "defaultFlavor": form.get("flavor", ""),
        "defaultVolume": form.get("volume", ""),
        "theme": form.get("theme", ""),
        "showBeatNumbers": "beat_numbers" in form,
        "autoPlay": "auto_play" in form,
    }
    try:
        return msgspec.convert(given, PreferencesEdit, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal("validation", in_words(error, "What you chose")) from None


def _told(preferences: Preferences, chosen: bool) -> Told:
    return Success(data=PreferencesTold(preferences=preferences, chosen=chosen))
