"""Comments for people: a thread on a page of its own, and the forms that write, edit and delete, without a script."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.comments.rules import read_place
from relay.features.comments.service import Comments
from relay.wire.comments import MAX_COMMENT, Comment, CommentEdit, NewComment
from relay.wire.rest import PageCursor

ANSWERS_SHOWN = 50
FIELDS = ("text", "at", "parent_id")
TROUBLE = f"A comment has 1 to {MAX_COMMENT} characters, and none that cannot be seen."


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a thread's page."""

    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CommentPages:
    """[loop]"""

    comments: Comments
    render: Render

    async def thread(self, call: AnyCall) -> AnyAnswer:
        viewer, comment_id = call.actor.user_id, call.path["comment_id"]
        asked = await self.comments.one(viewer, comment_id)
        if asked.root_id != comment_id:
            return go_to(_address(asked))
        page = await self.comments.replies(viewer, comment_id, call.query.cursor, ANSWERS_SHOWN)
        post = await self.comments.post_of(viewer, asked)
        return self.render("thread.html", call.session, root=asked, page=page, post=post)

    async def write(self, call: AnyCall) -> AnyAnswer:
        post_id, given = call.path["post_id"], {name: call.form.get(name, "") for name in FIELDS}
        try:
            return go_to(_address(await self.comments.write(call.account_id, post_id, _read(given))))
        except (msgspec.ValidationError, Refusal) as error:
            return self._form(
                call,
                heading="Your comment",
                trouble=_words(error),
                action=f"/p/{post_id}/comments",
                back=f"/p/{post_id}",
                given=given,
                is_placed=not given["parent_id"],
            )

    async def edit(self, call: AnyCall) -> AnyAnswer:
        comment = await self.comments.own(call.actor, call.path["comment_id"], Action.COMMENT_EDIT)
        return self._edit_form(call, comment, comment.text)

    async def save(self, call: AnyCall) -> AnyAnswer:
        comment = await self.comments.own(call.actor, call.path["comment_id"], Action.COMMENT_EDIT)
        text = _lines(call.form.get("text", ""))
        try:
            said = msgspec.convert({"text": text}, CommentEdit).text
            return go_to(_address(await self.comments.edit(call.actor, comment.id, said)))
        except (msgspec.ValidationError, Refusal) as error:
            return self._edit_form(call, comment, text, _words(error))

    async def delete(self, call: AnyCall) -> AnyAnswer:
        post_id = await self.comments.delete(call.actor, call.path["comment_id"])
        return go_to(f"/p/{post_id}#comments")

    def _edit_form(self, call: AnyCall, comment: Comment, text: str, trouble: str = "") -> AnyAnswer:
        return self._form(
            call,
            heading="Edit your comment",
            trouble=trouble,
            action=f"/c/{comment.id}/edit",
            back=_address(comment),
            given={"text": text, "at": "", "parent_id": ""},
            is_placed=False,
        )

    def _form(
        self,
        call: AnyCall,
        *,
        heading: str,
        trouble: str,
        action: str,
        back: str,
        given: Mapping[str, str],
        is_placed: bool,
    ) -> AnyAnswer:
        return self.render(
            "comment_form.html",
            call.session,
            heading=heading,
            trouble=trouble,
            action=action,
            back=back,
            given=given,
            is_placed=is_placed,
        )

    def rows(self) -> list[AnyRow]:
        read, write = Action.COMMENT_READ, Action.COMMENT_WRITE
        edit, delete = Action.COMMENT_EDIT, Action.COMMENT_DELETE
        often = Kind.COMMENT
        return [
            Page("GET", "/c/{comment_id}", read, self.thread, query=OnPage),
            Page("POST", "/p/{post_id}/comments", write, self.write, form=True, limit=often),
            Page("GET", "/c/{comment_id}/edit", edit, self.edit),
            Page("POST", "/c/{comment_id}/edit", edit, self.save, form=True, limit=often),
            Page("POST", "/c/{comment_id}/delete", delete, self.delete, form=True),
        ]


def _read(given: Mapping[str, str]) -> NewComment:
    """Raises msgspec.ValidationError, Refusal: validation."""
    fields = {
        "text": _lines(given["text"]),
        "parent_id": given["parent_id"] or None,
        "position_ms": read_place(given["at"]),
    }
    return msgspec.convert(fields, NewComment)


def _address(comment: Comment) -> str:
    """On the page of its post, or of its thread where it is an answer."""
    page = f"/p/{comment.post_id}" if comment.parent_id is None else f"/c/{comment.root_id}"
    return f"{page}#c-{comment.id}"


def _lines(text: str) -> str:
    """As browsers send a text of several lines (HTML, 4.10.21.8), and as it is stored."""
    return text.replace("\r\n", "\n")


def _words(error: msgspec.ValidationError | Refusal) -> str:
    """Raises Refusal again, where the form is not at fault."""
    if isinstance(error, msgspec.ValidationError):
        return TROUBLE
    if error.code != "validation":
        raise error
    return str(error)
