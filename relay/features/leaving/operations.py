"""/api/v1/users/me/export and /users/me/delete; and the page of both, which needs no script."""

from collections.abc import Awaitable, Callable

from relay.core.access import Action, Actor
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Call, Page, Render, Row
from relay.core.cookies import SESSION
from relay.core.limits import Kind
from relay.core.redirects import go_to
from relay.features.leaving.export import MIME
from relay.features.leaving.service import Leaving
from relay.wire import social_operations as wire
from relay.wire.jobs import Job
from relay.wire.people import AccountDeleted, DeleteAccount, Export

Bare = Call[wire.Nothing, wire.Nothing]
PATH = "/settings/account"


def rows(leaving: Leaving, job_of: Callable[[Actor, str], Awaitable[Job]], render: Render) -> list[AnyRow]:
    """job_of: a job of somebody's, as they see it."""

    async def begin(call: Bare) -> Job:
        return await job_of(call.actor, await leaving.begin_export(call.account_id))

    async def export(call: Bare) -> Export:
        return await leaving.export(call.account_id)

    async def archive(call: Bare) -> Answer[wire.AudioBytes]:
        size_bytes, stream = await leaving.archive(call.account_id)
        headers = {
            "content-disposition": 'attachment; filename="sidechain-archive.zip"',
            "cache-control": "private, no-store",
        }
        return Answer(stream=stream, size_bytes=size_bytes, media_type=MIME, headers=headers)

    async def delete(call: Call[DeleteAccount, wire.Nothing]) -> AccountDeleted:
        await leaving.erasing.begin(call.account_id, call.body.username)
        return AccountDeleted(username=call.body.username)

    async def page(call: AnyCall) -> AnyAnswer:
        return render("account.html", call.session, export=await leaving.export(call.account_id))

    async def begin_on_page(call: AnyCall) -> AnyAnswer:
        await leaving.begin_export(call.account_id)
        return go_to(PATH)

    async def delete_on_page(call: AnyCall) -> AnyAnswer:
        await leaving.erasing.begin(call.account_id, call.form.get("username", "").strip())
        return go_to("/", {SESSION: ("", 0)})

    return [
        Row(wire.EXPORT_ME, Action.ACCOUNT_EXPORT, begin, limit=Kind.REPORT),
        Row(wire.EXPORT, Action.ACCOUNT_EXPORT, export),
        Row(wire.EXPORT_ARCHIVE, Action.ACCOUNT_EXPORT, archive, limit=Kind.MEDIA),
        Row(wire.DELETE_ME, Action.ACCOUNT_DELETE, delete),
        Page("GET", PATH, Action.ACCOUNT_EXPORT, page),
        Page("POST", f"{PATH}/export", Action.ACCOUNT_EXPORT, begin_on_page, form=True, limit=Kind.REPORT),
        Page("POST", f"{PATH}/delete", Action.ACCOUNT_DELETE, delete_on_page, form=True),
    ]
