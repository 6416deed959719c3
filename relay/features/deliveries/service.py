"""What somebody chooses of the ways that notifications go, and what became of those that went."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace

from relay.core.access import Action, Actor, authorize
from relay.core.cursor import BEGINNING, Cursor, read_cursor, write_cursor
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import now_us
from relay.engine.database import Connection, Database, Tx
from relay.engine.outward import TargetRefused, target_of
from relay.features.accounts import api as accounts
from relay.features.deliveries import choices, push, store
from relay.features.deliveries.choices import Browser
from relay.features.deliveries.rules import Channel, Choice, Letters, Priority, Schedule, zone_of
from relay.features.deliveries.ways import Ways
from relay.features.mail import api as mail
from relay.features.notifications.api import Kind
from relay.wire import deliveries as wire
from relay.wire.notifications import NotificationPreferences, PreferencesEdit

App = Callable[[str], Awaitable[NotificationPreferences]]
NO_WEBHOOK = "There is no such webhook."
SetApp = Callable[[str, PreferencesEdit], Awaitable[NotificationPreferences]]


class _Chosen(Struct, frozen=True):
    choices: dict[Kind, Choice]
    schedule: Schedule
    address: str | None


class Deliveries:
    """app, set_app: of what somebody is told at all, which is another's to keep. [loop]"""

    def __init__(self, db: Database, ways: Ways, app: App, set_app: SetApp) -> None:
        self._db = db
        self._ways = ways
        self._app = app
        self._set_app = set_app

    # what and when ------------------------------------------------------------------------------------------------

    async def preferences(self, account_id: str) -> wire.DeliveryPreferences:
        def work(db: Connection) -> _Chosen:
            found = mail.recipient(db, account_id)
            return _Chosen(
                choices.choices(db, account_id),
                choices.schedule(db, account_id),
                None if found is None else found.address,
            )

        chosen, app = await self._db.read(work), await self._app(account_id)
        when = chosen.schedule
        return wire.DeliveryPreferences(
            kinds=[_shown(kind, choice, app) for kind, choice in chosen.choices.items()],
            letters=when.letters,
            time_zone=when.time_zone,
            quiet_from=_clock(when.quiet_from_min),
            quiet_to=_clock(when.quiet_to_min),
            sends_mail=self._ways.sends_mail,
            mail_address=chosen.address,
            push_key=self._ways.push_key,
        )

    async def choose(self, account_id: str, edit: wire.DeliveryPreferencesEdit) -> wire.DeliveryPreferences:
        """Raises Refusal: validation."""
        kinds = edit.kinds or []
        if len({each.kind for each in kinds}) < len(kinds):
            raise Refusal("validation", "A kind stands there twice.", "Name each once.")

        def work(tx: Tx) -> None:
            now = choices.choices(tx.db, account_id)
            for each in kinds:
                kind = Kind(each.kind)
                choices.choose(tx, account_id, kind, _edited(now[kind], each))
            was = choices.schedule(tx.db, account_id)
            if (schedule := _scheduled(was, edit)) != was:
                choices.set_schedule(tx, account_id, schedule)

        await self._db.write(work)
        app = {each.kind: each.app for each in kinds if each.app is not None}
        if app:
            await self._set_app(account_id, PreferencesEdit(**app))
        return await self.preferences(account_id)

    async def stopped_by(self, secret: str) -> str:
        """The name of whose letters a link stops. Raises Refusal: not_found."""

        def work(db: Connection) -> str:
            return accounts.profile(db, choices.stopped_by(db, secret)).username

        return await self._db.read(work)

    async def stop(self, secret: str) -> str:
        """No letters of notifications any more; whose. Raises Refusal: not_found."""

        def work(tx: Tx) -> str:
            account_id = choices.stopped_by(tx.db, secret)
            choices.stop_letters(tx, account_id)
            return accounts.profile(tx.db, account_id).username

        return await self._db.write(work)

    # where to -----------------------------------------------------------------------------------------------------

    async def browsers(self, account_id: str) -> wire.PushBrowsers:
        found = await self._db.read(lambda db: choices.browsers(db, account_id))
        mine = [each for each in found if each.server_key == self._ways.push_key]
        return wire.PushBrowsers(browsers=[_browser(each) for each in mine])

    async def add_browser(self, account_id: str, asked: wire.NewBrowser, agent: str) -> wire.PushBrowser:
        """agent: what the browser says of itself. Raises Refusal: validation."""
        endpoint = _required(asked.endpoint)
        try:
            p256dh, auth = push.unb64(asked.keys.p256dh), push.unb64(asked.keys.auth)
            push.require_keys(p256dh, auth)
        except ValueError as error:
            raise Refusal("validation", f"These are no keys of a browser: {error}") from None
        described = accounts.describe_agent(agent)

        def work(tx: Tx) -> Browser:
            return choices.add_browser(
                tx,
                account_id,
                endpoint=endpoint,
                p256dh=p256dh,
                auth=auth,
                server_key=self._ways.push_key,
                agent=described,
                now_us=now_us(),
            )

        return _browser(await self._db.write(work))

    async def remove_browser(self, actor: Actor, browser_id: str) -> wire.Removed:
        """Raises Refusal: not_found; also for another's."""

        def work(tx: Tx) -> None:
            found = choices.browser(tx.db, browser_id)
            _require_own(actor, found, "There is no such browser.")
            choices.remove_browser(tx, browser_id)

        await self._db.write(work)
        return wire.Removed(id=browser_id)

    async def webhooks(self, account_id: str) -> wire.Webhooks:
        found = await self._db.read(lambda db: choices.webhooks(db, account_id))
        return wire.Webhooks(webhooks=[_webhook(each) for each in found])

    async def add_webhook(self, account_id: str, url: str) -> wire.Webhook:
        """With its secret. Raises Refusal: validation."""
        target = _required(url)
        made = await self._db.write(lambda tx: choices.add_webhook(tx, account_id, target, now_us()))
        return replace(_webhook(made), secret=made.secret)

    async def remove_webhook(self, actor: Actor, webhook_id: str) -> wire.Removed:
        """Raises Refusal: not_found; also for another's."""

        def work(tx: Tx) -> None:
            _require_own(actor, choices.webhook(tx.db, webhook_id), NO_WEBHOOK)
            choices.remove_webhook(tx, webhook_id)

        await self._db.write(work)
        return wire.Removed(id=webhook_id)

    async def switch_on(self, actor: Actor, webhook_id: str) -> wire.Webhook:
        """Raises Refusal: not_found; also for another's."""

        def work(tx: Tx) -> choices.Webhook:
            _require_own(actor, choices.webhook(tx.db, webhook_id), NO_WEBHOOK)
            return choices.switch_on(tx, webhook_id)

        return _webhook(await self._db.write(work))

    # what became of them --------------------------------------------------------------------------------------------

    async def page(self, account_id: str, cursor: str | None, limit: int) -> wire.DeliveryPage:
        """Raises Refusal: cursor_invalid."""
        before = read_cursor(cursor) if cursor else BEGINNING

        def work(db: Connection) -> wire.DeliveryPage:
            rows = store.of_account(db, account_id, before, limit + 1)
            targets = _targets(db, account_id)
            last = rows[limit - 1] if len(rows) > limit else None
            return wire.DeliveryPage(
                deliveries=[_delivery(db, each, targets) for each in rows[:limit]],
                next=None if last is None else write_cursor(Cursor(last.created_us, last.id)),
            )

        return await self._db.read(work)


def _require_own(actor: Actor, found: Browser | choices.Webhook | None, words: str) -> None:
    """Raises Refusal: not_found."""
    if found is None:
        raise Refusal("not_found", words)
    authorize(actor, Action.NOTIFICATION_TARGET, found.account_id)


def _required(url: str) -> str:
    """Raises Refusal: validation."""
    try:
        target_of(url)
    except TargetRefused as error:
        raise Refusal("validation", f"Nobody can be called there. {error}") from None
    return url


def _shown(kind: Kind, choice: Choice, app: NotificationPreferences) -> wire.KindChoice:
    return wire.KindChoice(
        kind=kind,
        app=getattr(app, kind),
        mail=choice.mail,
        push=choice.push,
        webhook=choice.webhook,
        priority=choice.priority,
    )


def _edited(choice: Choice, edit: wire.KindEdit) -> Choice:
    ways = {channel.value: getattr(edit, channel.value) for channel in Channel}
    changed = {name: value for name, value in ways.items() if value is not None}
    priority = choice.priority if edit.priority is None else Priority(edit.priority)
    return replace(choice, priority=priority, **changed)


def _scheduled(was: Schedule, edit: wire.DeliveryPreferencesEdit) -> Schedule:
    """Raises Refusal: validation."""
    schedule = was
    if edit.letters is not None:
        schedule = replace(schedule, letters=Letters(edit.letters))
    if edit.time_zone is not None:
        zone_of(edit.time_zone)
        schedule = replace(schedule, time_zone=edit.time_zone)
    if edit.quiet_from is not None or edit.quiet_to is not None:
        start, end = _minute(edit.quiet_from or ""), _minute(edit.quiet_to or "")
        if (start is None) != (end is None):
            raise Refusal("validation", "Quiet hours have a beginning and an end.", "Give both, or neither.")
        schedule = replace(schedule, quiet_from_min=start, quiet_to_min=end)
    return schedule


def _minute(clock: str) -> int | None:
    hour, _, minute = clock.partition(":")
    return int(hour) * 60 + int(minute) if clock else None


def _clock(minute: int | None) -> str:
    return "" if minute is None else f"{minute // 60:02}:{minute % 60:02}"


def _browser(found: Browser) -> wire.PushBrowser:
    return wire.PushBrowser(
        id=found.id, service=_host(found.endpoint), agent=found.agent, created_at=rfc3339(found.created_us)
    )


def _webhook(found: choices.Webhook) -> wire.Webhook:
    return wire.Webhook(
        id=found.id,
        url=found.url,
        secret=None,
        failures=found.failures,
        off_at=None if found.off_us is None else rfc3339(found.off_us),
        off_why=found.off_why,
        created_at=rfc3339(found.created_us),
    )


def _targets(db: Connection, account_id: str) -> dict[str, str]:
    """What a delivery's target is called, by its id."""
    browsers = {each.id: _host(each.endpoint) for each in choices.browsers(db, account_id)}
    return browsers | {each.id: each.url for each in choices.webhooks(db, account_id)}


def _delivery(db: Connection, row: store.Row, targets: dict[str, str]) -> wire.Delivery:
    return wire.Delivery(
        id=row.id,
        channel=row.channel,
        target=targets.get(row.target_id, ""),
        priority=row.priority,
        state=row.state,
        attempts=row.attempts,
        notifications=len(store.notes_of(db, row.id)),
        due_at=rfc3339(row.due_us) if row.state in ("queued", "failed") else None,
        error=row.error,
        created_at=rfc3339(row.created_us),
        ended_at=None if row.ended_us is None else rfc3339(row.ended_us),
    )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
