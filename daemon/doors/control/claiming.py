"""Claiming this device and giving it up, as tray and command line ask for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.identity.account import Account
from daemon.identity.claiming import Claiming, Progress


class ClaimAnswers:
    """All methods are [loop]."""

    def __init__(self, account: Account, claiming: Claiming) -> None:
        self._account = account
        self._claiming = claiming
        self.answers: Answers = {
            c.ClaimDevice: self._claim,
            c.BeginClaim: self._begin,
            c.GetClaim: self._look,
            c.WantCode: self._want_code,
            c.CancelClaim: self._cancel,
            c.UnclaimDevice: self._unclaim,
            c.WhoAmI: self._who,
        }

    async def _claim(self, request: c.ClaimDevice) -> c.Reply:
        pair = await self._account.claim(request.username)
        return c.Claimed(account=pair.user.username, device_id=pair.device_id)

    async def _begin(self, request: c.BeginClaim) -> c.Reply:
        return claim_state(await self._claiming.begin(by_code=request.by_code))

    async def _look(self, request: c.GetClaim) -> c.Reply:
        return claim_state(self._claiming.progress)

    async def _want_code(self, request: c.WantCode) -> c.Reply:
        self._claiming.want_code()
        return c.Done()

    async def _cancel(self, request: c.CancelClaim) -> c.Reply:
        await self._claiming.cancel()
        return c.Done()

    async def _unclaim(self, request: c.UnclaimDevice) -> c.Reply:
        await self._claiming.cancel()
        account = self._account.owner
        told = await self._account.unclaim()
        return c.Unclaimed(account=account, relay_told=told)

    async def _who(self, request: c.WhoAmI) -> c.Reply:
        facts = await self._account.facts()
        return c.Whoami(
            account=self._account.name,
            device_id=facts.get("device_id"),
            device_name=self._account.device_name,
            relay_url=self._account.relay_url,
            credential_store=self._account.credential_store,
            problem=self._account.problem[:512] if self._account.problem else None,
        )


def claim_state(progress: Progress | None) -> c.ClaimState:
    if progress is None:
        return c.ClaimState(state="none")
    pair, error = progress.pair, progress.error
    return c.ClaimState(
        state="claimed" if pair else "failed" if error else "waiting",
        authorize_url=progress.authorize_url,
        verification_uri=progress.verification_uri,
        user_code=progress.user_code,
        account=pair.user.username if pair else None,
        device_id=pair.device_id if pair else None,
        code=error.code[:64] if error else None,
        message=error.message[:512] if error else "",
        next_step=error.next_step[:512] if error else "",
    )
