"""The frame around every page: policy, navigation, and the static files that all of them use."""

from msgspec import structs

from relay.app.compressing import takes_gzip
from relay.app.page_tokens import masked
from relay.app.site.static_files import StaticFile
from relay.app.site.views import FRAMED_POLICY, PAGE_POLICY, Views
from relay.core.access import Action
from relay.core.calls import Answer, AnyAnswer, AnyCall, AnyRow, Page, Render, Session
from relay.core.limits import Kind
from relay.core.refusal import Refusal
from relay.features.creations.embeds import WIDGET_PATH
from relay.features.creations.media import EMBEDDED

PUSH_WORKER_PATH = "/push-worker.js"
AN_HOUR = "public, max-age=3600"
FOREVER = "public, max-age=31536000, immutable"


def make_render(views: Views, *, dev: bool, media_origin: str | None = None) -> Render:
    """dev: whether anybody may sign in by name; the frame then has a field for it. media_origin: where sound comes from,
    if not from us.
    """
    own = "media-src 'self'; connect-src 'self'"
    all_sound = own if media_origin is None else own.replace("'self'", f"'self' {media_origin}")
    policies = {False: PAGE_POLICY.replace(own, all_sound), True: FRAMED_POLICY.replace(own, all_sound)}

    def render(
        template: str,
        session: Session | None,
        *,
        status: int = 200,
        trouble: str = "",
        answer_to: str | None = None,
        framed: bool = False,
        **values: object,
    ) -> AnyAnswer:
        if session is not None:
            session = structs.replace(session, csrf=masked(session.csrf))
        said = {"here": "", "trouble": trouble, **values}
        body = views.render(template, session=session, dev=dev, **said)
        policy = policies[framed]
        if answer_to is not None:
            policy = policy.replace("form-action 'self'", f"form-action 'self' {answer_to}")
        return Answer(
            status=422 if trouble else status,
            content=body,
            media_type="text/html; charset=utf-8",
            headers={"content-security-policy": policy},
            framed=framed,
        )

    return render


def rows(views: Views, render: Render, base_url: str) -> list[AnyRow]:
    async def get_it(call: AnyCall) -> AnyAnswer:
        return render("get.html", call.session, base_url=base_url)

    async def static_file(call: AnyCall) -> AnyAnswer:
        file = views.static.get(call.path["name"])
        if file is None:
            raise Refusal("not_found", "There is no such file.")
        return _sent(file, call, {"cache-control": FOREVER})

    async def widget(call: AnyCall) -> AnyAnswer:
        """The script for pages of others, at an address that stays."""
        return _sent(views.named["widget.js"], call, {"cache-control": AN_HOUR, **EMBEDDED})

    async def push_worker(call: AnyCall) -> AnyAnswer:
        """What a browser runs for pushes; a browser asks again for it by this address (Service Workers, 6.1)."""
        return _sent(views.named["push_worker.js"], call, {"cache-control": "no-cache"})

    return [
        Page("GET", "/get", Action.SITE_READ, get_it),
        Page("GET", WIDGET_PATH, Action.SITE_READ, widget, limit=Kind.MEDIA, machine=True),
        Page("GET", PUSH_WORKER_PATH, Action.SITE_READ, push_worker, limit=Kind.MEDIA, machine=True),
        Page("GET", "/static/{name}", Action.SITE_READ, static_file, limit=Kind.MEDIA),
    ]


def _sent(file: StaticFile, call: AnyCall, headers: dict[str, str]) -> AnyAnswer:
    headers = {**headers, "vary": "Accept-Encoding"}
    if not takes_gzip(call.headers):
        return Answer(content=file.data, media_type=file.media_type, headers=headers)
    return Answer(
        content=file.packed, media_type=file.media_type, headers={**headers, "content-encoding": "gzip"}
    )
