"""The web pages: feeds, one post, one person, signing in on a relay for development, and their static files."""

from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.params import FromPath, QueryParameter

from relay.app import cookies
from relay.app.gate import ActorDep, PartsDep, SessionDep, form_of, operation, require_same_origin
from relay.app.parts import Parts
from relay.app.problems import STATUS, AnyRequest, on_refusal
from relay.app.routes_social import with_presence
from relay.app.throttle import Kind
from relay.app.views import PAGE_POLICY, Views
from relay.core.access import Action
from relay.core.local_path import local_path
from relay.core.refusal import Refusal
from relay.services.accounts import SESSION_US, Opened, Session
from relay.services.posts import Detail
from relay.wire.rest import DEFAULT_PAGE, Producer, Username

Cursor = Annotated[str | None, QueryParameter(max_length=128)]
FOREVER = "public, max-age=31536000, immutable"
_views = Views()  # read-only after import


def page(
    template: str,
    session: Session | None,
    *,
    dev: bool,
    status: int = 200,
    answer_to: str | None = None,
    **values: object,
) -> Response[bytes]:
    """answer_to: the one other origin that a form of this page may lead to."""
    body = _views.render(template, session=session, dev=dev, **{"here": "", **values})
    policy = PAGE_POLICY.replace("form-action 'self'", f"form-action 'self' {answer_to or ''}".rstrip())
    headers = {"content-security-policy": policy}
    return Response(body, status_code=status, headers=headers, media_type="text/html; charset=utf-8")


def _feed(
    parts: Parts,
    session: Session | None,
    found: tuple[list[Detail], str | None],
    heading: str,
    *,
    here: str = "",
    profile: Producer | None = None,
    follows: bool = False,
) -> Response[bytes]:
    details, following = found
    return page(
        "feed.html",
        session,
        dev=parts.config.dev,
        here=here,
        heading=heading,
        details=details,
        next=following,
        profile=profile,
        follows=follows,
    )


@get("/", opt=operation(Action.FEED_READ), include_in_schema=False)
async def front_page(
    parts: PartsDep, actor: ActorDep, session: SessionDep, cursor: Cursor = None
) -> Response[bytes]:
    found = await parts.posts.newest(actor.user_id, cursor, DEFAULT_PAGE)
    return _feed(parts, session, found, "Everyone", here="global")


@get("/following", opt=operation(Action.TIMELINE_READ), include_in_schema=False)
async def following_page(
    parts: PartsDep, actor: ActorDep, session: SessionDep, cursor: Cursor = None
) -> Response[bytes]:
    found = await parts.posts.timeline(str(actor.user_id), cursor, DEFAULT_PAGE)
    return _feed(parts, session, found, "Following", here="timeline")


@get("/p/{post_id:str}", opt=operation(Action.POST_READ), include_in_schema=False)
async def post_page(
    post_id: FromPath[str], parts: PartsDep, actor: ActorDep, session: SessionDep
) -> Response[bytes]:
    detail = await parts.posts.get(post_id, actor.user_id)
    return page("single.html", session, dev=parts.config.dev, detail=detail)


@get("/u/{username:str}", opt=operation(Action.PROFILE_READ), include_in_schema=False)
async def person_page(
    username: FromPath[str], parts: PartsDep, actor: ActorDep, session: SessionDep, cursor: Cursor = None
) -> Response[bytes]:
    profile = with_presence(parts, await parts.accounts.find(username))
    found = await parts.posts.of(profile.id, actor.user_id, cursor, DEFAULT_PAGE)
    follows = actor.user_id is not None and await parts.social.follows(actor.user_id, profile.id)
    return _feed(parts, session, found, profile.username, profile=profile, follows=follows)


@post("/session", opt=operation(Action.SESSION_OPEN, Kind.SIGN_UP, form=True), include_in_schema=False)
async def open_session(request: AnyRequest, parts: PartsDep) -> Response[None]:
    """The form fields `username`, and `next`: a path of ours. Only on a relay for development."""
    if not parts.config.dev:
        raise Refusal("dev_mode_only", "This relay does not sign anybody in by name.")
    fields = await form_of(request, parts, None)  # whoever was signed in before does not matter
    try:
        username = msgspec.convert(fields.get("username", "").strip(), Username)
    except msgspec.ValidationError as error:
        raise Refusal(
            "validation", f"This is not a username: {error}", "Use 3 to 30 of a-z, 0-9, _ . -"
        ) from None
    opened = await parts.accounts.open_session(username)
    if cookie := cookies.read(request.cookies, parts, cookies.SESSION):
        await parts.accounts.close_session(cookie)
    return go_to(local_path(fields.get("next", "/")), parts, opened)


def go_to(location: str, parts: Parts, opened: Opened | None = None) -> Response[None]:
    """Send the browser on, with the cookie of a fresh session. location: ours to choose, never the caller's."""
    answer = Response(None, status_code=303, headers={"location": location}, media_type="text/html")
    if opened is not None:
        cookies.give(answer, parts, cookies.SESSION, opened.cookie, SESSION_US // 1_000_000)
    return answer


@post("/session/close", opt=operation(Action.SESSION_CLOSE, form=True), include_in_schema=False)
async def close_session(request: AnyRequest, parts: PartsDep) -> Response[None]:
    require_same_origin(parts, request)
    if cookie := cookies.read(request.cookies, parts, cookies.SESSION):
        await parts.accounts.close_session(cookie)
    answer = go_to("/", parts)
    cookies.take(answer, parts, cookies.SESSION)
    return answer


@get("/static/{name:str}", opt=operation(Action.SITE_READ, Kind.MEDIA), include_in_schema=False)
async def static_file(name: FromPath[str]) -> Response[bytes]:
    file = _views.static.get(name)
    if file is None:
        raise Refusal("not_found", "There is no such file.")
    return Response(file.data, media_type=file.media_type, headers={"cache-control": FOREVER})


def on_refusal_of_page(request: AnyRequest, refusal: Refusal) -> Response[bytes]:
    """A page for people, the problem document for everybody else."""
    if "text/html" not in request.headers.get("accept", ""):
        return on_refusal(request, refusal)
    status, title = STATUS[refusal.code]
    dev = request.app.state.parts.config.dev
    answer = page("trouble.html", None, dev=dev, status=status, title=title, detail=str(refusal))
    if refusal.retry_after_s is not None:
        answer.headers["retry-after"] = str(refusal.retry_after_s)
    return answer


router = Router(
    "/",
    route_handlers=[
        front_page,
        following_page,
        post_page,
        person_page,
        open_session,
        close_session,
        static_file,
    ],
    exception_handlers={Refusal: on_refusal_of_page},
)
