"""Presence of several processes on a wire in memory and a clock of our own."""

import asyncio
from collections.abc import Callable

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.core.presence import GRACE_US, LEASE_US, Visible
from relay.engine.bus.memory import MemoryBus, MemoryWire
from relay.engine.leases.messages import LEASES_A_MESSAGE, Letter, Renewal, all_of, pack, unpack
from relay.engine.leases.shared import BEAT_US, CHANGE_INTERVAL_US, SharedLeases
from tests.support.leases import Leases

ANNA, BEN = "a" * 32, "b" * 32
START_US = 1_000_000_000


class Cluster:
    """Processes a, b, c … on one wire. Time goes only by `pass_`."""

    def __init__(self) -> None:
        self.wire = MemoryWire()
        self.now_us = START_US
        self.nodes: list[SharedLeases] = []
        self.buses: list[MemoryBus] = []
        self.changes: list[list[Visible]] = []

    async def add(self) -> SharedLeases:
        bus, changes = MemoryBus(self.wire), list[Visible]()
        node = SharedLeases(bus, changes.extend, lambda: self.now_us)
        self.nodes.append(node)
        self.buses.append(bus)
        self.changes.append(changes)
        await bus.start()
        await settle()
        return node

    async def kill(self, number: int) -> None:
        """It says nothing any more, and hears nothing."""
        await self.buses[number].close()
        del self.nodes[number], self.buses[number], self.changes[number]

    async def pass_(self, us: int, renew: Callable[[], None] = lambda: None) -> None:
        until_us = self.now_us + us
        while self.now_us < until_us:
            self.now_us = min(until_us, self.now_us + 1_000_000)
            renew()
            for node in self.nodes:
                node.tick(self.now_us)
            await settle()

    def say(self, node: SharedLeases, user_id: str, device: str, status: str, bpm: float = 120.0) -> None:
        node.say(user_id, device, status=status, daw="Ardour", bpm=bpm, now_us=self.now_us)

    def status(self, user_id: str) -> list[str]:
        """As each node sees it."""
        return [node.visible(user_id, self.now_us).status for node in self.nodes]


async def settle() -> None:
    """Until every message has come, and what it made others say."""
    for _ in range(5):
        await asyncio.sleep(0)


async def cluster_of(count: int) -> Cluster:
    cluster = Cluster()
    for _ in range(count):
        await cluster.add()
    return cluster


async def test_all_processes_see_what_one_was_told() -> None:
    cluster = await cluster_of(3)
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    await settle()
    assert cluster.status(ANNA) == ["producing"] * 3
    assert [[each.status for each in changes] for changes in cluster.changes] == [["producing"]] * 3


async def test_who_comes_late_asks_and_knows_since_when() -> None:
    cluster = await cluster_of(2)
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    await cluster.pass_(10_000_000)
    late = await cluster.add()
    seen = late.visible(ANNA, cluster.now_us)
    assert (seen.status, seen.since_us, seen.bpm) == ("producing", START_US, 120.0)


async def test_a_renewed_device_stays_for_everybody_and_a_silent_one_ends_for_everybody() -> None:
    cluster = await cluster_of(3)
    node = cluster.nodes[1]
    cluster.say(node, ANNA, "d1", "idle")
    await cluster.pass_(3 * LEASE_US, lambda: node.renew(ANNA, "d1", cluster.now_us))
    assert cluster.status(ANNA) == ["idle"] * 3
    await cluster.pass_(LEASE_US + 500_000)
    assert cluster.status(ANNA) == ["offline"] * 3
    assert [changes[-1].status for changes in cluster.changes] == ["offline"] * 3
    assert [len(changes) for changes in cluster.changes] == [2] * 3


async def test_what_a_killed_process_held_ends_with_its_lease() -> None:
    cluster = await cluster_of(3)
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    await cluster.pass_(BEAT_US + 500_000)
    await cluster.kill(0)
    await cluster.pass_(LEASE_US - BEAT_US)
    assert cluster.status(ANNA) == ["producing"] * 2, "three beats have not been missed"
    await cluster.pass_(BEAT_US + 1_000_000)
    assert cluster.status(ANNA) == ["offline"] * 2


async def test_a_process_that_was_frozen_and_wakes_agrees_again() -> None:
    """What was said meanwhile waits in its socket; it did not tick, and the others have forgotten it."""
    cluster = await cluster_of(3)
    frozen, bus = cluster.nodes[0], cluster.buses[0]
    cluster.say(frozen, ANNA, "d1", "producing")
    await cluster.pass_(1_000_000)
    cluster.nodes.remove(frozen)
    waiting: list[bytes] = []
    really, bus.heard = bus.heard, waiting.append  # type: ignore[method-assign]
    await cluster.pass_(2 * LEASE_US)
    assert cluster.status(ANNA) == ["offline"] * 2
    cluster.say(cluster.nodes[0], BEN, "d2", "recording")
    await cluster.pass_(1_000_000)
    bus.heard = really  # type: ignore[method-assign]
    cluster.nodes.insert(0, frozen)
    frozen.renew(ANNA, "d1", cluster.now_us)  # her device has waited too
    cluster.say(frozen, ANNA, "d1", "idle")
    for frame in waiting:
        bus.heard(frame)
    await cluster.pass_(2_000_000)
    assert cluster.status(ANNA) == ["idle"] * 3
    assert cluster.status(BEN) == ["recording"] * 3


async def test_a_device_that_moves_to_another_process_is_not_ended_by_the_first() -> None:
    cluster = await cluster_of(3)
    cluster.say(cluster.nodes[0], ANNA, "d1", "recording")
    await cluster.pass_(1_000_000)
    cluster.say(cluster.nodes[1], ANNA, "d1", "idle")
    await settle()
    assert cluster.status(ANNA) == ["idle"] * 3, "what it said last counts, not what is most"
    cluster.nodes[0].leave(ANNA, "d1", cluster.now_us)  # only now does the first notice that its line is dead
    await cluster.pass_(GRACE_US + 1_000_000, lambda: cluster.nodes[1].renew(ANNA, "d1", cluster.now_us))
    assert cluster.status(ANNA) == ["idle"] * 3


async def test_a_leave_ends_after_the_grace_time_everywhere_and_a_return_within_it_is_not_seen() -> None:
    cluster = await cluster_of(2)
    node = cluster.nodes[0]
    cluster.say(node, ANNA, "d1", "producing")
    await cluster.pass_(1_000_000)
    node.leave(ANNA, "d1", cluster.now_us)
    await cluster.pass_(GRACE_US - 1_000_000)
    late = await cluster.add()
    assert late.visible(ANNA, cluster.now_us).status == "producing"
    cluster.say(cluster.nodes[1], ANNA, "d1", "producing")
    await settle()
    await cluster.pass_(GRACE_US, lambda: cluster.nodes[1].renew(ANNA, "d1", cluster.now_us))
    assert cluster.status(ANNA) == ["producing"] * 3
    assert [len(changes) for changes in cluster.changes] == [1, 1, 1]
    cluster.nodes[1].leave(ANNA, "d1", cluster.now_us)
    await cluster.pass_(GRACE_US + 1_000_000)
    assert cluster.status(ANNA) == ["offline"] * 3


async def test_of_one_person_at_most_one_change_a_second_goes_out_and_the_last_one_does() -> None:
    cluster = await cluster_of(2)
    node = cluster.nodes[0]
    for number in range(40):
        cluster.say(node, ANNA, "d1", "producing" if number % 2 else "recording", bpm=100.0 + number)
        cluster.now_us += CHANGE_INTERVAL_US // 10
        await settle()
    await cluster.pass_(2 * CHANGE_INTERVAL_US)
    for changes in cluster.changes:
        assert len(changes) <= 6, "four seconds, and what came after"
        assert (changes[0].bpm, changes[-1].bpm) == (100.0, 139.0)
    cluster.say(node, BEN, "d2", "idle")
    await settle()
    assert cluster.changes[1][-1].user_id == BEN, "others do not wait for her"


async def test_who_comes_back_to_the_same_within_the_second_is_not_told_again() -> None:
    cluster = await cluster_of(2)
    node = cluster.nodes[0]
    for status in ("producing", "offline", "producing"):
        cluster.say(node, ANNA, "d1", status)
    await cluster.pass_(2 * CHANGE_INTERVAL_US)
    assert [[each.status for each in changes] for changes in cluster.changes] == [["producing"]] * 2


async def test_what_changes_nothing_delays_no_change() -> None:
    """A letter that says again what is known comes less than a second before the lease ends."""
    cluster = await cluster_of(2)
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    await cluster.pass_(2 * CHANGE_INTERVAL_US)
    cluster.wire.cut()
    cluster.wire.mend()
    await settle()
    cluster.say(cluster.nodes[0], ANNA, "d1", "offline")
    await settle()
    assert [changes[-1].status for changes in cluster.changes] == ["offline"] * 2


async def test_what_a_cut_wire_lost_is_there_when_it_is_back() -> None:
    cluster = await cluster_of(3)
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    cluster.say(cluster.nodes[0], BEN, "d2", "idle")
    await cluster.pass_(1_000_000)
    cluster.wire.cut()
    cluster.say(cluster.nodes[0], ANNA, "d1", "recording")
    cluster.say(cluster.nodes[0], BEN, "d2", "offline")
    await cluster.pass_(1_000_000)
    assert cluster.status(ANNA) == ["recording", "producing", "producing"]
    cluster.wire.mend()
    await settle()
    assert cluster.status(ANNA) == ["recording"] * 3
    assert cluster.status(BEN) == ["offline"] * 3


async def test_one_lost_letter_is_noticed_and_asked_for() -> None:
    cluster = await cluster_of(2)
    await cluster.pass_(1_000_000)
    really, cluster.buses[1].heard = cluster.buses[1].heard, lambda frame: None  # type: ignore[method-assign]
    cluster.say(cluster.nodes[0], ANNA, "d1", "producing")
    await settle()
    cluster.buses[1].heard = really  # type: ignore[method-assign]
    assert cluster.status(ANNA) == ["producing", "offline"]
    await cluster.pass_(BEAT_US + 2_000_000, lambda: cluster.nodes[0].renew(ANNA, "d1", cluster.now_us))
    assert cluster.status(ANNA) == ["producing"] * 2


async def test_more_devices_than_fit_a_message_are_told_whole() -> None:
    cluster = await cluster_of(1)
    people = [f"{number:032x}" for number in range(2 * LEASES_A_MESSAGE + 5)]
    for person in people:
        cluster.say(cluster.nodes[0], person, "d1", "idle")
    late = await cluster.add()
    assert {late.visible(person, cluster.now_us).status for person in people} == {"idle"}
    assert [len(held.leases) for held in all_of([])] == [0]


def test_messages_of_a_newer_version_are_skipped_and_the_others_are_read() -> None:
    said = Renewal(ANNA, "d1", "idle", None, None, 1, 1, False)
    encode = msgspec.msgpack.encode
    letter = Letter("peer", 7, [msgspec.Raw(encode(["moved", 1, 2])), msgspec.Raw(encode(said))])
    assert unpack(encode(letter)) == ("peer", 7, [said])
    newer = msgspec.Raw(encode([*msgspec.msgpack.decode(encode(said)), "a field we do not know"]))
    assert unpack(encode(Letter("peer", 8, [newer]))) == ("peer", 8, [said])
    assert unpack(pack("peer", 9, [said])) == ("peer", 9, [said])


async def test_what_is_no_letter_harms_nobody() -> None:
    cluster = await cluster_of(1)
    stranger = MemoryBus(cluster.wire)
    await stranger.start()
    for data in (b"", b"\xff", b"\x93\x01\x02\x03", b"x" * 1000):
        stranger.publish("leases", data)
    cluster.say(cluster.nodes[0], ANNA, "d1", "idle")
    await settle()
    assert cluster.status(ANNA) == ["idle"]


# against one process that hears everything ------------------------------------------------------------------------------

STEP = st.tuples(
    st.sampled_from(["say", "say", "renew", "leave", "pass"]),
    st.integers(0, 2),
    st.sampled_from([ANNA, BEN]),
    st.sampled_from(["d1", "d2"]),
    st.sampled_from(["recording", "producing", "idle", "away", "offline"]),
    st.integers(1, 20_000_000),
)
Step = tuple[str, int, str, str, str, int]


async def _play(cluster: Cluster, step: Step, oracle: Leases, holders: dict[tuple[str, str], int]) -> None:
    what, number, user_id, device, status, us = step
    node, key = cluster.nodes[number], (user_id, device)
    match what:
        case "say":
            cluster.say(node, user_id, device, status)
            oracle.say(user_id, device, status=status, daw="Ardour", bpm=120.0, now_us=cluster.now_us)
            holders[key] = number
        case "renew":
            node.renew(user_id, device, cluster.now_us)
            if holders.get(key) == number:
                oracle.renew(user_id, device, cluster.now_us)
        case "leave":
            node.leave(user_id, device, cluster.now_us)
            if holders.get(key) == number:
                oracle.leave(user_id, device, cluster.now_us)
        case "pass":
            await cluster.pass_(us)
            oracle.expire(cluster.now_us)
    cluster.now_us += 1


@settings(max_examples=150)
@given(st.lists(STEP, max_size=12))
def test_three_processes_see_what_one_would_see(steps: list[Step]) -> None:
    async def run() -> None:
        cluster = await cluster_of(3)
        oracle, holders = Leases(), dict[tuple[str, str], int]()
        for step in steps:
            await _play(cluster, step, oracle, holders)
            await cluster.pass_(2 * CHANGE_INTERVAL_US)  # what waited has gone out
            oracle.expire(cluster.now_us)
            for user_id in (ANNA, BEN):
                assert cluster.status(user_id) == [oracle.visible(user_id, cluster.now_us).status] * 3

    asyncio.run(run())


@settings(max_examples=200)
@given(st.lists(st.tuples(STEP, st.sampled_from(["", "", "", "cut", "mend"])), max_size=15))
def test_whatever_the_wire_did_all_agree_once_it_is_back(steps: list[tuple[Step, str]]) -> None:
    async def run() -> None:
        cluster = await cluster_of(3)
        for step, wire in steps:
            if wire == "cut":
                cluster.wire.cut()
            elif wire == "mend" and not cluster.wire.up:
                cluster.wire.mend()
            await _play(cluster, step, Leases(), {})
        if not cluster.wire.up:
            cluster.wire.mend()
        stood: list[list[str]] = []
        while (stands := [cluster.status(user_id) for user_id in (ANNA, BEN)]) != stood:
            stood = stands  # a lease that ends in the last second is told in the next
            await cluster.pass_(2 * CHANGE_INTERVAL_US)
        for user_id in (ANNA, BEN):
            assert len(set(cluster.status(user_id))) == 1
            told = {changes_of(changes, user_id) for changes in cluster.changes}
            assert told == set(cluster.status(user_id)), "what was told last is what is"

    asyncio.run(run())


def changes_of(changes: list[Visible], user_id: str) -> str:
    return next((each.status for each in reversed(changes) if each.user_id == user_id), "offline")
