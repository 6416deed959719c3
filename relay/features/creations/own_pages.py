"""The pages on which the owner of a post edits it, shows it to others, and deletes it: forms, without a script."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.page_forms import beside_form
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.creations.kinds import Ability
from relay.features.creations.owning import Owning
from relay.features.creations.posts import PAGE_PATH
from relay.wire.owning import PostDetails, PostEdit
from relay.wire.rest import MAX_TAGS, MAX_TITLE

ARCHIVE_PATH = "/archive"
SHOWN_TO = {
    "public": "everybody",
    "followers": "only who follows you",
    "unlisted": "whoever has the link; it stands on no list",
    "private": "only you",
}
LICENCES = {
    "all-rights-reserved": "All rights reserved",
    "cc-by": "CC BY 4.0: used and changed by anybody who names you",
    "cc-by-nc": "CC BY-NC 4.0: the same, and not for money",
    "cc0": "CC0: given to everybody",
}
SWITCHES = {
    "downloads": "Others can download it without loss",
    "pinned": "It stands first on your page",
    "archived": "Archived: off every list, only you have it",
}
_ADDRESS = re.compile(r"(?:\S*/)?([0-9a-f]{32})?/?")
TROUBLE = (
    f"A title is one line of at most {MAX_TITLE} characters, and a post has at most {MAX_TAGS} short tags."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnPages:
    """[loop]"""

    owning: Owning
    render: Render

    async def _post(self, call: AnyCall, action: Action) -> PostDetails:
        return await self.owning.own(call.actor, call.path["post_id"], action)

    async def edit(self, call: AnyCall) -> AnyAnswer:
        post = await self._post(call, Action.POST_EDIT)
        given = {
            "title": post.title,
            "tags": ", ".join(post.genre),
            "visibility": post.visibility,
            "licence": post.licence,
            "remix_of": _made_from(post),
            **{name: "on" for name in SWITCHES if _is_on(post, name)},
        }
        return await self._form(call, post, given)

    async def save(self, call: AnyCall) -> AnyAnswer:
        post = await self._post(call, Action.POST_EDIT)
        given = {
            name: call.form.get(name, "")
            for name in ("title", "tags", "visibility", "licence", "remix_of", *SWITCHES)
        }
        if not await self.owning.has(post.id, Ability.REMIX):
            given["remix_of"] = _made_from(post)  # it is written down, and the form does not ask
        if not _ADDRESS.fullmatch(given["remix_of"].strip()):
            return await self._form(call, post, given, "Made from: paste the address of a post.")
        try:
            change = _read(given, was=_made_from(post))
        except msgspec.ValidationError:
            return await self._form(call, post, given, TROUBLE)
        try:
            await self.owning.edit(call.actor, post.id, change)
        except Refusal as refusal:
            return await self._form(call, post, given, beside_form(refusal))
        return go_to(f"{PAGE_PATH}{post.id}")

    async def _form(
        self, call: AnyCall, post: PostDetails, given: Mapping[str, str], trouble: str = ""
    ) -> AnyAnswer:
        return self.render(
            "own.html",
            call.session,
            post=post,
            given=given,
            trouble=trouble,
            shown_to=SHOWN_TO,
            licences=LICENCES,
            switches=SWITCHES,
            says_made_from=await self.owning.has(post.id, Ability.REMIX),
            max_title=MAX_TITLE,
            max_tags=MAX_TAGS,
        )

    async def restore(self, call: AnyCall) -> AnyAnswer:
        """Out of the archive, to whom it was shown before."""
        await self.owning.edit(call.actor, call.path["post_id"], PostEdit(archived=False))
        return go_to(ARCHIVE_PATH)

    async def ask(self, call: AnyCall) -> AnyAnswer:
        post = await self._post(call, Action.POST_DELETE)
        return self.render("delete.html", call.session, post=post)

    async def delete(self, call: AnyCall) -> AnyAnswer:
        post = await self._post(call, Action.POST_DELETE)
        await self.owning.delete(call.actor, post.id)
        return go_to(f"/u/{post.username}")


def rows(owning: Owning, render: Render) -> list[AnyRow]:
    pages = OwnPages(owning=owning, render=render)
    return [
        Page("GET", "/p/{post_id}/edit", Action.POST_EDIT, pages.edit),
        Page("POST", "/p/{post_id}/edit", Action.POST_EDIT, pages.save, form=True),
        Page("POST", "/p/{post_id}/restore", Action.POST_EDIT, pages.restore, form=True),
        Page("GET", "/p/{post_id}/delete", Action.POST_DELETE, pages.ask),
        Page("POST", "/p/{post_id}/delete", Action.POST_DELETE, pages.delete, form=True),
    ]


def _made_from(post: PostDetails) -> str:
    """As the form says it."""
    return "" if post.remix_of is None else f"{PAGE_PATH}{post.remix_of.id}"


def _read(given: Mapping[str, str], was: str) -> PostEdit:
    """visibility "": as it is. was: what it was made from, as the form said it. Raises msgspec.ValidationError."""
    tags = [tag for each in given["tags"].split(",") if (tag := each.strip())]
    fields = {"title": given["title"].strip(), "genre": list(dict.fromkeys(tags))}
    terms = {"visibility": given["visibility"] or None, "licence": given["licence"] or None}
    found = _ADDRESS.fullmatch(given["remix_of"].strip())
    remix_of = None if found is None or given["remix_of"].strip() == was else found[1] or ""
    switches = {name: bool(given.get(name)) for name in SWITCHES}
    return msgspec.convert(fields | terms | switches | {"remix_of": remix_of}, PostEdit)


def _is_on(post: PostDetails, switch: str) -> bool:
    return {"downloads": post.download_url is not None, "pinned": post.pinned, "archived": post.archived}[
        switch
    ]
