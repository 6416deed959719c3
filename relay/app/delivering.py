"""The ways of deliveries, made of what a relay is set up with."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from relay.app.config import Config
from relay.app.engines import Engines
from relay.app.listening import Listening
from relay.app.post_services import PostServices
from relay.app.services import SignInServices, mailer_of
from relay.app.tracing import traced_deliveries
from relay.engine.outward import Outward
from relay.features.deliveries import letters, push
from relay.features.deliveries.delivering import Delivering
from relay.features.deliveries.service import Deliveries
from relay.features.deliveries.ways import WEBHOOKS_PATH, Ways
from relay.features.devices.signing import load_key, seed_of
from relay.features.mail.sending import Sending


@dataclass(frozen=True, kw_only=True, slots=True)
class DeliveryServices:
    """deliveries: what people ask for. delivering: what carries it out."""

    deliveries: Deliveries
    delivering: Delivering


def delivery_services(
    config: Config,
    base_url: str,
    engines: Engines,
    sign_in: SignInServices,
    posts: PostServices,
    listening: Listening,
) -> DeliveryServices:
    """It hears of every notification from here on. Raises BadKey. [loop]"""
    notifications = posts.notifications
    secret = seed_of(load_key(config.key_file))
    contact = base_url if config.mail_from is None else f"mailto:{config.mail_from}"
    ways = Ways(
        mailer_of(config),
        Outward(allow_private=config.private_targets),
        push.Sender(secret, contact),
        base_url,
    )
    listening.deliveries = delivering = Delivering(
        engines.db,
        ways,
        notifications.of,
        _switched_off(sign_in.sending, base_url),
        traced_deliveries(engines.traces),
    )
    return DeliveryServices(
        deliveries=Deliveries(engines.db, ways, notifications.preferences, notifications.prefer),
        delivering=delivering,
    )


def _switched_off(sending: Sending, base_url: str) -> Callable[[str, str, str], None]:
    host = urlsplit(base_url).hostname or ""
    write = partial(letters.switched_off, host=host, page_url=base_url + WEBHOOKS_PATH)

    def tell(account_id: str, url: str, why: str) -> None:
        sending.tell(account_id, lambda to: write(to.address, to.username, url, why))

    return tell
