"""A connection to PostgreSQL that understands our statements and values, and says its errors in the door's words."""

import logging
from decimal import Decimal
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec
import psycopg
from psycopg import RawCursor, pq
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.rows import TupleRow
from psycopg.types.numeric import FloatBinaryDumper, Int8BinaryDumper, NumericBinaryLoader, NumericLoader
from psycopg.types.string import StrDumper, TextBinaryLoader, TextLoader

from relay.core.words import TextQuery
from relay.engine.database import dialect
from relay.engine.database.door import Values
from relay.engine.database.errors import ConstraintViolated, DatabaseBusy, DatabaseError, ValueRefused
from relay.engine.database.full_text import tsquery
from relay.engine.database.values import check

logging.getLogger("psycopg").setLevel(
    logging.ERROR
)  # it warns of each error that follows from one that it raises

Postgres = psycopg.Connection[TupleRow]

MAX_PREPARED = 500
FROZEN_S = 3.0
"""A process that holds others up for so long, and does nothing, is frozen."""
_SETTINGS = {
    "idle_in_transaction_session_timeout": "3s",
    "lock_timeout": "3s",
    "statement_timeout": "15s",
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",  # our statements are made for their one plan
    "synchronous_commit": "on",  # an answered write survives a power cut
}
_BY_WORDS = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"
"""Until the transaction ends. How many rows have a word is known of that word alone: of one that all have the index of numbers is walked, of
a rare one that of words; a plan for whatever words would read and sort all that have them.
"""
_NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # milliseconds: a server that vanished is noticed, also while we wait for it
}
# SQLSTATE: connection, out of resources, out of reach, broken disk; and what others' transactions can do to ours.
_BUSY_CLASSES = frozenset(("08", "53", "57", "58", "40"))
_BUSY = frozenset(("55P03", "25P03"))


class Address(msgspec.Struct, frozen=True):
    """url: for libpq. schema: of all our tables."""

    url: str
    schema: str

    @property
    def channel(self) -> str:
        """Where commits are announced."""
        return f"relay_{self.schema}"


def parse_address(url: str) -> Address:
    """Takes `schema=name` out of the query. Raises DatabaseError for a name that is not [a-z0-9_]{1,40}."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = query.pop("schema", "public")
    if not (
        schema.isascii()
        and schema.replace("_", "a").isalnum()
        and schema == schema.lower()
        and len(schema) <= 40
    ):
        raise DatabaseError(f"schema={schema}: use 1 to 40 letters a-z, digits and _.")
    return Address(urlunsplit(parts._replace(query=urlencode(query, quote_via=quote))), schema)


def connect(address: Address, *, name: str, read_only: bool = False, patient: bool = False) -> Postgres:
    """name: shown in pg_stat_activity. patient: a statement may take its time, for migrations and archives.

    Raises psycopg.Error. [any, blocks]
    """
    settings = dict(_SETTINGS, search_path=address.schema)
    if read_only:
        settings["default_transaction_read_only"] = "on"
        settings["default_transaction_isolation"] = "repeatable\\ read"  # a space within the options
    if patient:
        settings |= dict.fromkeys(("idle_in_transaction_session_timeout", "statement_timeout"), "0")
    pg: Postgres = psycopg.connect(
        address.url,
        autocommit=True,
        prepare_threshold=0,
        cursor_factory=RawCursor,
        application_name=f"{name} {address.schema}",
        options=" ".join(f"-c {key}={value}" for key, value in settings.items()),
        **_NETWORK,  # type: ignore[arg-type] # libpq's own, which the stubs take for arguments of psycopg
    )
    pg.prepared_max = MAX_PREPARED
    # psycopg forgets its prepared statements after each ROLLBACK and DROP, in a pipeline also those that it just sent.
    # Ours never name what is dropped and made anew, so nothing has to be forgotten.
    pg._prepared._should_discard = _never  # type: ignore[method-assign, assignment]
    _adapt(pg)
    return pg


def _never(*_: object) -> bool:
    return False


def end_frozen(pg: Postgres, schema: str) -> None:
    """End sessions of ours that wait for their own process for FROZEN_S, inside a transaction: it froze.

    For who waited for a lock in vain. In a pipeline a session is not idle between two statements, so that the server's
    own time-out does not run. Raises psycopg.Error.
    """
    pg.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name ^@ 'relay-' AND split_part(application_name, ' ', 2) = $1 "
        "AND application_name !~ '^relay-archive' "  # it waits for a disk, and nobody works meanwhile
        "AND wait_event = 'ClientRead' AND xact_start IS NOT NULL "
        "AND state_change < clock_timestamp() - make_interval(secs => $2)",
        (schema, FROZEN_S),
    )


class Connection:
    """The door's Connection."""

    __slots__ = ("_pg",)
    has_lateral = True

    def __init__(self, pg: Postgres) -> None:
        self._pg = pg

    def execute(self, sql: str, values: Values = (), /) -> RawCursor[TupleRow]:
        check(values)
        statement = dialect.statement(sql)
        cursor = RawCursor(self._pg)
        try:
            if statement.matches:
                RawCursor(self._pg).execute(_BY_WORDS)
            cursor.execute(statement.text, statement.bind(values), binary=True)
        except UnicodeEncodeError as error:
            raise ValueRefused(
                "Text with half a surrogate cannot be stored. Refuse it where it comes in."
            ) from error
        return cursor


def first(error: psycopg.Error) -> psycopg.Error:
    """The error that made a pipeline fail, where it is hidden behind "pipeline aborted"."""
    while isinstance(error, psycopg.errors.PipelineAborted) and isinstance(error.__context__, psycopg.Error):
        error = error.__context__
    return error


def neutral(error: psycopg.Error) -> DatabaseError:
    """The door's word for it, with the engine's as its cause."""
    error = first(error)
    state = error.sqlstate
    kind: type[DatabaseError] = DatabaseError
    if state is None:
        if isinstance(error, psycopg.OperationalError):
            kind = DatabaseBusy
    elif state[:2] in _BUSY_CLASSES or state in _BUSY:
        kind = DatabaseBusy
    elif state[:2] == "23":
        kind = ConstraintViolated
    made = kind(f"PostgreSQL: {error}")
    made.__cause__ = error
    return made


# values ---------------------------------------------------------------------------------------------------------------


class _BoolDumper(Dumper):
    """A flag is an INTEGER."""

    format = pq.Format.BINARY
    oid = psycopg.adapters.types["int8"].oid

    def dump(self, obj: bool) -> Buffer:
        return b"\0\0\0\0\0\0\0\1" if obj else bytes(8)


class _FloatDumper(FloatBinaryDumper):
    """SQLite keeps no sign of zero."""

    def dump(self, obj: float) -> Buffer | None:
        return super().dump(obj + 0.0)


class _TextQueryDumper(Dumper):
    oid = psycopg.adapters.types["tsquery"].oid

    def dump(self, obj: TextQuery) -> Buffer:
        return tsquery(obj).encode()


def _plain(number: Decimal) -> int | float:
    """A sum of integers has no digits behind the point, an average does."""
    return int(number) if number.as_tuple().exponent == 0 else float(number)


class _NumericLoader(NumericLoader):
    def load(self, data: Buffer) -> int | float:  # type: ignore[override] # that is the point
        return _plain(super().load(data))


class _NumericBinaryLoader(NumericBinaryLoader):
    def load(self, data: Buffer) -> int | float:  # type: ignore[override]
        return _plain(super().load(data))


def _adapt(pg: Postgres) -> None:
    adapters = pg.adapters
    adapters.register_dumper(bool, _BoolDumper)
    adapters.register_dumper(int, Int8BinaryDumper)  # after it: the last one of a type is what COPY takes
    adapters.register_dumper(float, _FloatDumper)
    adapters.register_dumper(str, StrDumper)
    adapters.register_dumper(TextQuery, _TextQueryDumper)
    adapters.register_loader("json", TextLoader)
    adapters.register_loader("json", TextBinaryLoader)
    adapters.register_loader("numeric", _NumericLoader)
    adapters.register_loader("numeric", _NumericBinaryLoader)
