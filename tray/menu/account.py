"""Lines of the account: whose this device is, joining one, and the relay's pages."""

from collections.abc import Iterator

from bridge.control import ClaimState, Status
from tray.links import may_open
from tray.menu.words import one_line
from tray.model import BeginClaim, CancelClaim, Item, OpenUrl, WantCode


def account(status: Status, claim: ClaimState | None) -> Iterator[Item]:
    """Whose it is, or the way to become somebody's."""
    if status.account is not None:
        yield Item(id="account", label=one_line(f"Posting as {status.account}"), enabled=False)
    elif claim is not None:
        yield Item(id="account", label="Joining an account…", submenu=tuple(_claim(claim, status.relay_url)))
    elif status.relay_url is not None:
        yield Item(id="account", label="Join this device to an account…", action=BeginClaim())
    else:
        yield Item(id="setup", label="To post: type sidechain setup in a terminal", enabled=False)
    if status.relay_url is not None:
        yield Item(id="page", label="Open the relay's page", action=OpenUrl(_page(status.relay_url, "")))


def notifications(status: Status) -> Iterator[Item]:
    """How many are unread, and where they can be read."""
    if status.unread and status.relay_url is not None:
        text = "1 unread notification" if status.unread == 1 else f"{status.unread} unread notifications"
        action = OpenUrl(_page(status.relay_url, "notifications"))
        yield Item(id="notifications", label=text, action=action)


def _page(relay_url: str, name: str) -> str:
    return f"{relay_url.rstrip('/')}/{name}"


def _claim(claim: ClaimState, relay_url: str | None) -> Iterator[Item]:
    """The two ways that are open, and the way out. Pages of the relay are offered, and no others."""
    if (url := claim.authorize_url) and may_open(url, relay_url):
        yield Item(id="claim:browser", label="Open the browser again", action=OpenUrl(url))
    if claim.user_code and (url := claim.verification_uri) and may_open(url, relay_url):
        yield Item(
            id="claim:code", label=one_line(f"Type {claim.user_code} on the page"), action=OpenUrl(url)
        )
    elif not claim.user_code:
        yield Item(id="claim:want", label="No browser has opened: show a code", action=WantCode())
    yield Item(id="claim:cancel", label="Cancel", action=CancelClaim())
