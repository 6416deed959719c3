"""Posts of others that are kept or shown on, and where the account is signed in, as the command line asks for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.doors.control.feed import item_info
from daemon.features.feed.sharing import Sharing
from daemon.features.feed.sign_ins import SignIns
from relay.wire.identity import ClaimedDevice


class SharingAnswers:
    """All methods are [loop]."""

    def __init__(self, sharing: Sharing, sign_ins: SignIns) -> None:
        self._sharing = sharing
        self._sign_ins = sign_ins
        self.answers: Answers = {
            c.SavePost: self._save,
            c.ListSaved: self._saved,
            c.ListRemixes: self._remixes,
            c.Repost: self._repost,
            c.ListWho: self._who,
            c.ListSignIns: self._list_sign_ins,
            c.EndSignIns: self._end_sign_ins,
            c.ListDevices: self._devices,
            c.RevokeDevice: self._revoke,
        }

    async def _save(self, request: c.SavePost) -> c.Reply:
        await self._sharing.save(request.post_id, request.save)
        return c.Done()

    async def _saved(self, request: c.ListSaved) -> c.Reply:
        posts, cursor = await self._sharing.saved(request.limit, request.cursor)
        return c.Discovered(items=[item_info(post) for post in posts], cursor=cursor)

    async def _remixes(self, request: c.ListRemixes) -> c.Reply:
        posts, cursor = await self._sharing.remixes(request.post_id, request.limit, request.cursor)
        return c.Discovered(items=[item_info(post) for post in posts], cursor=cursor)

    async def _repost(self, request: c.Repost) -> c.Reply:
        if request.show:
            await self._sharing.repost(request.post_id, request.text)
        else:
            await self._sharing.unrepost(request.post_id)
        return c.Done()

    async def _who(self, request: c.ListWho) -> c.Reply:
        if request.did == "reposts":
            shown = await self._sharing.reposts(request.post_id, request.limit)
            people = [
                c.WhoDid(username=each.user.username, said=each.text, at=each.created_at) for each in shown
            ]
        else:
            found = await self._sharing.who(request.post_id, request.did, request.limit)
            people = [
                c.WhoDid(username=each.user.username, said=each.reaction.emoji, at=each.reaction.created_at)
                for each in found
            ]
        return c.WhoAre(people=people)

    async def _list_sign_ins(self, _: c.ListSignIns) -> c.Reply:
        return c.SignInsAre(
            sign_ins=[
                c.SignInInfo(
                    sign_in_id=each.id,
                    kind=each.kind,
                    name=each.name,
                    since=each.since,
                    current=each.current,
                )
                for each in await self._sign_ins.listed()
            ]
        )

    async def _end_sign_ins(self, _: c.EndSignIns) -> c.Reply:
        return c.SignInsEnded(ended=await self._sign_ins.end_others())

    async def _devices(self, _: c.ListDevices) -> c.Reply:
        return c.DevicesAre(devices=[_device(each) for each in await self._sign_ins.devices()])

    async def _revoke(self, request: c.RevokeDevice) -> c.Reply:
        return c.DevicesAre(devices=[_device(await self._sign_ins.revoke(request.device))])


def _device(device: ClaimedDevice) -> c.DeviceInfo:
    return c.DeviceInfo(
        device_id=device.device_id,
        name=device.name,
        platform=device.platform,
        version=device.version,
        place=device.place,
        claimed_at=device.claimed_at,
    )
