"""How each fault of plan.py is done, and mended. Everything is harmed as it is in life: by signals, sockets, disks.

Each is a coroutine of the world and the fault; when it returns, what it broke is whole again.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import bridge.control as c
from bridge.errors import DaemonNotRunning, DaemonSilent
from tests.chaos.daemons import Died, ForkedDaemon
from tests.chaos.plan import FAULTS, Fault
from tests.chaos.test_damaged_library import HARMS, do_harm
from tests.chaos.world import LARK, OWL, World
from tests.support.deadlines import HANG_S
from tests.support.relay import RelayClient

HOUR_S, DAY_S = 3600, 86_400
FLAP_S = 0.15
SLOW_BYTES_PER_S = 200_000.0
CUT_BYTES = 300_000
DELAY_S = 0.3


async def do(world: World, fault: Fault) -> None:
    """One fault of the plan, from its moment until it is mended."""
    await asyncio.sleep(fault.at_s)
    world.note("fault", name=fault.name, length_s=round(fault.length_s, 3))
    await HOW[fault.name](world, fault)
    world.note("mended", name=fault.name)


# processes --------------------------------------------------------------------------------------------------------


async def kill_daemon(world: World, fault: Fault, number: int = signal.SIGKILL) -> None:
    await world.producer.kill(number)
    await asyncio.sleep(fault.length_s / 2)
    await world.started(world.producer)


async def end_daemon(world: World, fault: Fault) -> None:
    await kill_daemon(world, fault, signal.SIGTERM)


async def kill_follower(world: World, fault: Fault) -> None:
    await world.follower.kill()
    await asyncio.sleep(fault.length_s)
    await world.started(world.follower)


async def damage_library(world: World, fault: Fault) -> None:
    chance = random.Random(fault.seed)
    await world.producer.kill()
    with contextlib.suppress(FileNotFoundError):  # there may be no log to be gone
        await asyncio.to_thread(
            do_harm, world.producer.data / "library.sqlite3", chance.choice(HARMS), chance
        )
    await world.started(world.producer)


async def power_cut(world: World, fault: Fault) -> None:
    assert world.disk
    await world.producer.kill()
    await world.disk.cut()
    await world.disk.mount()
    await world.started(world.producer)


async def _stopped(pid: int, length_s: float) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        await asyncio.sleep(length_s)
        os.kill(pid, signal.SIGCONT)


async def stop_daemon(world: World, fault: Fault) -> None:
    await _stopped(world.producer.pid, fault.length_s)


async def stop_follower(world: World, fault: Fault) -> None:
    await _stopped(world.follower.pid, fault.length_s)


async def stop_relay(world: World, fault: Fault) -> None:
    await _stopped(world.relay.pid, fault.length_s)


async def stop_host(world: World, fault: Fault) -> None:
    await _stopped(random.Random(fault.seed).choice(world.hosts).process.pid, fault.length_s)


async def sleep(world: World, fault: Fault) -> None:
    """The computers sleep an hour, and what stood on the network is forgotten meanwhile, with nobody told."""
    for line in (world.line, world.far_line):
        line.half_open = True
        line.cut_all()
        line.half_open = False
    world.clock.slept(HOUR_S)
    await asyncio.sleep(fault.length_s)


async def kill_worker(world: World, fault: Fault) -> None:
    for pid in world.server.workers():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


async def kill_host(world: World, fault: Fault) -> None:
    place = random.Random(fault.seed).randrange(len(world.hosts))
    host = world.hosts[place]
    host.process.kill()
    await host.process.wait()
    await asyncio.sleep(fault.length_s)
    await world.start_host(place)


async def kill_relay(world: World, fault: Fault) -> None:
    world.relay.kill()
    await world.relay.wait()
    await asyncio.sleep(fault.length_s)
    await world.start_relay()


async def kill_decoder(world: World, fault: Fault) -> None:
    """The first that has a job within the fault's time."""
    until = asyncio.get_running_loop().time() + fault.length_s
    while asyncio.get_running_loop().time() < until:
        children = Path(f"/proc/{world.relay.pid}/task/{world.relay.pid}/children").read_text().split()
        for pid in children:
            with contextlib.suppress(OSError):
                if "NoNewPrivs:\t1" in Path("/proc", pid, "status").read_text():
                    os.kill(int(pid), signal.SIGKILL)
                    return
        await asyncio.sleep(0.01)


# network ----------------------------------------------------------------------------------------------------------


async def flaps(world: World, fault: Fault) -> None:
    chance = random.Random(fault.seed)
    until = asyncio.get_running_loop().time() + fault.length_s
    while asyncio.get_running_loop().time() < until:
        for line in (world.line, world.far_line):
            line.cut_all()
        await asyncio.sleep(chance.random() * FLAP_S)


async def network_down(world: World, fault: Fault) -> None:
    for line in (world.line, world.far_line):
        line.down = True
        line.cut_all()
    await asyncio.sleep(fault.length_s)
    for line in (world.line, world.far_line):
        line.down = False


async def half_open(world: World, fault: Fault) -> None:
    """The relay is not told of cuts."""
    for line in (world.line, world.far_line):
        line.half_open = True
    await flaps(world, fault)
    for line in (world.line, world.far_line):
        line.half_open = False


async def silence(world: World, fault: Fault) -> None:
    """Nothing passes and nothing is closed; then, as after a NAT forgot, all that stood is gone."""
    for line in (world.line, world.far_line):
        line.silent = True
    await asyncio.sleep(fault.length_s)
    for line in (world.line, world.far_line):
        line.cut_all()
        line.silent = False


async def lost_replies(world: World, fault: Fault) -> None:
    """To whatever changes something at the relay."""
    world.line.lose_reply = lambda head: head.startswith((b"POST", b"PATCH"))
    await asyncio.sleep(fault.length_s)
    world.line.lose_reply = lambda head: False


async def cut_bodies(world: World, fault: Fault) -> None:
    chance = random.Random(fault.seed)
    world.line.cut_after = lambda: chance.randrange(CUT_BYTES)
    world.line.cut_all()
    await asyncio.sleep(fault.length_s)
    world.line.cut_after = lambda: None


async def slow_network(world: World, fault: Fault) -> None:
    world.line.bytes_per_s = SLOW_BYTES_PER_S
    await asyncio.sleep(fault.length_s)
    world.line.bytes_per_s = None


async def slow_answers(world: World, fault: Fault) -> None:
    for line in (world.line, world.far_line):
        line.delay_s = DELAY_S
    await asyncio.sleep(fault.length_s)
    for line in (world.line, world.far_line):
        line.delay_s = 0.0


# disk, clock ------------------------------------------------------------------------------------------------------


async def _disk_is(world: World, state: str, length_s: float) -> None:
    assert world.disk
    world.disk.be(state)
    await asyncio.sleep(length_s)
    world.disk.be("well")
    await alive(world, world.producer)


async def disk_full(world: World, fault: Fault) -> None:
    await _disk_is(world, "full", fault.length_s)


async def disk_sick(world: World, fault: Fault) -> None:
    await _disk_is(world, "sick", fault.length_s)


async def alive(world: World, daemon: ForkedDaemon) -> None:
    """It answers, or is started again as a service manager does, which the history tells."""
    try:
        await daemon.answers()
    except (Died, DaemonNotRunning, DaemonSilent):
        world.note("note", of=daemon.home.name, sentence=f"ended by itself: {daemon.last_words()[-300:]}")
        await daemon.after_death()
        await world.started(daemon)


def clock(wrong_by_s: Callable[[], int]) -> Callable[[World, Fault], Awaitable[None]]:
    async def jump(world: World, fault: Fault) -> None:
        world.clock.wall(wrong_by_s())
        await asyncio.sleep(fault.length_s)
        world.clock.wall(0)

    return jump


# who we are -------------------------------------------------------------------------------------------------------


async def revoke(world: World, fault: Fault) -> None:
    """The owner takes the device away at the relay, while it is at work, and gives it back."""
    who = await world.producer.ask(c.WhoAmI())
    assert isinstance(who, c.Whoami)
    device_id = who.device_id

    def take_away() -> None:
        owner = RelayClient(world.relay_url)
        try:
            owner.sign_in(OWL)
            owner.http.post(f"/auth/devices/{device_id}/revoke").raise_for_status()
        finally:
            owner.close()

    world.accounts |= {None}
    world.account = None
    await asyncio.to_thread(take_away)
    await asyncio.sleep(fault.length_s)
    async with asyncio.timeout(HANG_S):  # it is told by its socket, or by the next call
        while isinstance(who := await world.producer.ask(c.WhoAmI()), c.Whoami) and who.account:
            await asyncio.sleep(0.05)
    await world.claim(OWL)


async def other_account(world: World, fault: Fault) -> None:
    await world.claim(LARK)
    await asyncio.sleep(fault.length_s)
    await world.claim(OWL)


async def keyring_locked(world: World, fault: Fault) -> None:
    """It waits behind its window while the daemon starts."""
    assert world.keyring
    world.keyring(signal.SIGSTOP)
    world.accounts |= {None}
    world.account = None
    await kill_daemon(world, fault)
    await asyncio.sleep(fault.length_s)
    world.keyring(signal.SIGCONT)
    await world.claim(OWL)


HOW: dict[str, Callable[[World, Fault], Awaitable[None]]] = {
    "kill daemon": kill_daemon,
    "end daemon": end_daemon,
    "stop daemon": stop_daemon,
    "damage library": damage_library,
    "power cut": power_cut,
    "kill follower": kill_follower,
    "stop follower": stop_follower,
    "kill worker": kill_worker,
    "kill host": kill_host,
    "stop host": stop_host,
    "kill relay": kill_relay,
    "stop relay": stop_relay,
    "kill decoder": kill_decoder,
    "flaps": flaps,
    "network down": network_down,
    "half open": half_open,
    "silence": silence,
    "lost replies": lost_replies,
    "cut bodies": cut_bodies,
    "slow network": slow_network,
    "slow answers": slow_answers,
    "disk full": disk_full,
    "disk sick": disk_sick,
    "clock back": clock(lambda: -HOUR_S),
    "clock ahead": clock(lambda: DAY_S),
    "clock of 1970": clock(lambda: HOUR_S - int(time.time())),
    "revoke": revoke,
    "other account": other_account,
    "keyring locked": keyring_locked,
    "sleep": sleep,
}
assert HOW.keys() == FAULTS.keys()
