"""What is recommended to somebody, as a page whose buttons need no script."""

from dataclasses import dataclass

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.recommending.feedback import Feedback
from relay.features.recommending.service import Recommending
from relay.wire.rest import DEFAULT_PAGE

PATH = "/for-you"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecommendingPages:
    """[loop]"""

    recommending: Recommending
    render: Render

    async def show(self, call: AnyCall) -> AnyAnswer:
        details = await self.recommending.for_you(call.account_id, DEFAULT_PAGE)
        is_known = await self.recommending.is_known(call.account_id)
        return self.render("for_you.html", call.session, here="for-you", details=details, is_known=is_known)

    async def say(self, call: AnyCall) -> AnyAnswer:
        """The form fields `post_id` and `said`, a name of Feedback in small letters."""
        said = Feedback.__members__.get(call.form.get("said", "").upper())
        if said is None:
            raise Refusal(
                "validation", "That is nothing that can be said of a post.", "Go back and try again."
            )
        await self.recommending.give_feedback(call.account_id, call.form.get("post_id", ""), said)
        return go_to(PATH)

    def rows(self) -> list[AnyRow]:
        return [
            Page("GET", PATH, Action.TIMELINE_READ, self.show),
            Page("POST", PATH, Action.POST_SAVE, self.say, form=True, limit=Kind.SAVE),
        ]
