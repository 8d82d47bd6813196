"""Words found in what Runs say, in any language and whatever their case, however long the history.

Each Run has one text to look through, folded; a Run is found when the folded word is in it. FTS5's trigrams
only find candidates, for words of three letters and more, where SQLite has them. Beside `sqlite` this is
the other room that knows the dialect.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, FromClause, column, func, table

from dalle_nb._records import RunRecord
from dalle_nb._store.schema import SEPARATOR, cleaned, runs, words
from dalle_nb._store.sqlite import Database

_GRAM = 3
_MOST_GRAMS = 32
"""Parts of a word that are looked up; more of them find hardly fewer candidates."""

_index = table("words_index", column("rowid"), column("words_index"))
_MAKE = (
    """CREATE VIRTUAL TABLE IF NOT EXISTS words_index USING fts5(
        text, content='words', content_rowid='run', tokenize='trigram case_sensitive 1', detail=none)""",
    "INSERT INTO words_index (words_index) VALUES ('rebuild')",
    """CREATE TRIGGER words_insert AFTER INSERT ON words BEGIN
        INSERT INTO words_index (rowid, text) VALUES (new.run, new.text); END""",
    """CREATE TRIGGER words_delete AFTER DELETE ON words BEGIN
        INSERT INTO words_index (words_index, rowid, text) VALUES ('delete', old.run, old.text); END""",
    """CREATE TRIGGER words_update AFTER UPDATE ON words BEGIN
        INSERT INTO words_index (words_index, rowid, text) VALUES ('delete', old.run, old.text);
        INSERT INTO words_index (rowid, text) VALUES (new.run, new.text); END""",
)
_REST = ("DROP TRIGGER words_insert", "DROP TRIGGER words_delete", "DROP TRIGGER words_update")


def fold(text: str) -> str:
    """Return a text as it is compared."""
    return cleaned(text).casefold()


def searched(run: RunRecord) -> str:
    """Return all that is searched of a Run, folded: prompt, tags, models, revised prompts."""
    revised = (picture.revised_prompt for picture in run.pictures)
    parts = (run.request.prompt, *run.tags, run.request.model, run.model, *revised)
    return SEPARATOR.join(fold(part) for part in parts if part)


def settle_index(database: Database) -> None:
    """Make the index where there is none; where this SQLite cannot keep it up, let it rest until one can."""
    with database.reading() as connection:
        if _is_kept_up(connection) is _can_index(connection):
            return
    with database.writing() as connection:
        kept_up = _is_kept_up(connection)
        if kept_up is not _can_index(connection):
            for statement in _REST if kept_up else _MAKE:
                connection.exec_driver_sql(statement)


def renew_index(database: Database) -> None:
    """Make the index anew from the texts, where there is one."""
    with database.writing() as connection:
        if _is_kept_up(connection):
            connection.exec_driver_sql("INSERT INTO words_index (words_index) VALUES ('rebuild')")


def holding(
    connection: Connection, sought: Iterable[str]
) -> tuple[FromClause, ColumnElement[int], list[ColumnElement[bool]]]:
    """Return the tables in which the Runs that hold all words are found, the column of their ids, the conditions.

    Rows come in the order of that column without being sorted, so that the newest are found first.
    """
    folded = [word for word in map(fold, sought) if word]
    if not folded:
        return runs, runs.c.id, []
    conditions = [func.instr(words.c.text, word) > 0 for word in folded]
    found = words.join(runs, runs.c.id == words.c.run)
    grams = [gram for word in folded for gram in _grams(word)][:_MOST_GRAMS]
    if not (grams and _is_kept_up(connection)):
        return found, words.c.run, conditions
    match = _index.c.words_index.op("MATCH")(" AND ".join(grams))
    return _index.join(found, words.c.run == _index.c.rowid), _index.c.rowid, [match, *conditions]


def _grams(word: str) -> list[str]:
    parts = (word[start : start + _GRAM] for start in range(len(word) - _GRAM + 1))
    return ['"' + part.replace('"', '""') + '"' for part in parts]


def _is_kept_up(connection: Connection) -> bool:
    question = "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name = 'words_insert'"
    return connection.exec_driver_sql(question).first() is not None


def _can_index(connection: Connection) -> bool:
    # The trigram tokenizer came with SQLite 3.34; some builds leave FTS5 out.
    question = "SELECT 1 FROM pragma_module_list WHERE name = 'fts5'"
    return sqlite3.sqlite_version_info >= (3, 34) and connection.exec_driver_sql(question).first() is not None
