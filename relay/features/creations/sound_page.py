"""The page on which the owner of a post gives it another sound, hears those it had, and has them forgotten."""

from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.creations.owning import Owning
from relay.features.creations.posts import PAGE_PATH
from relay.features.creations.replacing import Replacing, version_number

PATH = PAGE_PATH + "{post_id}/sound"


@dataclass(frozen=True, kw_only=True, slots=True)
class SoundPage:
    """max_bytes: of one sound. [loop]"""

    owning: Owning
    replacing: Replacing
    render: Render
    max_bytes: int

    async def show(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone."""
        post = await self.owning.own(call.actor, call.path["post_id"], Action.POST_EDIT)
        found = await self.replacing.versions(call.actor, post.id)
        return self.render(
            "sound.html", call.session, post=post, versions=found.versions, max_bytes=self.max_bytes
        )

    async def forget(self, call: AnyCall) -> AnyAnswer:
        """Raises Refusal: not_found, gone, validation."""
        post_id = call.path["post_id"]
        await self.replacing.require_own(call.actor, post_id)
        if not (n := call.form.get("n")):
            raise Refusal("validation", "The form names no version.", "Go back and press the button of one.")
        await self.replacing.forget(call.actor, post_id, version_number(n))
        return go_to(PATH.format(post_id=post_id))

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.POST_EDIT, self.show),
            Page("POST", f"{PATH}/forget", Action.POST_EDIT, self.forget, form=True),
        ]
