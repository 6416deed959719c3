"""What a claim asks of the relay: its metadata, a place for this device, tokens for a code. Every proof is signed here."""

from daemon.core.claim import Attempt, b64url, fault_of_metadata
from daemon.errors import RelayRefused
from daemon.identity.credentials import Identity
from daemon.uplink.client import RelayClient
from relay.wire import oauth
from relay.wire.identity import Device, DeviceRegister, TokenPair


class ClaimingRelay:
    """One device at one relay. [loop] Raises Offline, RelayRefused."""

    def __init__(self, relay: RelayClient, identity: Identity) -> None:
        self._relay = relay
        self._identity = identity

    async def metadata(self) -> oauth.Metadata:
        """Checked: of this relay and no other."""
        address = self._relay.base_url + oauth.METADATA_PATH
        found = await self._relay.http.get(address, oauth.Metadata)
        if fault := fault_of_metadata(found, self._relay.base_url):
            raise RelayRefused(fault, "Set relay_url to the relay's own address.", status=0, code="metadata")
        return found

    async def register(self, device: DeviceRegister) -> Device:
        return await self._relay.register(device)

    async def exchange(
        self, metadata: oauth.Metadata, attempt: Attempt, port: int, device_id: str, code: str
    ) -> TokenPair:
        """RFC 6749, 4.1.3 with the verifier, signed. The answer must name the attempt's nonce."""
        pair = await self._relay.http.form(
            metadata.token_endpoint,
            {
                "grant_type": oauth.CODE_GRANT,
                "client_id": oauth.CLIENT_ID,
                "code": code,
                "redirect_uri": attempt.redirect_uri(port),
                "code_verifier": attempt.verifier,
                **self._proof(oauth.CODE_GRANT, device_id, code),
            },
            TokenPair,
        )
        if pair.nonce != attempt.nonce or pair.device_id != device_id:
            raise RelayRefused(
                "The relay answered another claim than this one.", "Claim again.", status=0, code="nonce"
            )
        return pair

    async def begin_by_code(self, metadata: oauth.Metadata, device_id: str) -> oauth.DeviceAuthorization:
        """RFC 8628, 3.1."""
        signature = b64url(self._identity.sign(oauth.grant_message(device_id)))
        fields = {"client_id": oauth.CLIENT_ID, "device_id": device_id, "signature": signature}
        return await self._relay.http.form(
            metadata.device_authorization_endpoint, fields, oauth.DeviceAuthorization
        )

    async def poll(self, metadata: oauth.Metadata, device_id: str, device_code: str) -> TokenPair:
        """RFC 8628, 3.4, signed. Raises RelayRefused, whose code is the RFC's word."""
        fields = {
            "grant_type": oauth.DEVICE_GRANT,
            "client_id": oauth.CLIENT_ID,
            "device_code": device_code,
            **self._proof(oauth.DEVICE_GRANT, device_id, device_code),
        }
        return await self._relay.http.form(metadata.token_endpoint, fields, TokenPair)

    def _proof(self, grant_type: str, device_id: str, secret: str) -> dict[str, str]:
        signature = self._identity.sign(oauth.token_message(grant_type, device_id, secret))
        return {"device_id": device_id, "signature": b64url(signature)}
