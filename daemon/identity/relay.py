"""The relay as this device sees it: its client, with the device's own tokens, and the sign-in of a relay for development."""

from collections.abc import Callable

from daemon.core.claim import b64url
from daemon.identity.credentials import Identity
from daemon.identity.tokens import Tokens
from daemon.uplink.client import RelayClient
from daemon.uplink.http import RelayHttp
from relay.wire import operations
from relay.wire.identity import DeviceClaim, DeviceRegister, TokenPair, TokenRefresh, claim_message


class DeviceRelay(RelayClient):
    """All methods are [loop]. tokens: this device's."""

    tokens: Tokens

    def __init__(self, base_url: str, lost: Callable[[], None], certificate: str = "") -> None:
        """certificate: as of RelayHttp. lost: told when the relay says that this device is nobody's any more."""
        http = RelayHttp(base_url, certificate)

        async def exchange(given: TokenRefresh) -> TokenPair:
            return await http.do(operations.REFRESH_TOKEN, given)

        super().__init__(http, Tokens(exchange, lost))

    async def claim(self, identity: Identity, username: str, facts: DeviceRegister) -> TokenPair:
        """Register the device and join it to `username` by the relay's local sign-in. Raises Offline, RelayRefused."""
        device = await self.register(facts)
        message = claim_message(device.device_id, device.challenge)
        claim = DeviceClaim(
            device_id=device.device_id,
            username=username,
            challenge=device.challenge,
            signature=b64url(identity.sign(message)),
        )
        return await self.http.do(operations.CLAIM_DEVICE, claim)
