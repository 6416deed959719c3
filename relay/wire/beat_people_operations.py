"""The operations of a beat machine's interface on people, and on what is counted; beat_people.py has their shapes."""

from relay.wire import beat_people as shapes
from relay.wire.beats import NumberedQuery, Success
from relay.wire.operation import MAX_BODY_BYTES, Interface, Nothing

USER, PATTERN = "USER_NOT_FOUND", "PATTERN_NOT_FOUND"
_row = Interface(tag="beats", missing=USER).row


PREFERENCES = _row(
    "GET",
    "/users/me/preferences",
    Nothing,
    Nothing,
    Success[shapes.PreferencesTold],
    "With what you begin in the studio, and how it looks.",
)
PREFER = _row(
    "PUT",
    "/users/me/preferences",
    shapes.PreferencesEdit,
    Nothing,
    Success[shapes.PreferencesTold],
    "Choose them.",
)
OWN_USER = _row("GET", "/users/me", Nothing, Nothing, Success[shapes.OwnUser], "Yourself.")
EDIT_OWN_USER = _row(
    "PUT",
    "/users/me",
    shapes.UserEdit,
    Nothing,
    Success[shapes.UserEdited],
    "Change how you are shown.",
    max_body_bytes=shapes.MAX_AVATAR_CHARS + MAX_BODY_BYTES,
)
FOLLOW_USER = _row(
    "POST", "/users/{username}/follow", Nothing, Nothing, Success[shapes.FollowTold], "Follow somebody."
)
UNFOLLOW_USER = _row(
    "DELETE",
    "/users/{username}/follow",
    Nothing,
    Nothing,
    Success[shapes.FollowTold],
    "Follow them no longer.",
)
FOLLOWERS_OF = _row(
    "GET",
    "/users/{username}/followers",
    Nothing,
    NumberedQuery,
    Success[shapes.FollowerPage],
    "Who follows somebody.",
)
FOLLOWED_BY = _row(
    "GET",
    "/users/{username}/following",
    Nothing,
    NumberedQuery,
    Success[shapes.FollowerPage],
    "Whom somebody follows.",
)
ACTIVITY = _row(
    "GET",
    "/feed",
    Nothing,
    NumberedQuery,
    Success[shapes.ActivityPage],
    "What those whom you follow did of late.",
)
INSTRUMENTS_USED = _row(
    "GET",
    "/analytics/popular-instruments",
    Nothing,
    shapes.UsageQuery,
    Success[shapes.InstrumentsUsed],
    "Which instruments the newest patterns use.",
    missing=PATTERN,
)
POPULAR_PATTERNS = _row(
    "GET",
    "/analytics/popular-patterns",
    Nothing,
    shapes.UsageQuery,
    Success[shapes.PopularPatterns],
    "Which patterns are much played.",
    missing=PATTERN,
)
TEMPO_DISTRIBUTION = _row(
    "GET",
    "/analytics/tempo-distribution",
    Nothing,
    shapes.RangeQuery,
    Success[shapes.TempoDistribution],
    "Which tempi the newest patterns have.",
    missing=PATTERN,
)
KEYS_USED = _row(
    "GET",
    "/analytics/key-usage",
    Nothing,
    shapes.RangeQuery,
    Success[shapes.KeysUsed],
    "Which keys the newest patterns have.",
    missing=PATTERN,
)
