"""Sign-ins in a beat machine's interface (`/api/auth`): a forgotten password, and the end of a sign-in. One signs in on this relay's own
pages, or with a device: a token of ours is bound to one, and none is given for a password alone. So three paths say where instead.
"""

from typing import Annotated

from msgspec import Meta, Struct

from relay.wire.beats import Success
from relay.wire.bounds import PRINTABLE
from relay.wire.operation import Interface, Nothing
from relay.wire.rest import Confirmation

MailAddress = Annotated[str, Meta(min_length=3, max_length=254, pattern=PRINTABLE)]
Password = Annotated[str, Meta(min_length=1, max_length=1024, pattern=PRINTABLE)]
_row = Interface(tag="beats", missing="INVALID_CREDENTIALS").row


class Forgotten(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/auth/forgot-password."""

    email: MailAddress


class PasswordReset(Struct, frozen=True, kw_only=True, rename="camel"):
    """POST /api/auth/reset-password. token: what stands last in the letter's link. code: of an app, where the account asks for one."""

    token: Annotated[str, Meta(min_length=1, max_length=128, pattern=PRINTABLE)]
    new_password: Password
    code: Annotated[str, Meta(max_length=16, pattern=PRINTABLE)] = ""


LOG_OUT = _row(
    "POST",
    "/auth/logout",
    Nothing,
    Nothing,
    Success[Confirmation],
    "End the sign-in that asks: its tokens and connections, or this browser's.",
)
FORGOT_PASSWORD = _row(
    "POST",
    "/auth/forgot-password",
    Forgotten,
    Nothing,
    Success[Confirmation],
    "A letter with a link that sets another password, to who has confirmed this address. The answer is the same if nobody has.",
)
RESET_PASSWORD = _row(
    "POST",
    "/auth/reset-password",
    PasswordReset,
    Nothing,
    Success[Confirmation],
    "Set another password with what the letter says; every browser is signed out.",
)
REGISTER, LOG_IN, BY_GOOGLE = (
    _row(
        "POST", f"/auth/{path}", Nothing, Nothing, Success[Confirmation], f"{text} What is sent is not read."
    )
    for path, text in (
        ("register", "Refused, with the page on which an account is made here."),
        ("login", "Refused, with the page on which one signs in, and how a program does."),
        ("oauth/google", "Refused, with the page on which one signs in by Google."),
    )
)
