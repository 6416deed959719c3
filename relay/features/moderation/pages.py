"""Reporting, the moderators' queue, appeals, and what holds on this relay: pages and forms that need no script."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from relay.core.access import Action, Role
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Page, Render
from relay.core.limits import Kind
from relay.core.redirects import go_to
from relay.core.refusal import Refusal
from relay.features.moderation.inspecting import Inspecting
from relay.features.moderation.service import DEEDS, Moderation
from relay.wire.bounds import PRINTABLE
from relay.wire.moderation import REASONS, AppealAnswer, Decision, NewAppeal, NewReport
from relay.wire.operations import Paging
from relay.wire.rest import PageCursor

QUEUE_PATH, APPEAL_PATH = "/moderation", "/appeal"
LOG_LINES = 50
DONE = {
    "dismiss": "left as it is",
    "hide": "hid",
    "unhide": "showed again",
    "remove": "removed",
    "suspend": "suspended",
    "unsuspend": "let back in",
    "look": "looked at",
    "answer": "answered",
    "role:user": "took the role from",
    "role:moderator": "made a moderator of",
    "role:admin": "made an admin of",
}
"""Each deed of the log, in words in front of what it was of."""


class Named(Struct, frozen=True, kw_only=True):
    """Query of a page that is about something."""

    kind: Annotated[str, Meta(max_length=16, pattern=PRINTABLE)] = ""
    id: Annotated[str, Meta(max_length=64, pattern=PRINTABLE)] = ""


class OnPage(Struct, frozen=True, kw_only=True):
    """Query of a page of the log."""

    cursor: PageCursor | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModerationPages:
    """[loop]"""

    moderation: Moderation
    inspecting: Inspecting
    render: Render

    async def report_form(self, call: AnyCall) -> AnyAnswer:
        kind, id_ = call.query.kind, call.query.id
        named = await self.moderation.named(call.account_id, kind, id_) if id_ else ""
        return self.render(
            "report.html", call.session, kind=kind, id=id_, named=named, reasons=REASONS, done=""
        )

    async def report(self, call: AnyCall) -> AnyAnswer:
        given = _read({name: call.form.get(name, "") for name in ("kind", "id", "reason", "text")}, NewReport)
        _, is_new = await self.moderation.report(call.account_id, given)
        done = (
            "Thank you: the moderators have it."
            if is_new
            else "You have reported this already; the moderators have it."
        )
        return self.render("report.html", call.session, kind="", id="", named="", reasons=REASONS, done=done)

    async def queue(self, call: AnyCall) -> AnyAnswer:
        return self.render(
            "moderation.html",
            call.session,
            queue=await self.moderation.queue(),
            deeds=DEEDS,
            reasons=REASONS,
            is_admin=call.actor.role is Role.ADMIN,
        )

    async def inspect(self, call: AnyCall) -> AnyAnswer:
        found = await self.inspecting.post(call.actor, call.path["post_id"])
        return self.render("inspect.html", call.session, found=found, deeds=DEEDS["post"])

    async def decide(self, call: AnyCall) -> AnyAnswer:
        fields: dict[str, object] = {name: call.form.get(name, "") for name in ("kind", "id", "deed", "note")}
        await self.moderation.decide(
            call.actor, _read(fields | {"block_sound": "block_sound" in call.form}, Decision)
        )
        return go_to(QUEUE_PATH)

    async def answer(self, call: AnyCall) -> AnyAnswer:
        given = _read({"answer": call.form.get("answer", "").strip()}, AppealAnswer)
        await self.moderation.answer(call.actor, call.path["appeal_id"], given)
        return go_to(QUEUE_PATH)

    async def log(self, call: AnyCall) -> AnyAnswer:
        page = await self.moderation.log(Paging(cursor=call.query.cursor, limit=LOG_LINES))
        return self.render("audit.html", call.session, lines=page.lines, next=page.next, deeds=DONE)

    async def appeal_form(self, call: AnyCall) -> AnyAnswer:
        mine = await self.moderation.appeals_of(call.account_id)
        about = call.query if call.query.id else Named(kind="account", id=call.account_id)
        return self.render(
            "appeal.html",
            call.session,
            about=about,
            appeals=mine,
            is_suspended=call.actor.is_suspended,
            why=await self.moderation.why(call.account_id, about.kind, about.id),
        )

    async def appeal(self, call: AnyCall) -> AnyAnswer:
        fields: dict[str, object] = {name: call.form.get(name, "").strip() for name in ("kind", "id", "text")}
        await self.moderation.appeal(call.account_id, _read(fields, NewAppeal))
        return go_to(APPEAL_PATH)


def rows(moderation: Moderation, inspecting: Inspecting, render: Render) -> list[AnyRow]:
    pages = ModerationPages(moderation=moderation, inspecting=inspecting, render=render)
    return [
        Page("GET", "/report", Action.REPORT, pages.report_form, query=Named),
        Page("POST", "/report", Action.REPORT, pages.report, form=True, limit=Kind.REPORT),
        Page("GET", QUEUE_PATH, Action.MODERATE, pages.queue),
        Page("GET", f"{QUEUE_PATH}/posts/{{post_id}}", Action.MODERATE, pages.inspect),
        Page("POST", f"{QUEUE_PATH}/decide", Action.MODERATE, pages.decide, form=True),
        Page("POST", f"{QUEUE_PATH}/appeals/{{appeal_id}}", Action.MODERATE, pages.answer, form=True),
        Page("GET", f"{QUEUE_PATH}/log", Action.AUDIT_READ, pages.log, query=OnPage),
        Page("GET", APPEAL_PATH, Action.APPEAL, pages.appeal_form, query=Named),
        Page("POST", APPEAL_PATH, Action.APPEAL, pages.appeal, form=True, limit=Kind.REPORT),
        Page("GET", "/terms", Action.SITE_READ, _words(render, "terms.html")),
        Page("GET", "/takedown", Action.SITE_READ, _words(render, "takedown.html")),
    ]


def _words(render: Render, template: str) -> Callable[[AnyCall], Awaitable[AnyAnswer]]:
    async def page(call: AnyCall) -> AnyAnswer:
        return render(template, call.session, reasons=REASONS)

    return page


def _read(fields: dict[str, object], kind: Any) -> Any:  # any: each form has a type of its own
    """Raises Refusal: validation."""
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError:
        raise Refusal(
            "validation", "Something in this form is missing or too long.", "Go back and fill it in."
        ) from None
