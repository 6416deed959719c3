"""Forms of pages: whose they are, what their button does, and what is said beside them."""

from collections.abc import Awaitable, Callable, Mapping

from relay.core.calls import AnyCall, Session
from relay.core.refusal import Refusal

BESIDE = ("validation", "picture_refused")
"""What is about what was filled in. Everything else (gone, too often, busy) is no fault of the form and has a page of its own."""


def in_browser(call: AnyCall) -> Session:
    """Raises Refusal: forbidden, of who comes with a token."""
    if call.session is None:
        raise Refusal("forbidden", "That is done in a browser.", "Sign in there.")
    return call.session


def beside_form(refusal: Refusal) -> str:
    """What stands beside the form, as the `trouble` of its page. Raises the refusal if it has a page of its own."""
    if refusal.code not in BESIDE:
        raise refusal
    return str(refusal)


async def carry_out(call: AnyCall, deeds: Mapping[str, Callable[[AnyCall], Awaitable[None]]]) -> str:
    """The deed that the form field `do` names. What stands beside the form; empty when it is done. [loop]

    Raises Refusal: forbidden, as in_browser; validation, where there is no such deed; and what has a page of its own.
    """
    in_browser(call)
    deed = deeds.get(call.form.get("do", ""))
    if deed is None:
        raise Refusal("validation", "That is nothing that can be done here.", "Go back and try again.")
    try:
        await deed(call)
    except Refusal as refusal:
        return beside_form(refusal)
    return ""
