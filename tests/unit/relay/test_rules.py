"""The pure rules: access, claims, refresh, buckets, ranges, texts, times, recovery plans."""

import base64
from datetime import UTC, datetime

import pytest

from relay.core.access import OF_SUSPENDED, POLICY, Action, Actor, Relation, Role, admit, authorize
from relay.core.buckets import Limit, full, spend
from relay.core.byte_ranges import byte_range
from relay.core.cursor import read_cursor
from relay.core.refusal import Refusal
from relay.core.times import parse_rfc3339_us, rfc3339
from relay.features.creations.drawing import bars_path, levels, lines_path, outline
from relay.features.devices.claims import AUDIENCE, check_claims, check_header
from relay.features.devices.refresh import GRACE_US, LIFETIME_US, Presented, RefreshVerdict, judge
from relay.features.live.recovery import LAST, Log, Place, Plan, Why, plan, write_cursor
from relay.features.live.recovery import counted as counted_plan
from relay.features.reactions.rules import MAX_KINDS, allow, counted
from relay.wire.bounds import unprintable
from relay.wire.events import MAX_RECOVERY_EVENTS
from relay.wire.rest import MAX_REACTIONS_EACH, OUTLINE_COLUMNS, REACTIONS

ANNA, BEN = "a" * 32, "b" * 32


# access ---------------------------------------------------------------------------------------------------------


ROLES = {Relation.MODERATOR: Role.MODERATOR, Relation.ADMIN: Role.ADMIN}


def test_every_action_has_a_row() -> None:
    assert set(POLICY) == set(Action)


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("who", Relation)
def test_authorize_says_what_the_table_says(action: Action, who: Relation) -> None:
    actor = (
        Actor()
        if who is Relation.ANONYMOUS
        else Actor(user_id=ANNA if who is Relation.OWNER else BEN, role=ROLES.get(who, Role.USER))
    )
    if who in POLICY[action]:
        authorize(actor, action, ANNA)
        return
    with pytest.raises(Refusal) as refused:
        authorize(actor, action, ANNA)
    assert refused.value.code == ("sign_in_required" if who is Relation.ANONYMOUS else "not_found")


@pytest.mark.parametrize("action", Action)
def test_who_is_suspended_may_read_the_rules_and_appeal(action: Action) -> None:
    actor = Actor(user_id=ANNA, is_suspended=True)
    if action in OF_SUSPENDED:
        authorize(actor, action, ANNA)
        return
    with pytest.raises(Refusal) as refused:
        authorize(actor, action, ANNA)
    assert refused.value.code == "account_suspended"


def test_what_only_owners_may_do_is_not_refused_before_the_owner_is_known() -> None:
    admit(Actor(user_id=BEN), Action.POST_LOSSLESS)


# tokens ---------------------------------------------------------------------------------------------------------

NOW_S = 1_800_000_000
CLAIMS = {
    "iss": "me",
    "aud": AUDIENCE,
    "sub": ANNA,
    "did": BEN,
    "fam": ANNA,
    "jti": BEN,
    "iat": NOW_S,
    "exp": NOW_S + 900,
}


def test_good_claims_pass() -> None:
    assert check_claims(CLAIMS, issuer="me", now_s=NOW_S).sub == ANNA


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"iss": "you"}, "token_invalid"),
        ({"aud": "other"}, "token_invalid"),
        ({"aud": [AUDIENCE]}, "token_invalid"),
        ({"sub": "x"}, "token_invalid"),
        ({"sub": None}, "token_invalid"),
        ({"jti": None}, "token_invalid"),
        ({"exp": NOW_S + 901}, "token_invalid"),
        ({"exp": NOW_S}, "token_invalid"),
        ({"exp": float(NOW_S) + 0.5}, "token_invalid"),
        ({"exp": "9999999999"}, "token_invalid"),
        ({"iat": NOW_S + 31, "exp": NOW_S + 60}, "token_invalid"),
        ({"iat": NOW_S - 930, "exp": NOW_S - 30}, "token_expired"),
    ],
)
def test_forged_claims_are_refused(change: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        check_claims(CLAIMS | change, issuer="me", now_s=NOW_S)
    assert refused.value.code == code


@pytest.mark.parametrize("missing", CLAIMS)
def test_each_claim_is_needed(missing: str) -> None:
    with pytest.raises(Refusal):
        check_claims({k: v for k, v in CLAIMS.items() if k != missing}, issuer="me", now_s=NOW_S)


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "at+jwt", "kid": "12345678"},
        {"alg": "HS256", "typ": "at+jwt", "kid": "12345678"},
        {"alg": "Ed25519", "typ": "JWT", "kid": "12345678"},
        {"alg": "Ed25519", "kid": "12345678"},
        {"alg": "Ed25519", "typ": "at+jwt", "kid": "../../x" * 20},
        {"alg": "Ed25519", "typ": "at+jwt", "kid": "12345678", "crit": ["x"]},
        {"alg": "Ed25519", "typ": "at+jwt", "kid": "12345678", "jku": "https://evil.example"},
    ],
)
def test_forged_headers_are_refused(header: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        check_header(header)


def _presented(**change: object) -> Presented:
    values = {"issued_us": 0, "used_us": None, "later_used": False, "family_revoked": False} | change
    return Presented(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("token", "now_us", "verdict"),
    [
        (_presented(), 1, RefreshVerdict.EXCHANGE),
        (_presented(used_us=10), 10 + GRACE_US, RefreshVerdict.EXCHANGE),  # the answer got lost
        (_presented(used_us=10), 11 + GRACE_US, RefreshVerdict.REUSED),
        (_presented(used_us=10, later_used=True), 11, RefreshVerdict.REUSED),
        (_presented(later_used=True), 11, RefreshVerdict.REUSED),
        (_presented(family_revoked=True, later_used=True), 11, RefreshVerdict.ENDED),
        (_presented(), LIFETIME_US, RefreshVerdict.ENDED),
    ],
)
def test_refresh_rotation(token: Presented, now_us: int, verdict: RefreshVerdict) -> None:
    assert judge(token, now_us) is verdict


# limits, ranges, texts, times -----------------------------------------------------------------------------------


def test_a_bucket_allows_its_burst_then_refills_evenly() -> None:
    limit, now = Limit(3, 3_000_000), 0
    bucket = full(limit, now)
    answers = []
    for _ in range(4):
        spent = spend(bucket, limit, now)
        bucket = spent.bucket
        answers.append((spent.allowed, spent.remaining))
    assert answers == [(True, 2), (True, 1), (True, 0), (False, 0)]
    assert spent.retry_after_s == 1
    assert spend(bucket, limit, 1_000_000).allowed
    assert not spend(bucket, limit, -5_000_000).allowed  # a clock that went back refills nothing


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (None, None),
        ("bytes=0-99", (0, 100)),
        ("bytes=990-", (990, 1000)),
        ("bytes=990-5000", (990, 1000)),
        ("bytes=-10", (990, 1000)),
        ("bytes=-5000", (0, 1000)),
        ("bytes=-", None),
        ("bytes=0-1,5-6", None),
        ("lines=0-1", None),
        ("bytes=" + "9" * 40 + "-", None),
    ],
)
def test_byte_ranges(header: str | None, part: tuple[int, int] | None) -> None:
    assert byte_range(header, 1000) == part


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=5-2", "bytes=-0"])
def test_ranges_outside_the_file_are_refused(header: str) -> None:
    with pytest.raises(Refusal) as refused:
        byte_range(header, 1000)
    assert refused.value.code == "range_not_satisfiable"


@pytest.mark.parametrize(
    "text", ["a\0b", "a\nb", "\x1b[31m", "\u202eevil", "\u2066evil", "\ud800", "\x7f", "\u2028"]
)
def test_unprintable_text_is_found(text: str) -> None:
    assert unprintable(text) in set(text)


def test_ordinary_text_of_any_script_is_fine() -> None:
    assert unprintable("Nächtlicher Bus — 夜 🎛️ ❤️ <b>&amp; עברית") is None


@pytest.mark.parametrize("us", [0, 951_782_400_000_000, 1_795_232_727_123_456, 4_102_444_799_999_999])
def test_times_agree_with_the_standard_library(us: int) -> None:
    expected = datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)
    assert datetime.fromisoformat(rfc3339(us)) == expected
    assert parse_rfc3339_us(rfc3339(us)) == us


@pytest.mark.parametrize(
    "text", ["", "x", "é", "=" * 9, base64.urlsafe_b64encode(b"1.zz").decode(), "A" * 4000]
)
def test_cursors_of_strangers_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read_cursor(text)
    assert refused.value.code == "cursor_invalid"


def test_the_picture_has_its_bars_for_clips_of_any_length() -> None:
    for points in (1, 7, 160, 400):
        assert bars_path([-127] * points, [127] * points).count("M") == 160
    assert "1.0h3v98.0" in bars_path([-127], [127])  # full scale fills the box but for a line of air
    assert "49.0h3v2.0" in bars_path([0], [0])  # silence is a thin line
    assert lines_path([0.0, 0.25, 1.0]) == "M160.0 0v100"


# recovery -------------------------------------------------------------------------------------------------------

EPOCH = "e" * 16
LOG = Log(epoch=EPOCH, floor=100, head=500)


@pytest.mark.parametrize(
    ("cursor", "why"),
    [
        (None, Why.NEW),
        (f"{EPOCH}.500.{LAST}", Why.RESUMED),
        (f"{EPOCH}.499.0", Why.RESUMED),
        (f"{EPOCH}.100.0", Why.RESUMED),
        (f"{EPOCH}.99.{LAST}", Why.TOO_OLD),
        (f"{EPOCH}.501.0", Why.FROM_FUTURE),
        (f"{EPOCH}.500.{LAST + 1}", Why.FROM_FUTURE),
        (f"{'f' * 16}.500.0", Why.OTHER_EPOCH),
        ("of-another-relay", Why.UNREADABLE),
        (f"{EPOCH}.500.0\n", Why.UNREADABLE),
        (f"{EPOCH}.-1.0", Why.UNREADABLE),
        (f"{EPOCH}.{'9' * 17}.0", Why.UNREADABLE),
        (f"{EPOCH}.\u0661.0", Why.UNREADABLE),
    ],
)
def test_recovery_is_complete_or_plainly_refused(cursor: str | None, why: Why) -> None:
    made = plan(LOG, cursor)
    assert made.why is why
    assert made.recovered is (why in (Why.NEW, Why.RESUMED))
    assert (made.after is not None) is (why is Why.RESUMED)


def test_a_cursor_means_what_was_written_into_it() -> None:
    assert plan(LOG, write_cursor(EPOCH, Place(300, 7))) == Plan(why=Why.RESUMED, after=Place(300, 7))


def test_a_client_that_says_no_cursor_starts_at_the_head() -> None:
    assert plan(LOG, None) == Plan(why=Why.NEW)


def test_one_answer_never_carries_more_than_the_total() -> None:
    resumed = Plan(why=Why.RESUMED, after=Place(200, 0))
    assert counted_plan(resumed, MAX_RECOVERY_EVENTS) == resumed
    assert counted_plan(resumed, MAX_RECOVERY_EVENTS + 1) == Plan(why=Why.TOO_MANY)


# reactions ------------------------------------------------------------------------------------------------------


def test_one_emoji_and_only_so_many_of_one_person_and_at_one_post() -> None:
    present = list(REACTIONS[:MAX_REACTIONS_EACH])
    for emoji in present:
        allow(emoji, present[: present.index(emoji)], {})
        allow(emoji, present, {})  # again is no other
    allow("👍", [], {})
    full = {chr(0x1F400 + n): 1 for n in range(MAX_KINDS)}
    allow(REACTIONS[0], [], full)
    allow("\U0001f400", [], full)
    for emoji, before, counts in (
        (REACTIONS[-1], present, {}),
        ("<b>", [], {}),
        ("👍👍", [], {}),
        ("👍", [], full),
    ):
        with pytest.raises(Refusal) as refused:
            allow(emoji, before, counts)
        assert refused.value.code == "validation" and refused.value.next_step


def test_counts_keep_the_order_of_the_list_and_drop_what_nobody_chose() -> None:
    counts = counted(counted({}, "🔥", 1), "🎵", 1)
    assert list(counts.items()) == [("🎵", 1), ("🔥", 1)]
    assert counted(counts, "🔥", -1) == {"🎵": 1}
    assert counted({}, "🔥", -1) == {}


def test_an_outline_has_the_loudest_of_each_stretch() -> None:
    assert levels([0, -100, 0, 0], [5, 20, 0, 127], 2) == [100, 127]
    assert levels([-1], [3], 4) == [3, 3, 3, 3]
    drawn = base64.b64decode(outline([-127] * 999, [0] * 999))
    assert drawn == bytes([127]) * OUTLINE_COLUMNS
