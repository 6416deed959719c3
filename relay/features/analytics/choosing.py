"""/api/v1/users/me/analytics, and the page on which a person chooses whether to be counted."""

from relay.core.access import Action
from relay.core.calls import AnyAnswer, AnyCall, AnyRow, Call, Page, Render, Row
from relay.core.privacy_signal import is_private
from relay.core.redirects import go_to
from relay.engine.database import Database
from relay.features.analytics import opting_out
from relay.wire import analytics_operations as wire
from relay.wire.analytics import LEAST, CountedChoice
from relay.wire.operation import Nothing

PATH = "/settings/counting"


def rows(db: Database, render: Render) -> list[AnyRow]:
    async def is_counted(account_id: str) -> bool:
        return await db.read(lambda reader: opting_out.is_counted(reader, account_id))

    async def choose(account_id: str, counted: bool) -> None:
        await db.write(lambda tx: opting_out.choose(tx, account_id, counted))

    async def get(call: Call[Nothing, Nothing]) -> CountedChoice:
        return CountedChoice(counted=await is_counted(call.account_id))

    async def put(call: Call[CountedChoice, Nothing]) -> CountedChoice:
        await choose(call.account_id, call.body.counted)
        return call.body

    async def page(call: AnyCall) -> AnyAnswer:
        return render(
            "counting.html",
            call.session,
            counted=await is_counted(call.account_id),
            signalled=is_private(call.headers),
            least=LEAST,
        )

    async def save(call: AnyCall) -> AnyAnswer:
        await choose(call.account_id, "counted" in call.form)
        return go_to(PATH)

    return [
        Row(wire.COUNTED, Action.ACCOUNT_READ, get),
        Row(wire.CHOOSE_COUNTED, Action.ACCOUNT_EDIT, put),
        Page("GET", PATH, Action.ACCOUNT_EDIT, page),
        Page("POST", PATH, Action.ACCOUNT_EDIT, save, form=True),
    ]
