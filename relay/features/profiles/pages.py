"""The page on which people change what is seen of them: forms, without a script."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.page_forms import beside_form
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.profiles.service import Profiles
from relay.wire.people import MAX_AVATAR_BYTES, Me, ProfileEdit
from relay.wire.rest import MAX_LINKS

PATH, PICTURE_PATH = "/settings/profile", "/settings/profile/picture"
TROUBLE = {
    "display_name": "A name is one line of 1 to 64 characters.",
    "bio": "What you say of yourself has at most 500 characters.",
    "daw_preference": "The name of a DAW is one line of at most 64 characters.",
    "links": f"There are at most {MAX_LINKS} addresses, one a line, and each begins with https://",
}
SHOWN_TO = {
    "public": "Everybody",
    "followers": "Who follows me",
    "unlisted": "Who has the link",
    "private": "Only me",
}
SWITCHES = ("shows_activity", "is_private")


@dataclass(frozen=True, kw_only=True, slots=True)
class ProfilePages:
    """[loop]"""

    profiles: Profiles
    render: Render

    def _form(self, call: AnyCall, me: Me, given: Mapping[str, object], trouble: str = "") -> AnyAnswer:
        return self.render(
            "edit_profile.html",
            call.session,
            here="settings",
            me=me,
            given=given,
            trouble=trouble,
            max_links=MAX_LINKS,
            shown_to=SHOWN_TO,
        )

    async def edit(self, call: AnyCall) -> AnyAnswer:
        me = await self.profiles.me(call.account_id)
        return self._form(call, me, _given_of(me))

    async def save(self, call: AnyCall) -> AnyAnswer:
        me = await self.profiles.me(call.account_id)
        try:
            change = _read(call.form)
        except msgspec.ValidationError as error:
            field = str(error).rpartition("`$.")[2].partition("`")[0].partition("[")[0]
            given = {**_given_of(me), **call.form, **{each: each in call.form for each in SWITCHES}}
            return self._form(call, me, given, TROUBLE.get(field, "This cannot be saved as it is."))
        await self.profiles.edit(call.account_id, change)
        return go_to(f"/@{me.username}")

    async def picture(self, call: AnyCall) -> AnyAnswer:
        """The file, or none where the button that takes it away was pressed."""
        me = await self.profiles.me(call.account_id)
        try:
            if "remove" in call.form:
                await self.profiles.remove_avatar(call.account_id)
            elif call.file:
                await self.profiles.set_avatar(call.account_id, call.file)
        except Refusal as refusal:
            return self._form(call, me, _given_of(me), beside_form(refusal))
        return go_to(PATH)

    async def begin(self, call: AnyCall) -> AnyAnswer:
        """Of the settings, for who types their address."""
        return go_to(PATH)


def rows(profiles: Profiles, render: Render) -> list[AnyRow]:
    pages = ProfilePages(profiles=profiles, render=render)
    return [
        Page("GET", "/settings", Action.ACCOUNT_EDIT, pages.begin),
        Page("GET", PATH, Action.ACCOUNT_EDIT, pages.edit),
        Page("POST", PATH, Action.ACCOUNT_EDIT, pages.save, form=True),
        Page(
            "POST",
            PICTURE_PATH,
            Action.ACCOUNT_EDIT,
            pages.picture,
            form=True,
            max_file_bytes=MAX_AVATAR_BYTES,
        ),
    ]


def _given_of(me: Me) -> dict[str, object]:
    return {
        "display_name": me.display_name,
        "bio": me.bio,
        "daw_preference": me.daw_preference or "",
        "links": "\n".join(me.links),
        "shows_activity": me.shows_activity,
        "is_private": me.is_private,
        "post_visibility": me.post_visibility,
    }


def _read(given: Mapping[str, str]) -> ProfileEdit:
    """An empty display name stays as it is; a box that is not ticked is not sent. Raises msgspec.ValidationError."""
    fields: dict[str, object] = {
        "display_name": given.get("display_name", "").strip() or None,
        "bio": given.get("bio", "").replace("\r\n", "\n").strip(),
        "daw_preference": given.get("daw_preference", "").strip(),
        "links": [line for each in given.get("links", "").splitlines() if (line := each.strip())],
        "post_visibility": given.get("post_visibility") or None,
        **{each: each in given for each in SWITCHES},
    }
    return msgspec.convert(fields, ProfileEdit)
