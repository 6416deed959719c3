"""The judge of a chaos run: `python -m tests.chaos.checker HISTORY FINAL` prints one line for each invariant.

HISTORY is JSON lines, written while it went on: what was asked and answered, what went wrong, what listeners heard.
FINAL is one JSON object: what lay on the disks of daemon and relay when all had come to rest. This program knows
nothing else, and nothing of the code that is judged. It exits 1 if any invariant is broken.

Answers are ok, fail (it was not done) or info (nobody knows: both are right, but neither half nor twice).
"""

import collections
import json
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Record = dict[str, Any]
HALTED = ("quarantined", "needs_attention", "discarded")
ENDED = ("accepted", *HALTED)


@dataclass
class Ask:
    """One keep. accounts: whom the device belonged to while it ran; None among them: nobody."""

    title: str
    post: bool
    accounts: list[str | None]
    outcome: str = "info"
    take_id: str | None = None


@dataclass
class Case:
    """All that there is to judge."""

    asks: dict[str, Ask]
    heard: list[Record]
    final: Record
    posts_of: dict[str, list[Record]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.posts_of = collections.defaultdict(list)
        for post in self.final["posts"]:
            self.posts_of[post["title"]].append(post)
        self.entries = {entry["take_id"]: entry for entry in self.final["entries"]}
        self.takes = {take["take_id"]: take for take in self.final["takes"]}


def read_case(history: list[Record], final: Record) -> Case:
    asks: dict[int, Ask] = {}
    for record in history:
        if record["what"] == "ask":
            asks[record["id"]] = Ask(record["title"], record["post"], record["accounts"])
        elif record["what"] == "answer":
            ask = asks[record["id"]]
            ask.outcome, ask.take_id, ask.accounts = (
                record["outcome"],
                record.get("take_id"),
                record["accounts"],
            )
    heard = [r for r in history if r["what"] in ("connected", "heard", "arrived")]
    return Case({ask.title: ask for ask in asks.values()}, heard, final)


# the six, each a generator of what is wrong ------------------------------------------------------------------------


def kept_is_one_post(case: Case) -> Iterator[str]:
    """Each keep that was acknowledged is there, and is in the end exactly one post, or visibly halted."""
    for ask in case.asks.values():
        count = len(case.posts_of[ask.title])
        if count > 1:
            yield f"{ask.title!r} is {count} posts"
        if ask.outcome == "fail" and count:
            yield f"{ask.title!r} was refused and is a post all the same"
        if ask.outcome != "ok":
            continue
        take = case.takes.get(ask.take_id or "")
        if take is None or take["title"] != ask.title:
            yield f"{ask.title!r} was kept as {ask.take_id} and is gone"
        elif not take["as_played"]:
            yield f"{ask.title!r} does not sound as it was played"
        if not ask.post:
            continue
        entry = case.entries.get(ask.take_id or "")
        state = entry["state"] if entry else "not in the outbox"
        if entry and state in HALTED and entry["reason"] and not count:
            continue
        if state != "accepted" or count != 1:
            yield f"{ask.title!r} is {count} posts, and {state}"


def post_is_of_a_keep(case: Case) -> Iterator[str]:
    """No post without somebody who asked for it."""
    for title, posts in case.posts_of.items():
        ask = case.asks.get(title)
        if posts and (ask is None or not ask.post):
            yield f"{title!r} was posted and nobody asked for that"


def sound_is_the_same(case: Case) -> Iterator[str]:
    """What the relay took in is, by its hash, what the pipeline made; and every file is what its hash says."""
    uploads = {upload["key"]: upload for upload in case.final["uploads"]}
    for take in case.takes.values():
        if take["flac_sha256"] and take["flac_found"] != take["flac_sha256"]:
            yield f"the lossless copy of {take['title']!r} is not what its hash says"
    for entry in case.final["entries"]:
        if entry["state"] != "accepted":
            continue
        upload = uploads.get(entry["entry_id"])
        if upload is None or upload["post_id"] != entry["post_id"]:
            yield f"{entry['title']!r} is accepted, but not as what its entry says"
        elif upload["sha256"] != entry["sha256"]:
            yield f"{entry['title']!r} arrived as other sound than was sent"
    for name, found in case.final["objects"].items():
        if name != found:
            yield f"the relay's object {name} has become {found}"


def post_is_under_its_account(case: Case) -> Iterator[str]:
    """No post under another account than the one that asked."""
    for ask in case.asks.values():
        if None in ask.accounts:  # of whoever claims next
            continue
        for post in case.posts_of[ask.title]:
            if post["account"] not in ask.accounts:
                yield f"{ask.title!r} was asked by {ask.accounts} and posted by {post['account']}"


def feeds_are_as_the_relay_says(case: Case) -> Iterator[str]:
    """Every listener hears the relay's events in its order, none twice, and none is missing that it was not told of."""
    log = case.final["log"]
    said = {(n, i): what for n, i, what in log["events"]}
    places = sorted(said)

    def after(place: tuple[int, ...]) -> tuple[int, int] | None:
        return next(iter(places[bisect_right(places, place) :]), None)

    order = {post["id"]: (place, post["account"]) for place, post in enumerate(case.final["posts"])}
    stands: tuple[str, tuple[int, ...]] | None = None  # where the bare listener is: epoch and place
    last: dict[tuple[str, str], int] = {}  # who heard, of whom
    for record in case.heard:
        if record["what"] == "arrived":
            place, author = order.get(record["post"], (-1, ""))
            if place < 0:
                yield f"{record['who']} heard of {record['post']}, which is no post"
            elif place <= last.get((record["who"], author), -1):
                yield f"{record['who']} heard of {record['post']} twice or out of order"
            last[record["who"], author] = place
        elif record["what"] == "connected":
            here = (record["epoch"], tuple(record["head"]))
            if stands is None or not record["recovered"]:
                stands = here
            elif stands[0] != here[0] or stands[1] > here[1]:
                yield f"the cursor went from {stands} to {here} without a word"
        else:
            epoch, place = record["epoch"], tuple(record["place"])
            if stands is not None and (epoch, place) != (stands[0], after(stands[1])):
                yield f"the cursor went from {stands} to {epoch}:{place}"
            if said.get(place) != record["post"]:
                yield f"{place} was heard as {record['post']}, which the relay does not say"
            stands = (epoch, place)
    if stands is not None and (stands[0] != log["epoch"] or after(stands[1]) is not None):
        yield f"the bare listener ended at {stands}, the relay's at {log['epoch']}:{places[-1:]}"
    ids = [post["id"] for post in reversed(case.final["posts"])]
    for who, feed in case.final["feeds"].items():
        if feed != ids[: len(feed)] or len(feed) < min(len(ids), case.final["feed_limit"]):
            yield f"the feed of {who} is not the relay's: {len(feed)} of {len(ids)}"


def nothing_is_left_over(case: Case) -> Iterator[str]:
    """After a quiet time: no stray file, row, segment, descriptor, process or lock; nothing that waits for ever."""
    for kind, names in case.final["strays"].items():
        if names:
            yield f"{kind}: {', '.join(map(str, names[:5]))}"
    for name, verdict in case.final["integrity"].items():
        if verdict != "ok":
            yield f"the database of {name}: {verdict}"
    for entry in case.final["entries"]:
        if entry["state"] not in ENDED:
            yield f"{entry['title']!r} is {entry['state']} for ever"


INVARIANTS: dict[str, Callable[[Case], Iterator[str]]] = {
    "I1 kept, and one post": kept_is_one_post,
    "I2 no post unasked": post_is_of_a_keep,
    "I3 the same sound": sound_is_the_same,
    "I4 its own account": post_is_under_its_account,
    "I5 feeds in order": feeds_are_as_the_relay_says,
    "I6 nothing left over": nothing_is_left_over,
}


def judge(history: list[Record], final: Record) -> dict[str, list[str]]:
    """What is wrong, by invariant."""
    case = read_case(history, final)
    return {name: list(rule(case)) for name, rule in INVARIANTS.items()}


def main(history: str, final: str) -> int:
    lines = [json.loads(line) for line in Path(history).read_text().splitlines()]
    verdict = judge(lines, json.loads(Path(final).read_text()))
    case = read_case(lines, json.loads(Path(final).read_text()))
    outcomes = collections.Counter(ask.outcome for ask in case.asks.values())
    faults = sum(record["what"] == "fault" for record in lines)
    print(
        f"asked={len(case.asks)}",
        *(f"{name}={outcomes[name]}" for name in ("ok", "fail", "info")),
        f"posts={len(case.final['posts'])} heard={len(case.heard)} faults={faults}",
    )
    for name, wrong in verdict.items():
        print(f"{name}: {'holds' if not wrong else f'BROKEN {len(wrong)} times'}")
        for sentence in wrong[:10]:
            print(f"    {sentence}")
    return 1 if any(verdict.values()) else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
