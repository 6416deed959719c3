"""A form of a page: which deed its button does, and what of a refusal stands beside it."""

import asyncio
from collections.abc import AsyncIterator
from typing import get_args

import pytest

from relay.core.access import Actor
from relay.core.calls import AnyCall, Call, Session
from relay.core.page_forms import BESIDE, beside_form, carry_out
from relay.core.refusal import Code, Refusal

BROWSER = Session(actor=Actor(user_id="mira"), username="mira.k", csrf="c")


async def nothing() -> AsyncIterator[bytes]:
    yield b""


def call(do: str, session: Session | None = BROWSER) -> AnyCall:
    return Call(
        actor=BROWSER.actor,
        session=session,
        body=None,
        query=None,
        path={},
        headers={},
        cookies={},
        address="",
        query_string="",
        head=False,
        form={"do": do},
        stream=nothing,
    )


@pytest.mark.parametrize("code", get_args(Code))
def test_beside_a_form_stands_what_is_about_what_was_filled_in_and_nothing_else(code: Code) -> None:
    refusal = Refusal(code, "It is so.", "Do that.")
    if code in BESIDE:
        assert beside_form(refusal) == "It is so. Do that."
    else:
        with pytest.raises(Refusal) as raised:
            beside_form(refusal)
        assert raised.value is refusal


def test_a_button_does_the_deed_it_names_in_a_browser_alone() -> None:
    done: list[AnyCall] = []

    async def keep(asked: AnyCall) -> None:
        done.append(asked)

    async def refuse(_: AnyCall) -> None:
        raise Refusal("validation", "Not that.")

    async def lag(_: AnyCall) -> None:
        raise Refusal("busy", "Later.")

    def press(do: str, session: Session | None = BROWSER) -> str:
        return asyncio.run(carry_out(call(do, session), {"keep": keep, "refuse": refuse, "lag": lag}))

    assert press("keep") == "" and [each.form["do"] for each in done] == ["keep"]
    assert press("refuse") == "Not that."
    refused = (("lag", BROWSER, "busy"), ("", BROWSER, "validation"), ("keep", None, "forbidden"))
    for do, session, code in refused:
        with pytest.raises(Refusal) as raised:
            press(do, session)
        assert raised.value.code == code
    assert len(done) == 1
