"""The tables of the history, and the numbered migrations that lead to them.

No SQL of one database only: types and statements are SQLAlchemy's, and `sqlite` keeps the version.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from dalle_nb._errors import StoreDamaged
from dalle_nb._language import tr
from dalle_nb._store.sqlite import Database, read_version, write_version

SEPARATOR = "\x1f"
"""Stands between texts that are kept in one column; a text never holds it (ASCII's unit separator)."""


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC, so that rows sort by it in any database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


class Words(TypeDecorator[str]):
    """Text from anywhere, as `cleaned` leaves it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, _dialect: Dialect) -> str | None:
        return None if value is None else cleaned(value)


class Tags(TypeDecorator[tuple[str, ...]]):
    """Words between separators, and one before and after them all, so that each is found as a part of the text."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[str] | None, _dialect: Dialect) -> str | None:
        return None if value is None else SEPARATOR + "".join(tag_part(tag) for tag in value)

    def process_result_value(self, value: str | None, _dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(value.split(SEPARATOR)[1:-1])


def cleaned(text: str) -> str:
    """Return the text as any database takes it: lone surrogates, NULs and our separator are U+FFFD."""
    whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return whole.replace("\0", "\ufffd").replace(SEPARATOR, "\ufffd")


def tag_part(tag: str) -> str:
    """Return what stands for a tag in the column of tags, after a separator."""
    return cleaned(tag) + SEPARATOR


METADATA = MetaData()

runs = Table(
    "runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("uid", String(64), nullable=False, unique=True),
    Column("created", Moment, nullable=False),
    Column("status", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("prompt", Words, nullable=False),
    Column("asked_model", Words),
    Column("backend", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("identity", String(64), nullable=False),
    # The Request as it was, word for word; the columns above are for searching.
    Column("request", JSON, nullable=False),
    Column("sent", JSON, nullable=False),
    Column("recipe", Words, nullable=False),
    Column("notices", JSON, nullable=False),
    Column("notes", JSON, nullable=False),
    Column("deliver_size", JSON(none_as_null=True)),
    Column("estimate", JSON(none_as_null=True)),
    # What counts against a budget as long as the cost is unknown: the upper estimate.
    Column("reserved", BigInteger),
    Column("cost", BigInteger),
    Column("usage", JSON(none_as_null=True)),
    Column("seconds", Float),
    Column("failure", JSON(none_as_null=True)),
    Column("parent", String(64), index=True),
    Column("notebook", Words),
    Column("tags", Tags, nullable=False),
    Column("starred", Boolean, nullable=False),
    Column("deleted", Moment),
    Column("imported", Boolean, nullable=False),
    # Told by the columns around them, kept for filters and order.
    Column("size", Words),
    Column("quality", Words),
    Column("n", Integer, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("error", String(64)),
    # The process that draws it; None once it is finished.
    Column("owner", String(255), index=True),
    # Budgets and the ledger are summed from this index alone.
    Index("ix_runs_money", "created", "imported", "cost", "reserved"),
    # Filtered, counted and sorted by without reading the rows. SQLite takes the index with most columns asked
    # for, so that of the identity has more than that of the status.
    Index("ix_runs_identity", "identity", "status", "deleted"),
    Index("ix_runs_status", "status", "deleted"),
    Index("ix_runs_model", "model", "deleted"),
    Index("ix_runs_cost", "cost"),
    Index("ix_runs_seconds", "seconds"),
    sqlite_autoincrement=True,
)

pictures = Table(
    "pictures",
    METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("index", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, index=True),
    Column("media_type", Words, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("alt", Words, nullable=False),
    Column("revised_prompt", Words),
    Column("outside", JSON(none_as_null=True)),
)

attempts = Table(
    "attempts",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("billed", String(16), nullable=False),
    Column("outcome", Words, nullable=False),
    Column("request_id", Words),
    Column("status_code", Integer),
    Column("usage", JSON(none_as_null=True)),
    Column("cost", BigInteger),
)

words = Table(
    "words",
    METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    # All that is searched of a Run, folded; what indexes it is made by `search`.
    Column("text", Text, nullable=False),
)

inputs = Table(
    "inputs",
    METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True, index=True),
)

thumbnails = Table(
    "thumbnails",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

# What was spent on Runs that are purged: their money is gone all the same.
purged = Table(
    "purged",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("uid", String(64), nullable=False, index=True),
    Column("created", Moment, nullable=False),
    Column("backend", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("notebook", Words),
    Column("imported", Boolean, nullable=False),
    Column("cost", BigInteger),
    Column("reserved", BigInteger),
)

# Requests that were sent off together; their Runs wait for what `dalle_nb._jobs` collects.
jobs = Table(
    "jobs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("uid", String(64), nullable=False, unique=True),
    Column("created", Moment, nullable=False),
    Column("server", Words, nullable=False),
    # The process that is still sending it; None once it is sent.
    Column("owner", String(255)),
    Column("parts", JSON, nullable=False),
    sqlite_autoincrement=True,
)

job_runs = Table(
    "job_runs",
    METADATA,
    Column("run", ForeignKey("runs.id"), primary_key=True),
    Column("job", ForeignKey("jobs.id"), nullable=False, index=True),
    Column("part", Integer, nullable=False),
)

# What processes tell one another about a server: when it may be asked again, and what was asked this minute.
gates = Table(
    "gates",
    METADATA,
    Column("name", String(64), primary_key=True),
    Column("open_at", Float, nullable=False),
    Column("stopped_at", Float, nullable=False),
    Column("stopped_by", String(255), nullable=False),
    Column("reason", Words, nullable=False),
    Column("booked", JSON, nullable=False),
)

# Grids of Runs, as they were asked; the Runs are rows like any other.
sweeps = Table(
    "sweeps",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("created", Moment, nullable=False),
    Column("form", JSON, nullable=False),
    # Of the form: the same sweep again is the same row.
    Column("identity", String(64), nullable=False, unique=True),
    # The uid of each place's Run; none as long as it did not come to its end.
    Column("runs", JSON, nullable=False),
    sqlite_autoincrement=True,
)

_trash = runs.c.deleted.is_not(None)
Index("ix_runs_deleted", runs.c.deleted, sqlite_where=_trash, postgresql_where=_trash)


def _add_jobs(connection: Connection) -> None:
    METADATA.create_all(connection, tables=[jobs, job_runs])


def _add_gates_and_sweeps(connection: Connection) -> None:
    METADATA.create_all(connection, tables=[gates, sweeps])


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    METADATA.create_all,
    _add_jobs,
    _add_gates_and_sweeps,
)
"""Number n, counted from 1, leads from version n-1 to n.

The first lays the tables as they are now; a later one therefore adds only what is missing.
"""


def migrate(database: Database, migrations: tuple[Callable[[Connection], None], ...] = MIGRATIONS) -> None:
    """Bring the database up to date, one transaction a migration, whoever else does the same.

    Raises:
        StoreDamaged: a newer version of ours has written it.
    """
    with database.reading() as connection:
        version = read_version(connection)
    if version > len(migrations):
        raise _newer(database.path, version)
    for number, step in enumerate(migrations[version:], version + 1):
        with database.writing() as connection:
            # Another process may have been quicker between the look and the lock.
            if read_version(connection) < number:
                step(connection)
                write_version(connection, number)


def _newer(path: Path, version: int) -> StoreDamaged:
    return StoreDamaged(
        tr(
            "The history {path} was written by a newer dalle_nb (version {version}).",
            path=path,
            version=version,
        ),
        tr("Update with: pip install -U dalle-nb (or choose another folder: set DALLE_NB_HOME)."),
    )
