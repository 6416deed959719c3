"""Messages of the control socket about whose this device is: claiming it, giving it up, and who it is. Sent and received like
those of control.py, which holds the unions.
"""

from typing import ClassVar

from bridge.control_base import ControlMessage as _Control
from bridge.control_base import Done
from bridge.control_values import Url
from plugin_protocol.message_base import Line, Short


class Claimed(_Control, frozen=True, kw_only=True, tag="claimed"):
    account: Short
    device_id: Short


class ClaimState(_Control, frozen=True, kw_only=True, tag="claim_is"):
    """Where the claim stands that was begun last. Addresses and code are there as long as they help.

    `code`, `message`, `next_step` say how it failed, as in `Failed`.
    """

    state: Short  # "none", "waiting", "claimed", "failed"
    authorize_url: Url | None = None  # to be opened in a browser of this machine
    verification_uri: Url | None = None  # to be opened anywhere; user_code is typed there
    user_code: Short | None = None
    account: Short | None = None
    device_id: Short | None = None
    code: Short | None = None
    message: Line = ""
    next_step: Line = ""


class Unclaimed(_Control, frozen=True, kw_only=True, tag="unclaimed"):
    """`account`: whose it was. `relay_told` False: the relay could not be asked, and still lists the device."""

    account: Short | None
    relay_told: bool


class Whoami(_Control, frozen=True, kw_only=True, tag="whoami_is"):
    """`device_id` is the relay's, None before the first claim. `problem`: what stands in the way of the identity."""

    account: Short | None
    device_id: Short | None
    device_name: Line
    relay_url: Url | None
    credential_store: Short
    problem: Line | None


class ClaimDevice(_Control, frozen=True, kw_only=True, tag="claim"):
    """Join this device to an account by the relay's local sign-in (relays started with --dev only)."""

    Reply: ClassVar = Claimed

    username: Short


class BeginClaim(_Control, frozen=True, kw_only=True, tag="begin_claim"):
    """Join this device to whoever says yes at the relay. Ends the attempt that was under way.

    Answered when there is something to show; from then on StateChanged says when GetClaim has news. by_code: the
    browser is on another machine, or there is none.
    """

    Reply: ClassVar = ClaimState

    by_code: bool = False


class GetClaim(_Control, frozen=True, kw_only=True, tag="get_claim"):
    Reply: ClassVar = ClaimState


class WantCode(_Control, frozen=True, kw_only=True, tag="want_code"):
    """No browser seems to open: show a code besides, now. Whichever is answered first counts."""

    Reply: ClassVar = Done


class CancelClaim(_Control, frozen=True, kw_only=True, tag="cancel_claim"):
    Reply: ClassVar = Done


class UnclaimDevice(_Control, frozen=True, kw_only=True, tag="unclaim"):
    """Give the device up: the relay ends its tokens, its key is forgotten. Takes and Entries stay."""

    Reply: ClassVar = Unclaimed


class WhoAmI(_Control, frozen=True, kw_only=True, tag="whoami"):
    Reply: ClassVar = Whoami
