"""Which acts are told of together, and in which words."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.features.deliveries.pages import ASKED
from relay.features.notifications.rules import (
    ALONE,
    GROUP_SPAN_US,
    OF_ACT,
    Act,
    Kind,
    grouped,
    people,
    sentence,
)
from relay.wire.notifications import NotificationPreferences, PreferencesEdit

NAMES = ("anna", "ben", "carl", "dora", "emil", "fritz", "gina")


def act(
    actor: str = "anna",
    kind: Kind = Kind.REACTION,
    *,
    at_us: int = 0,
    post: str = "p",
    read: bool = False,
    is_like: bool = False,
    number: int = 0,
) -> Act:
    post_id = "" if kind is Kind.FOLLOW else post
    return Act(
        id=f"{number}",
        kind=kind,
        is_like=is_like,
        actor=actor,
        at_us=at_us,
        seen=read,
        read=read,
        post_id=post_id,
        post_title="Kellerlicht",
        made_title="Tageslicht" if kind is Kind.REMIX else "",
    )


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ([act(kind=Kind.FOLLOW)], "anna follows you"),
        ([act(kind=Kind.FOLLOW), act("ben", Kind.FOLLOW)], "anna and ben follow you"),
        ([act(is_like=True)], "anna liked “Kellerlicht”"),
        ([act(is_like=True), act("ben")], "anna and ben reacted to “Kellerlicht”"),
        ([act(is_like=True), act("anna")], "anna reacted to “Kellerlicht”"),
        ([act(name) for name in NAMES[:3]], "anna, ben and carl reacted to “Kellerlicht”"),
        ([act(name) for name in NAMES], "anna, ben and 5 others reacted to “Kellerlicht”"),
        ([act(kind=Kind.FOLLOW_REQUEST)], "anna asks to follow you"),
        ([act(kind=Kind.FOLLOW_REQUEST), act("ben", Kind.FOLLOW_REQUEST)], "anna and ben ask to follow you"),
        ([act(kind=Kind.FOLLOW_ACCEPTED)], "anna lets you follow"),
        ([act(kind=Kind.REPOST), act("ben", Kind.REPOST)], "anna and ben reposted “Kellerlicht”"),
        ([act(kind=Kind.COMMENT)], "anna commented on “Kellerlicht”"),
        ([act(kind=Kind.REPLY)], "anna answered you on “Kellerlicht”"),
        ([act(kind=Kind.MENTION)], "anna mentioned you on “Kellerlicht”"),
        ([act(kind=Kind.REMIX)], "anna made “Tageslicht” from “Kellerlicht”"),
        ([act(kind=Kind.REMIX)] * 2, "anna made something from “Kellerlicht”"),
        (
            [act(kind=Kind.REMIX), act("ben", Kind.REMIX)],
            "anna and ben made something from “Kellerlicht”",
        ),
    ],
)
def test_what_happened_in_words(group: Sequence[Act], words: str) -> None:
    assert sentence(group) == words


def test_a_post_without_a_title_and_one_with_a_long_one() -> None:
    bare = Act(id="1", kind=Kind.COMMENT, actor="anna", at_us=0, seen=False, read=False, post_id="p")
    assert sentence([bare]) == "anna commented on “Untitled”"
    long = Act(
        id="1",
        kind=Kind.COMMENT,
        actor="anna",
        at_us=0,
        seen=False,
        read=False,
        post_id="p",
        post_title="x" * 120,
    )
    assert len(sentence([long])) < 100 and sentence([long]).endswith("x…”")


ACTS = st.lists(
    st.builds(
        act,
        st.sampled_from(NAMES),
        st.sampled_from(Kind),
        at_us=st.integers(0, 5 * GROUP_SPAN_US),
        post=st.sampled_from("pq"),
        read=st.booleans(),
    ),
    max_size=40,
)


@given(ACTS)
def test_grouping_loses_nothing_and_mixes_nothing(drawn: list[Act]) -> None:
    newest_first = sorted(drawn, key=lambda each: -each.at_us)
    acts = [
        Act(
            id=str(number),
            kind=each.kind,
            actor=each.actor,
            at_us=each.at_us,
            seen=each.seen,
            read=each.read,
            post_id=each.post_id,
        )
        for number, each in enumerate(newest_first)
    ]
    groups = grouped(acts)
    assert sorted(int(each.id) for group in groups for each in group) == list(range(len(acts)))
    assert [group[0].at_us for group in groups] == sorted((g[0].at_us for g in groups), reverse=True)
    for group in groups:
        assert len({(each.kind, each.post_id, each.read) for each in group}) == 1
        assert group[0].at_us - group[-1].at_us <= GROUP_SPAN_US
        assert len(group) == 1 or group[0].kind not in ALONE
        assert len(people(group)) == len({each.actor for each in group})
    heads = [group[0] for group in groups]
    for index, one in enumerate(heads):  # no two groups that could be one
        for other in heads[index + 1 :]:
            alike = (one.kind, one.post_id, one.read) == (other.kind, other.post_id, other.read)
            assert not alike or one.kind in ALONE or one.at_us - other.at_us > GROUP_SPAN_US


def test_each_kind_is_chosen_by_itself() -> None:
    kinds = {kind.value for kind in Kind}
    assert kinds == set(NotificationPreferences.__struct_fields__) == set(PreferencesEdit.__struct_fields__)
    assert set(ASKED) == set(Kind) == set(OF_ACT.values())
