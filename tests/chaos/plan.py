"""What is asked and what goes wrong in a chaos run, as values made from a seed: the same seed, the same plan.

A round is a few asks and one or two faults, with the moments at which they begin. Nothing here looks at what came of
an earlier round. Not here: how a fault is done (nemesis.py), what is right (checker.py).
"""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass

HOSTS = 2
ASKS = (2, 5)  # a round
MOMENTS_S = 0.6  # faults and asks begin within
LONGEST_S = 1.5  # a fault lasts at most
TWO_FAULTS = 0.35
NOT_POSTED = 0.15

# fault: (what it is about, what it needs). Two of one subject do not happen at once, nor one with what it spares.
FAULTS: dict[str, tuple[str, frozenset[str]]] = {
    "kill daemon": ("daemon", frozenset()),
    "end daemon": ("daemon", frozenset()),
    "stop daemon": ("daemon", frozenset()),
    "damage library": ("daemon", frozenset()),
    "power cut": ("daemon", frozenset({"disk"})),
    "kill follower": ("follower", frozenset()),
    "stop follower": ("follower", frozenset()),
    "kill worker": ("worker", frozenset()),
    "kill host": ("host", frozenset()),
    "stop host": ("host", frozenset()),
    "kill relay": ("relay", frozenset()),
    "stop relay": ("relay", frozenset()),
    "kill decoder": ("relay", frozenset()),
    "flaps": ("network", frozenset()),
    "network down": ("network", frozenset()),
    "half open": ("network", frozenset()),
    "silence": ("network", frozenset()),
    "lost replies": ("network", frozenset()),
    "cut bodies": ("network", frozenset()),
    "slow network": ("network", frozenset()),
    "slow answers": ("network", frozenset()),
    "disk full": ("disk", frozenset({"disk"})),
    "disk sick": ("disk", frozenset({"disk"})),
    "clock back": ("clock", frozenset()),
    "clock ahead": ("clock", frozenset()),
    "clock of 1970": ("clock", frozenset()),
    "sleep": ("clock", frozenset()),
    "revoke": ("account", frozenset()),
    "other account": ("account", frozenset()),
    "keyring locked": ("account", frozenset({"keyring"})),
}
ALONE = {"account"}  # what calls the relay itself to change who we are
APART = {frozenset({"daemon", "disk"}), frozenset({"relay", "network"})}


@dataclass(frozen=True)
class Ask:
    """Keep the last bar. who: "person" or "host N"."""

    number: int
    who: str
    title: str
    post: bool
    at_s: float


@dataclass(frozen=True)
class Fault:
    name: str
    at_s: float
    length_s: float
    seed: int  # of what it decides by itself


@dataclass(frozen=True)
class Round:
    number: int
    faults: tuple[Fault, ...]
    asks: tuple[Ask, ...]


def rounds(seed: int, have: Collection[str] = ("disk",)) -> Iterator[Round]:
    """Without end; every fault that can be had comes once before any comes again. have: what there is to break."""
    chance = random.Random(seed)
    possible = [name for name, (_, needs) in FAULTS.items() if needs <= set(have)]
    deck: list[str] = []
    asked = 0
    number = 0
    while True:
        number += 1
        if not deck:
            deck = chance.sample(possible, len(possible))
        names = [deck.pop()]
        if chance.random() < TWO_FAULTS:
            second = next((name for name in reversed(deck) if together(names[0], name)), None)
            if second:
                deck.remove(second)
                names.append(second)
        asks = []
        for _ in range(chance.randint(*ASKS)):
            asked += 1
            who = chance.choice(["person", *(f"host {n}" for n in range(HOSTS))])
            post = chance.random() >= NOT_POSTED
            asks.append(Ask(asked, who, f"ask {asked} of {seed}", post, chance.random() * MOMENTS_S))
        faults = (
            Fault(name, chance.random() * MOMENTS_S, chance.random() * LONGEST_S, chance.randrange(2**32))
            for name in names
        )
        yield Round(number, tuple(faults), tuple(asks))


def together(one: str, other: str) -> bool:
    """Whether the two can happen at once."""
    about = {FAULTS[one][0], FAULTS[other][0]}
    return len(about) == 2 and not about & ALONE and frozenset(about) not in APART
