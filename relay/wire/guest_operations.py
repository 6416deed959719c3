"""The operations of guests."""

from relay.wire.guests import GuestToken, TakenOver, TakeOver
from relay.wire.operation import Nothing, Operation, post_row
from relay.wire.rest import API_PREFIX

MAKE_GUEST = Operation(
    method="POST",
    path=f"{API_PREFIX}/auth/guest",
    tag="auth",
    body=Nothing,
    query=Nothing,
    reply=GuestToken,
    status=201,
    text="Begin without an account: a token to make and keep loops, songs, patterns and machines with, and to share them by links."
    " What needs a name (public, likes, comments, following, posts) needs an account.",
)
TAKE_OVER = post_row(
    "/users/me/take-over",
    TakeOver,
    TakenOver,
    "All that a guest made is yours, in one step; the guest is no more. Done twice, it is the same.",
)
