"""Who of those followed is there."""

from daemon.core.friends import MAX_FRIENDS, present, producing
from relay.wire.events import PresenceUpdate


def presence(user: str, status: str) -> PresenceUpdate:
    return PresenceUpdate(user_id=user * 32, username=user * 3, status=status, since="2026-01-01T00:00:00Z")


def test_the_last_word_on_each_counts_and_who_is_offline_is_not_there() -> None:
    told = [presence("a", "producing"), presence("b", "idle"), presence("c", "recording")]
    friends = present(told)
    assert producing(friends.values()) == ("aaa", "ccc")
    friends = present([*friends.values(), presence("b", "producing"), presence("a", "offline")])
    assert set(friends) == {"b" * 32, "c" * 32} and producing(friends.values()) == ("bbb", "ccc")


def test_telling_the_same_again_changes_nothing() -> None:
    friends = present([presence("a", "producing"), presence("b", "idle")])
    assert present([*friends.values(), presence("a", "producing")]) == friends


def test_of_too_many_those_heard_of_first_stay() -> None:
    many = [
        PresenceUpdate(user_id=f"{n:032x}", username="ana", status="idle", since="2026-01-01T00:00:00Z")
        for n in range(MAX_FRIENDS + 2)
    ]
    assert list(present(many)) == [f"{n:032x}" for n in range(MAX_FRIENDS)]
