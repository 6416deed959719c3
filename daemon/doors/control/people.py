"""People, as the command line asks for them."""

from pathlib import Path

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.feed.people import People
from relay.wire.people import Me, ProfileEdit
from relay.wire.rest import Producer


class PeopleAnswers:
    """base_url: of the relay. All methods are [loop]."""

    def __init__(self, people: People, base_url: str) -> None:
        self._people = people
        self._base_url = base_url
        self.answers: Answers = {
            c.GetProfile: self._profile,
            c.EditProfile: self._edit,
            c.SetPicture: self._picture,
            c.ListPeople: self._list,
            c.ChangePerson: self._change,
            c.ReportThis: self._report,
            c.ExportAccount: self._export,
            c.DeleteAccount: self._delete,
        }

    async def _profile(self, request: c.GetProfile) -> c.Reply:
        found = await (self._people.profile(request.username) if request.username else self._people.me())
        return c.ProfileIs(person=self._info(found))

    async def _edit(self, request: c.EditProfile) -> c.Reply:
        edit = ProfileEdit(
            display_name=request.display_name,
            bio=request.bio,
            daw_preference=request.daw,
            links=None if request.links is None else list(request.links),
            is_private=request.is_private,
            shows_activity=request.shows_activity,
            post_visibility=request.post_visibility,
        )
        return c.ProfileIs(person=self._info(await self._people.edit(edit)))

    async def _picture(self, request: c.SetPicture) -> c.Reply:
        return c.ProfileIs(person=self._info(await self._people.set_picture(request.path)))

    async def _list(self, request: c.ListPeople) -> c.Reply:
        found = await self._people.listed(request.which, request.username, request.limit)
        return c.PeopleAre(people=[self._info(each) for each in found])

    async def _change(self, request: c.ChangePerson) -> c.Reply:
        await self._people.change(request.username, request.change)
        return c.Done()

    async def _report(self, request: c.ReportThis) -> c.Reply:
        await self._people.report(request.target, request.reason, request.text)
        return c.Done()

    async def _export(self, request: c.ExportAccount) -> c.Reply:
        size_bytes = await self._people.export(Path(request.path))
        return c.ExportIs(path=request.path, size_bytes=size_bytes)

    async def _delete(self, request: c.DeleteAccount) -> c.Reply:
        await self._people.delete_account(request.username)
        return c.Done()

    def _info(self, person: Producer) -> c.ProfileInfo:
        return c.ProfileInfo(
            username=person.username,
            display_name=person.display_name,
            bio=person.bio,
            daw=person.daw_preference,
            links=tuple(person.links),
            url=f"{self._base_url}/@{person.username}",
            follower_count=person.follower_count,
            following_count=person.following_count,
            post_count=person.post_count,
            is_private=person.is_private,
            is_live=person.is_live,
            last_active=person.last_active,
            shows_activity=person.shows_activity if isinstance(person, Me) else None,
            request_count=person.request_count if isinstance(person, Me) else None,
            post_visibility=person.post_visibility if isinstance(person, Me) else None,
        )
