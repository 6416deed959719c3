"""The operations on numbers, as rows (operations.py); analytics.py has their shapes."""

from relay.wire import analytics as shapes
from relay.wire.operation import Nothing, list_row, row_of
from relay.wire.operation import get_row as _get

COUNTED = _get("/users/me/analytics", shapes.CountedChoice, "Whether what you hear and do is counted.")
CHOOSE_COUNTED = row_of(
    "PUT",
    "/users/me/analytics",
    shapes.CountedChoice,
    Nothing,
    shapes.CountedChoice,
    "Be counted, or not. A browser that sends `Sec-GPC: 1` is not counted either way.",
    "",
)
OWN_NUMBERS = list_row(
    "/analytics/me",
    shapes.NumbersQuery,
    shapes.OwnNumbers,
    "How much your posts were heard and what people said to them, by day and by post. `format=csv`: the days as a table.",
)
POST_NUMBERS = list_row(
    "/analytics/me/posts/{post_id}",
    shapes.NumbersQuery,
    shapes.PostOverTime,
    "The same of one post of yours, and where people stop hearing it. `format=csv`: the days as a table.",
)
CONTENT_NUMBERS = list_row(
    "/analytics/content",
    shapes.NumbersQuery,
    shapes.ContentNumbers,
    "What is made here: what is heard most, keys, tempi, instruments, how much is shared and forked. `format=csv`: as a table.",
)
PLATFORM_NUMBERS = list_row(
    "/analytics/platform",
    shapes.NumbersQuery,
    shapes.PlatformNumbers,
    "For admins: who was here, came back and did something, by day and week; jobs. `format=csv`: the days as a table.",
)
