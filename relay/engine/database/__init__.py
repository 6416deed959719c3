"""The database door: one contract (door), two engines (sqlite, postgres), numbered schema files (sql/).

Rules for SQL that both engines run; `dialect` translates the rest:

- Marks are `?` or `:name`, of one kind in a statement. Values are str, int (64 bits), float (no NaN), bytes, bool, None.
- Columns are named in every INSERT, and their big ones come last in the table. No `rowcount`, no `lastrowid`: RETURNING.
- Times are integers, JSON is TEXT (`CHECK (json_valid(x))`), a flag is INTEGER compared with `= 1`, read by `bool()`.
- `ON CONFLICT … DO NOTHING / DO UPDATE`, never `INSERT OR …`. No GLOB (`substr(x, 1, n) = ?`), no alias `any`, no
  `LIMIT -1`, no `ifnull` (`coalesce`), no `max(a, b)` (CASE), no `EXISTS` in a select list (`(SELECT 1 …) IS NOT NULL`).
- Text is compared by bytes; ASCII alone is folded by `lower()`. The order of NULLs is written out, or there are none.
- Every selected column is grouped or aggregated. A sum of integers is an int in both, an average is a float.
- LATERAL only where the connection has it (`has_lateral`), and another way where it has not.
- A mark that stands alone has a type: `CAST(? AS TEXT) IS NULL`. What a partial index tests is written out, never a mark.
- Functions are those that both have; of those that take integers, `substr` alone. No answer is fetched of what gives none.
- Schema files say `CREATE TABLE … ) STRICT;` or `STRICT, WITHOUT ROWID`; NNNN_x.postgresql.sql stands in for NNNN_x.sql.
- Work never catches a database error, has no effect outside of the database, and may run twice.
"""

from relay.engine.database.door import (
    STALE_S,
    Connection,
    Database,
    OnCommit,
    OnLost,
    Rows,
    Tx,
    open_database,
    sqlite_path,
)
from relay.engine.database.effects import Effect
from relay.engine.database.errors import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseError,
    OutcomeUnknown,
    SchemaTooNew,
    ValueRefused,
)

__all__ = [
    "STALE_S",
    "Connection",
    "ConstraintViolated",
    "Database",
    "DatabaseBusy",
    "DatabaseError",
    "Effect",
    "OnCommit",
    "OnLost",
    "OutcomeUnknown",
    "Rows",
    "SchemaTooNew",
    "Tx",
    "ValueRefused",
    "open_database",
    "sqlite_path",
]
