"""What an operation is made of on the relay's side: the row that joins contract, action, limit and handler; what the
handler is given; what it answers. Values only; how they come in and go out is the app's business.

A feature's `operations` module returns such rows. What has no row is not reached: the app routes nothing else.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

from msgspec import Struct

from relay.core.access import Action, Actor
from relay.core.limits import Kind
from relay.wire.operations import Operation

B = TypeVar("B")
Q = TypeVar("Q")
R = TypeVar("R")


class Session(Struct, frozen=True, kw_only=True):
    """A signed-in browser. csrf must come back with every change. moderates: its menu has the moderators' pages."""

    actor: Actor
    username: str
    csrf: str
    moderates: bool = False


class Call(Struct, Generic[B, Q], frozen=True, kw_only=True):
    """One request, after the gate. head: nothing but headers is asked for. address: of the caller. cookies: read only by what opens and closes sessions.

    form: the fields of a form, its CSRF token checked; empty for all else. file: what came with such a form. stream: the body as it arrives, for rows that
    read it themselves; it ends early (RequestLost) when the caller goes away.
    """

    actor: Actor
    session: Session | None
    body: B
    query: Q
    path: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    address: str
    query_string: str
    head: bool
    form: Mapping[str, str]
    file: bytes = b""
    stream: Callable[[], AsyncIterator[bytes]]

    @property
    def account_id(self) -> str:
        """Of who asks, where the action needs somebody signed in."""
        return self.actor.account_id


class RequestLost(Exception):
    """The caller is gone in the middle of its request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer(Generic[R]):
    """An answer that is more than a value. value: sent as JSON; else content, or the pieces of stream.

    stream: at most size_bytes of them. cookies: name to value and seconds to live, 0: to be forgotten.
    framed: pages of others may show it in a frame; whatever else there is, no page may.
    """

    status: int | None = None
    value: R | None = None
    content: bytes = b""
    stream: AsyncIterator[bytes] | None = None
    size_bytes: int | None = None
    media_type: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    framed: bool = False


Handler = Callable[[Call[B, Q]], Awaitable[R | Answer[R]]]


@dataclass(frozen=True, slots=True)
class Row(Generic[B, Q, R]):
    """An operation of the wire and who may do it how often, by what. limit None: by its method."""

    operation: Operation[B, Q, R]
    action: Action
    handler: Handler[B, Q, R]
    _: KW_ONLY
    limit: Kind | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page for people, or a form of one: not in the API's document; refusals become pages, too.

    form: its fields are parsed, and its origin and CSRF token checked, before the handler sees it.
    """

    method: Literal["GET", "POST"]
    path: str
    action: Action
    handler: Callable[
        [Call[Any, Any]], Awaitable[Answer[Any]]
    ]  # any: pages have neither body nor query of a type
    _: KW_ONLY
    limit: Kind | None = None
    form: bool = False
    max_file_bytes: int = 0
    """Of a form with one file in it, which is then multipart/form-data."""
    query: type[Struct] | None = None
    machine: bool = False
    """For machines (OAuth, metadata): refusals stay documents."""


AnyRow = Row[Any, Any, Any] | Page  # any: rows of all types stand in one table
AnyCall = Call[Any, Any]  # any: pages take neither body nor query of a type
AnyAnswer = Answer[Any]  # any: a page has no value of a type


class Render(Protocol):
    """The site's frame, which the app gives to features that have pages. trouble: what stands beside the page's form; its status is 422 then."""

    def __call__(
        self,
        template: str,
        session: Session | None,
        *,
        status: int = 200,
        trouble: str = "",
        answer_to: str | None = None,
        framed: bool = False,
        **values: object,
    ) -> AnyAnswer: ...


class SignIn(Protocol):
    """The page with all ways to sign in. next_path: to go to then; trouble: what was wrong with a try, username: whose it was."""

    def __call__(self, next_path: str, *, trouble: str = "", username: str = "") -> AnyAnswer: ...
