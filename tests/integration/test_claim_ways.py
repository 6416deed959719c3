"""The two ways of a claim against a real relay: when one leads nowhere the other does, and neither can be misused."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from daemon.config import Config
from daemon.core.claim import MAX_BAD_REQUESTS, MAX_HEAD_BYTES
from daemon.errors import NotClaimed, Offline, RelayRefused
from daemon.events import AccountChanged, Bus
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming, Progress
from daemon.library.store import Store
from relay.wire.identity import DeviceFarewell
from tests.support.claims import FormBrowser, type_code
from tests.support.deadlines import HANG_S
from tests.support.relay import RelayProcess

LIMIT_S = HANG_S


@pytest.fixture(scope="module")
def browser(relay: RelayProcess) -> Iterator[FormBrowser]:
    with FormBrowser(relay.url) as made:
        made.sign_in("nightowl")
        yield made


class Claimer:
    """A device's account without the rest of a daemon."""

    def __init__(self, account: Account, changed: asyncio.Condition) -> None:
        self.account = account
        self._changed = changed

    def claiming(self, **limits: float) -> Claiming:
        return Claiming(self.account, **limits)

    async def until(self, claiming: Claiming, **fields: bool) -> Progress:
        """Until the named fields of its progress are there (True) or not (False)."""
        async with asyncio.timeout(LIMIT_S), self._changed:
            while True:
                now = claiming.progress
                if now and all((getattr(now, name) is not None) is there for name, there in fields.items()):
                    return now
                await self._changed.wait()


@asynccontextmanager
async def claimer_of(folder: Path, relay_url: str) -> AsyncIterator[Claimer]:
    folder.mkdir(exist_ok=True)
    config = Config(data_dir=str(folder), run_dir=str(folder), relay_url=relay_url, credential_store="file")
    store = Store(folder / "library.sqlite3")
    changed = asyncio.Condition()
    tasks: set[asyncio.Task[None]] = set()

    async def notify() -> None:
        async with changed:
            changed.notify_all()

    def said() -> None:
        task = asyncio.ensure_future(notify())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    bus = Bus()
    bus.on(AccountChanged, lambda _: said())
    account = Account(config, store, "0.1.0", bus)
    try:
        yield Claimer(account, changed)
    finally:
        await account.close()
        store.close()


@pytest.fixture
async def claimer(relay: RelayProcess, tmp_path: Path) -> AsyncIterator[Claimer]:
    async with claimer_of(tmp_path / "device", relay.url) as made:
        yield made


def listener_of(progress: Progress) -> tuple[str, int, str]:
    """Redirect address, port and state of what is waited for."""
    assert progress.authorize_url
    asked = {name: values[0] for name, values in parse_qs(urlsplit(progress.authorize_url).query).items()}
    return asked["redirect_uri"], urlsplit(asked["redirect_uri"]).port or 0, asked["state"]


async def visit(address: str, **params: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as http:
        return await http.get(address, params=params or None)


async def test_after_some_patience_a_code_is_shown_as_well(claimer: Claimer, browser: FormBrowser) -> None:
    """And the first to come wins: here the code, while the browser is still waited for."""
    claiming = claimer.claiming(patience_s=0.2)
    first = await claiming.begin(by_code=False)
    assert first.authorize_url and not first.user_code
    both = await claimer.until(claiming, user_code=True)
    assert both.authorize_url == first.authorize_url and both.user_code
    page = await asyncio.to_thread(type_code, browser, both.user_code)
    await asyncio.to_thread(browser.press, page)
    done = await claimer.until(claiming, pair=True)
    assert done.pair and done.pair.user.username == "nightowl" and claimer.account.name == "nightowl"
    with pytest.raises(httpx.ConnectError):
        await visit(listener_of(first)[0])


async def test_a_code_can_be_wanted_besides_and_changes_nothing_for_the_browser(
    claimer: Claimer, browser: FormBrowser
) -> None:
    claiming = claimer.claiming()  # a minute of patience, but for this
    first = await claiming.begin(by_code=False)
    claiming.want_code()
    both = await claimer.until(claiming, user_code=True)
    assert both.authorize_url == first.authorize_url
    await claiming.cancel()
    assert claiming.progress is None


async def test_the_browser_wins_while_the_code_is_shown(claimer: Claimer, browser: FormBrowser) -> None:
    claiming = claimer.claiming(patience_s=0.1)
    await claiming.begin(by_code=False)
    both = await claimer.until(claiming, user_code=True)
    assert both.authorize_url
    page = await asyncio.to_thread(browser.http.get, both.authorize_url)
    answer = await asyncio.to_thread(browser.press, page)
    back = await visit(answer.headers["location"])
    assert (back.status_code, back.headers["location"]) == (302, browser.url + "/claimed")
    assert (await claimer.until(claiming, pair=True)).pair


async def test_too_many_strangers_close_the_door_and_a_code_comes_at_once(
    claimer: Claimer, browser: FormBrowser
) -> None:
    claiming = claimer.claiming()  # a minute of patience
    address, port, _ = listener_of(await claiming.begin(by_code=False))
    for _ in range(MAX_BAD_REQUESTS):
        assert (await visit(f"http://127.0.0.1:{port}/")).status_code == 404
    now = await claimer.until(claiming, user_code=True)
    assert now.authorize_url is None
    with pytest.raises(httpx.ConnectError):
        await visit(address)
    await claiming.cancel()


async def test_the_door_closes_by_itself(claimer: Claimer) -> None:
    claiming = claimer.claiming(listen_limit_s=0.2)
    address, _, _ = listener_of(await claiming.begin(by_code=False))
    await claimer.until(claiming, user_code=True, authorize_url=False)
    with pytest.raises(httpx.ConnectError):
        await visit(address)
    await claiming.cancel()


async def test_what_never_ends_or_never_starts_a_request_keeps_nobody_out(
    claimer: Claimer, browser: FormBrowser
) -> None:
    claiming = claimer.claiming()
    progress = await claiming.begin(by_code=False)
    _, port, _ = listener_of(progress)
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(8)]
    reader, endless = await asyncio.open_connection("127.0.0.1", port)
    endless.write(b"GET / HTTP/1.1\r\nX: " + b"x" * 4 * MAX_HEAD_BYTES)
    assert (await reader.read()).startswith(b"HTTP/1.1 431")
    page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
    answer = await asyncio.to_thread(browser.press, page)
    assert (await visit(answer.headers["location"])).status_code == 302
    assert (await claimer.until(claiming, pair=True)).pair
    for _, writer in [*idle, (reader, endless)]:
        writer.close()


async def test_an_answer_is_taken_once(claimer: Claimer, browser: FormBrowser) -> None:
    claiming = claimer.claiming()
    progress = await claiming.begin(by_code=False)
    page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
    location = (await asyncio.to_thread(browser.press, page)).headers["location"]
    answers = await asyncio.gather(*(visit(location) for _ in range(3)), return_exceptions=True)
    statuses = [each.status_code for each in answers if isinstance(each, httpx.Response)]
    assert statuses.count(302) == 1 and set(statuses) <= {302, 404}
    assert (await claimer.until(claiming, pair=True)).pair


async def test_a_code_of_the_attacker_claims_nothing(
    claimer: Claimer, browser: FormBrowser, relay: RelayProcess, tmp_path: Path
) -> None:
    """CSRF: the attacker's own code is brought to the victim's listener, with all that the attacker can know."""
    claiming = claimer.claiming()
    address, _, state = listener_of(await claiming.begin(by_code=False))
    async with claimer_of(tmp_path / "attacker", relay.url) as attacker:
        theirs = attacker.claiming()
        progress = await theirs.begin(by_code=False)
        page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
        location = (await asyncio.to_thread(browser.press, page)).headers["location"]
        sent = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert (await visit(address, **sent)).status_code == 403  # another attempt's state
        swapped = await visit(address, **sent | {"state": state})  # even if that were known
        assert swapped.headers["location"] == relay.url + "/unclaimed"
        ended = await claimer.until(claiming, error=True)
        assert isinstance(ended.error, RelayRefused) and ended.error.code == "invalid_grant"
        assert claimer.account.name is None and not (tmp_path / "device" / "session.sealed").exists()
        await theirs.cancel()


@pytest.mark.parametrize(
    "wrong", [{"state": "x" * 43}, {"state": ""}, {"iss": "https://evil.example"}, {"iss": ""}], ids=str
)
async def test_an_answer_that_is_not_ours_claims_nothing(
    claimer: Claimer, browser: FormBrowser, wrong: dict[str, str]
) -> None:
    """The right code with another state, or said to be of another server: it is not even shown to the relay."""
    claiming = claimer.claiming()
    progress = await claiming.begin(by_code=False)
    page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
    location = (await asyncio.to_thread(browser.press, page)).headers["location"]
    address = location.partition("?")[0]
    sent = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert (await visit(address, **sent | wrong)).status_code == 403
    assert claimer.account.name is None and claiming.progress and claiming.progress.pair is None
    await visit(location)  # the code was not used up by it
    assert (await claimer.until(claiming, pair=True)).pair


async def test_a_no_on_either_way_is_a_no(claimer: Claimer, browser: FormBrowser) -> None:
    claiming = claimer.claiming(patience_s=0.1)
    await claiming.begin(by_code=False)
    both = await claimer.until(claiming, user_code=True)
    page = await asyncio.to_thread(type_code, browser, str(both.user_code))
    await asyncio.to_thread(browser.press, page, "no")
    ended = await claimer.until(claiming, error=True)
    assert ended.error is not None and ended.error.code == "access_denied"


async def test_a_new_attempt_ends_the_old_one(claimer: Claimer) -> None:
    claiming = claimer.claiming()
    old, _, _ = listener_of(await claiming.begin(by_code=False))
    new, _, _ = listener_of(await claiming.begin(by_code=False))
    assert old != new
    with pytest.raises(httpx.ConnectError):
        await visit(old)
    assert (await visit(new)).status_code == 403
    await claiming.cancel()
    with pytest.raises(httpx.ConnectError):
        await visit(new)


async def test_a_relay_that_cannot_be_reached_or_is_another_is_said(
    tmp_path: Path, relay: RelayProcess
) -> None:
    async with claimer_of(tmp_path / "a", "http://127.0.0.1:9") as nowhere:
        with pytest.raises(Offline):
            await nowhere.claiming().begin(by_code=False)
    alias = relay.url.replace("127.0.0.1", "localhost")
    async with claimer_of(tmp_path / "b", alias) as mistaken:
        with pytest.raises(RelayRefused, match="calls itself"):
            await mistaken.claiming().begin(by_code=False)


async def test_the_daemon_signs_its_refreshes_and_survives_a_lost_reply(
    claimer: Claimer, browser: FormBrowser, tmp_path: Path
) -> None:
    claiming = claimer.claiming()
    await claim(claimer, claiming, browser)
    sealed = tmp_path / "device" / "session.sealed"
    before = sealed.read_bytes()
    relay = claimer.account.relay()
    first = await relay.tokens.renew()
    sealed.write_bytes(before)  # as if the reply had been lost
    second = await relay.tokens.renew()
    assert first != second and (await relay.me()).username == "nightowl"


async def test_a_stolen_file_ends_the_sign_in_and_its_device_notices(
    claimer: Claimer, browser: FormBrowser, tmp_path: Path
) -> None:
    """Even with the key, a token that was used before its successor was is a theft."""
    claiming = claimer.claiming()
    await claim(claimer, claiming, browser)
    sealed = tmp_path / "device" / "session.sealed"
    stolen = sealed.read_bytes()
    relay = claimer.account.relay()
    for _ in range(2):
        await relay.tokens.renew()
    sealed.write_bytes(stolen)
    with pytest.raises(NotClaimed, match="no longer knows"):
        await relay.tokens.renew()
    assert not sealed.exists() and claimer.account.name is None


async def test_claiming_anew_is_not_undone_by_the_end_of_the_old_sign_in(claimer: Claimer) -> None:
    """The relay ends the old one first, so the link hears "revoked" while the new tokens are on their way."""
    account, relay = claimer.account, claimer.account.relay()
    await account.claim("reclaimer")
    identity = await account.identity()
    pair = await relay.claim(identity, "reclaimer", account.device_facts(identity))
    refused, go_on = asyncio.Event(), asyncio.Event()

    async def hold(answer: httpx.Response) -> None:
        if answer.request.url.path.endswith("/auth/refresh"):
            refused.set()
            await go_on.wait()

    relay.http._http.event_hooks = {"response": [hold]}
    confirming = asyncio.create_task(account.confirm_loss())
    await refused.wait()
    joining = asyncio.create_task(account.joined(identity, pair))
    await asyncio.wait({joining}, timeout=0.3)  # as far as it gets while the refusal is on its way
    go_on.set()
    await asyncio.gather(confirming, joining)
    assert account.name == "reclaimer"
    await relay.tokens.renew()
    assert (await relay.me()).username == "reclaimer"


async def claim(claimer: Claimer, claiming: Claiming, browser: FormBrowser) -> None:
    progress = await claiming.begin(by_code=False)
    page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
    answer = await asyncio.to_thread(browser.press, page)
    await visit(answer.headers["location"])
    await claimer.until(claiming, pair=True)


@pytest.mark.parametrize("by_code", [False, True])
async def test_a_lost_answer_to_the_last_question_does_not_lose_the_claim(
    claimer: Claimer, browser: FormBrowser, by_code: bool
) -> None:
    """The relay has given the tokens; the device sees the connection break, and asks again."""
    lost: list[str] = []

    async def lose(answer: httpx.Response) -> None:
        if answer.request.url.path == "/oauth/token" and answer.status_code == 200 and not lost:
            await answer.aread()
            lost.append(answer.json()["refresh_token"])
            raise httpx.ReadError("the connection broke")

    claimer.account.relay().http._http.event_hooks = {"response": [lose]}
    claiming = claimer.claiming()
    progress = await claiming.begin(by_code=by_code)
    if by_code:
        page = await asyncio.to_thread(type_code, browser, str(progress.user_code))
        await asyncio.to_thread(browser.press, page)
    else:
        page = await asyncio.to_thread(browser.http.get, str(progress.authorize_url))
        answer = await asyncio.to_thread(browser.press, page)
        await visit(answer.headers["location"])
    done = await claimer.until(claiming, pair=True)
    assert done.pair and lost and done.pair.refresh_token != lost[0]
    assert (await claimer.account.relay().me()).username == "nightowl"


async def test_what_is_given_up_without_the_relay_is_told_to_it_later(
    browser: FormBrowser, relay: RelayProcess, tmp_path: Path
) -> None:
    async with claimer_of(tmp_path / "device", relay.url) as claimer:
        await claim(claimer, claimer.claiming(), browser)
        device_id = (await claimer.account.facts())["device_id"]
        client = claimer.account.relay()

        async def unreachable(request: httpx.Request) -> None:
            raise httpx.ConnectError("no network")

        client.http._http.event_hooks = {"request": [unreachable]}
        assert await claimer.account.unclaim() is False
    listed = browser.http.get("/api/v1/auth/devices").json()["devices"]
    assert device_id in [each["device_id"] for each in listed]
    left = b"".join(path.read_bytes() for path in (tmp_path / "device").glob("*.json"))
    assert b"refresh" not in left and not (tmp_path / "device" / "device.key").exists()
    async with claimer_of(tmp_path / "device", relay.url) as later:  # the daemon was started anew meanwhile
        saying = asyncio.create_task(later.account.say_farewells())
        async with asyncio.timeout(LIMIT_S):
            while later.account.farewells.waiting():
                await asyncio.sleep(0.02)
        saying.cancel()
    listed = browser.http.get("/api/v1/auth/devices").json()["devices"]
    assert device_id not in [each["device_id"] for each in listed]


async def test_a_farewell_is_not_said_of_a_device_that_was_claimed_again(
    claimer: Claimer, tmp_path: Path
) -> None:
    """As when its key could not be forgotten: the same device, and another owner."""
    await claimer.account.claim("first-owner")
    facts = await claimer.account.facts()
    await claimer.account.farewells.add(DeviceFarewell(device_id=facts["device_id"], signature="A" * 86))
    identity = await claimer.account.identity()
    pair = await claimer.account.relay().claim(
        identity, "first-owner", claimer.account.device_facts(identity)
    )
    await claimer.account.joined(identity, pair)
    assert claimer.account.farewells.waiting() == []


async def test_who_waits_for_the_key_does_not_wake_as_the_account_of_before(
    tmp_path: Path, relay: RelayProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.identity.credentials.KEYRING_RETRY_S", 3.0)
    async with claimer_of(tmp_path / "d", relay.url) as before:
        await before.account.claim("alice")
    key = tmp_path / "d" / "device.key"
    seed = key.read_bytes()
    key.write_bytes(b"as unreadable as a locked keyring")
    async with claimer_of(tmp_path / "d", relay.url) as after:
        account = after.account
        waiting = asyncio.create_task(account.open())
        async with asyncio.timeout(LIMIT_S):
            while account.problem is None:
                await asyncio.sleep(0.01)
        assert account.name is None
        key.write_bytes(seed)  # unlocked; until it is looked at again the device is given to somebody else
        await account.recall()
        await account.unclaim()
        await account.claim("bob")
        async with asyncio.timeout(LIMIT_S):
            await waiting
        assert (account.name, account.owner) == ("bob", "bob")
