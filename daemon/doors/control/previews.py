"""Listening through a plugin, or without one, as tray and command line ask for it."""

import bridge.control as c
from daemon.doors.control.answers import Answers
from daemon.features.previews.previews import Previews
from daemon.rings.instances import Instances


class PreviewAnswers:
    """All methods are [loop]."""

    def __init__(self, instances: Instances, previews: Previews) -> None:
        self._instances = instances
        self._previews = previews
        self.answers: Answers = {
            c.PlayPreview: self._play,
            c.GetSound: self._sound,
            c.StopPreviews: self._stop,
        }

    async def _play(self, request: c.PlayPreview) -> c.Reply:
        instance, _ = await self._instances.choose(request.instance)
        return c.Previewing(preview=await self._previews.play(instance, request.target, request.in_sync))

    async def _sound(self, request: c.GetSound) -> c.Reply:
        sound, path = await self._previews.sound(request.target)
        return c.SoundIs(
            kind=sound.kind,
            target=sound.target,
            title=sound.title,
            path=str(path),
            page=sound.post.page_url if sound.post else "",
            bpm=sound.bpm,
        )

    async def _stop(self, request: c.StopPreviews) -> c.Reply:
        chosen = [self._instances.named(request.instance)] if request.instance else self._instances.all()
        await self._previews.stop(chosen)
        return c.Done()
