"""Devices: registered by their key, joined to an account, listed, and taken away from it."""

import secrets

from relay.core.access import Action, Actor, authorize
from relay.core.places import describe
from relay.core.refusal import Refusal
from relay.core.times import rfc3339
from relay.engine.clock import new_id, now_us
from relay.engine.database import Connection, Database, Tx
from relay.features.accounts import api as accounts
from relay.features.devices.families import (
    MAX_LISTED,
    Families,
    end_families,
    end_other_families,
    families_of,
)
from relay.features.devices.proofs import is_signed_by, key_bytes
from relay.wire.identity import (
    ClaimedDevice,
    ClaimedDevices,
    Device,
    DeviceClaim,
    DeviceFarewell,
    DeviceRegister,
    DeviceRevoked,
    Sessions,
    SessionsEnded,
    SignedIn,
    TokenPair,
    claim_message,
    farewell_message,
    register_message,
)

CHALLENGE_US = 300_000_000


class Devices:
    """[loop]"""

    def __init__(self, db: Database, families: Families) -> None:
        self._db = db
        self._families = families

    async def register(self, request: DeviceRegister, network: str) -> Device:
        """The device of this public key, with a fresh challenge to sign. Raises Refusal: validation, signature_invalid.

        network: where it asks from, of core.places.
        """
        public_key = key_bytes(request.public_key)
        if not is_signed_by(public_key, register_message(request), request.signature):
            raise Refusal("signature_invalid", "The signature is not this device's.")
        now, fresh_id, challenge = now_us(), new_id(), secrets.token_urlsafe(32)

        def work(tx: Tx) -> Device:
            tx.db.execute(
                "INSERT INTO device (id, public_key, name, platform, version, network, created_us)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (public_key) DO UPDATE SET name = excluded.name,"
                " platform = excluded.platform, version = excluded.version, network = excluded.network",
                (fresh_id, public_key, request.name, request.platform, request.version, network, now),
            )
            device_id, created_us, username = tx.db.execute(
                "SELECT device.id, device.created_us, account.username FROM device"
                " LEFT JOIN account ON account.id = device.account_id WHERE public_key = ?",
                (public_key,),
            ).fetchone()
            tx.db.execute("DELETE FROM challenge WHERE expires_us <= ?", (now,))
            tx.db.execute(
                "INSERT INTO challenge (value, device_id, expires_us) VALUES (?, ?, ?)",
                (challenge, device_id, now + CHALLENGE_US),
            )
            return Device(
                device_id=device_id,
                name=request.name,
                claimed_by=username,
                created_at=rfc3339(created_us),
                challenge=challenge,
            )

        return await self._db.write(work)

    async def claim(self, request: DeviceClaim, account_id: str) -> TokenPair:
        """Join a device, which has signed for it, to the account that asks; its sign-in is refreshed with its key alone.

        Raises Refusal: device_unknown, challenge_invalid, signature_invalid, device_claimed.
        """

        def work(tx: Tx) -> TokenPair:
            return self._join(tx, request, account_id, proof=True)

        return await self._db.write(work)

    async def claim_by_name(self, request: DeviceClaim, username: str) -> TokenPair:
        """Join a device to an account named by the caller; only a --dev relay offers this. Raises Refusal as `claim`."""

        def work(tx: Tx) -> TokenPair:
            return self._join(tx, request, accounts.ensure_account(tx, username, now_us()), proof=False)

        return await self._db.write(work)

    def _join(self, tx: Tx, request: DeviceClaim, account_id: str, *, proof: bool) -> TokenPair:
        _prove_device(tx, request, account_id, now_us())
        join(tx, request.device_id, account_id)
        _, pair = self._families.open(tx, account_id=account_id, device_id=request.device_id, proof=proof)
        return pair

    async def of(self, account_id: str) -> ClaimedDevices:
        """The devices of an account, the last claimed first."""

        def work(db: Connection) -> ClaimedDevices:
            found = db.execute(
                "SELECT id, name, platform, version, network, created_us, claimed_us FROM device"
                " WHERE account_id = ? ORDER BY claimed_us DESC, id LIMIT ?",
                (account_id, MAX_LISTED),
            )
            return ClaimedDevices(
                devices=[
                    ClaimedDevice(
                        device_id=id_,
                        name=name,
                        platform=platform,
                        version=version,
                        place=describe(network),
                        created_at=rfc3339(created_us),
                        claimed_at=rfc3339(claimed_us),
                    )
                    for id_, name, platform, version, network, created_us, claimed_us in found
                ]
            )

        return await self._db.read(work)

    async def revoke(self, actor: Actor, device_id: str, action: Action) -> DeviceRevoked:
        """Take a device away from its account and end what it had. Raises Refusal: not_found."""

        def work(tx: Tx) -> DeviceRevoked:
            found = tx.db.execute("SELECT account_id FROM device WHERE id = ?", (device_id,)).fetchone()
            if found is None or found[0] is None:
                raise Refusal("not_found", "There is nothing here.")
            authorize(actor, action, found[0])
            _release(tx, device_id)
            return DeviceRevoked(device_id=device_id)

        return await self._db.write(work)

    async def farewell(self, given: DeviceFarewell) -> DeviceRevoked:
        """A device that is given up says so itself; saying it twice does no harm. Raises Refusal: signature_invalid."""

        def work(tx: Tx) -> DeviceRevoked:
            found = tx.db.execute("SELECT public_key FROM device WHERE id = ?", (given.device_id,)).fetchone()
            if found is None or not is_signed_by(
                found[0], farewell_message(given.device_id), given.signature
            ):
                raise Refusal("signature_invalid", "The signature is not this device's.")
            _release(tx, given.device_id)
            return DeviceRevoked(device_id=given.device_id)

        return await self._db.write(work)

    async def sessions(self, actor: Actor) -> Sessions:
        """Every browser and device that is signed in as this account, the newest first."""

        def work(db: Connection) -> Sessions:
            account_id = actor.account_id
            found = [
                SignedIn(
                    id=id_, kind="device", name=name, since=rfc3339(at_us), current=id_ == actor.family_id
                )
                for id_, name, at_us in families_of(db, account_id)
            ]
            found += [
                SignedIn(
                    id=each.id,
                    kind="browser",
                    name=each.agent,
                    since=rfc3339(each.created_us),
                    current=each.id == actor.session_id,
                )
                for each in accounts.sessions_of(db, account_id)
            ]
            return Sessions(sessions=sorted(found, key=lambda each: each.since, reverse=True))

        return await self._db.read(work)

    async def end_sessions(self, actor: Actor) -> SessionsEnded:
        """Sign out everywhere but where this is asked. Devices stay the account's, and have to be claimed again."""

        def work(tx: Tx) -> SessionsEnded:
            devices = end_other_families(tx, actor.account_id, actor.family_id)
            browsers = [
                each.id
                for each in accounts.sessions_of(tx.db, actor.account_id)
                if each.id != actor.session_id
            ]
            for session_id in browsers:
                accounts.end_session(tx, session_id)
            return SessionsEnded(ended=devices + len(browsers))

        return await self._db.write(work)


def _release(tx: Tx, device_id: str) -> None:
    """It belongs to nobody, and what it had has ended. [writer]"""
    tx.db.execute("UPDATE device SET account_id = NULL, claimed_us = NULL WHERE id = ?", (device_id,))
    tx.db.execute("DELETE FROM device_grant WHERE device_id = ?", (device_id,))
    tx.db.execute("DELETE FROM claim_code WHERE device_id = ? AND used_us IS NULL", (device_id,))
    end_families(tx, device_id)


def join(tx: Tx, device_id: str, account_id: str) -> None:
    """The device belongs to the account from now on. [writer]"""
    tx.db.execute(
        "UPDATE device SET account_id = ?, claimed_us = ? WHERE id = ?", (account_id, now_us(), device_id)
    )


def _prove_device(tx: Tx, request: DeviceClaim, account_id: str, now: int) -> None:
    device = tx.db.execute(
        "SELECT public_key, username, account_id FROM device LEFT JOIN account ON account.id = device.account_id"
        " WHERE device.id = ?",
        (request.device_id,),
    ).fetchone()
    if device is None:
        raise Refusal("device_unknown", "This device is not registered here.", "Register it first.")
    spent = tx.db.execute(
        "DELETE FROM challenge WHERE value = ? AND device_id = ? AND expires_us > ? RETURNING 1",
        (request.challenge, request.device_id, now),
    ).fetchone()
    if spent is None:
        raise Refusal(
            "challenge_invalid",
            "The challenge is unknown, used or older than five minutes.",
            "Register the device again to get a fresh one.",
        )
    if not is_signed_by(device[0], claim_message(request.device_id, request.challenge), request.signature):
        raise Refusal("signature_invalid", "The signature is not this device's.")
    if device[2] not in (None, account_id):
        raise Refusal("device_claimed", f"This device belongs to {device[1]}.", "Remove it there first.")
