"""What stands in a table of the control door: for each type of request, the function that answers it."""

from collections.abc import Awaitable, Callable

from bridge.control import Reply

# Each function takes the request type that it stands under, which a dict cannot say: hence the "...".
Answers = dict[type, Callable[..., Awaitable[Reply]]]
"""The reply's id is left out; the endpoint fills it in."""
