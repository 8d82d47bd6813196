"""What a Query asks, as conditions and order that a database understands.

A value may come as a person writes it: a date is the whole day, a moment without zone is UTC, a number may be text.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, not_, or_

from dalle_nb._errors import OptionError
from dalle_nb._language import tr
from dalle_nb._options import nearest
from dalle_nb._query import COLUMNS, Filter, Query
from dalle_nb._store.schema import SEPARATOR, Moment, Tags, Words, cleaned, runs, tag_part

Condition = ColumnElement[bool]
_LARGEST = 2**63


def column_named(name: str) -> ColumnElement[Any]:
    """Return the column of that name.

    Raises:
        OptionError: the history has none.
    """
    if name not in COLUMNS:
        raise OptionError(
            tr("The history has no column {name}.", name=name),
            tr(
                "Did you mean {nearest}? It has {columns}.",
                nearest=nearest(name, COLUMNS),
                columns=", ".join(COLUMNS),
            ),
        )
    return runs.c[name]


def condition(wish: Filter) -> Condition:
    """Return one condition; a value that is not there is neither before nor after any other.

    Raises:
        OptionError: the history has no such column, or the value is none of its kind.
    """
    column = column_named(wish.column)
    if wish.operator == "in":
        return _one_of(column, tuple(wish.value))
    if wish.operator == "not":
        return not_(_compare(column, "is", wish.value))
    return _compare(column, wish.operator, wish.value)


def ordering(query: Query, ids: ColumnElement[int]) -> list[ColumnElement[Any]]:
    """Return what to sort by: the column, where it is empty last, and among equals the ids, found in ``ids``.

    Raises:
        OptionError: the history has no such column.
    """
    if query.order == "id":
        return [ids.desc() if query.descending else ids.asc()]
    column = column_named(query.order)
    if query.descending:
        # Empty ones come last by themselves.
        return [column.desc(), ids.desc()]
    empty_last = [column.is_(None)] if getattr(column, "nullable", False) else []
    return [*empty_last, column.asc(), ids.asc()]


def _one_of(column: ColumnElement[Any], values: tuple[Any, ...]) -> Condition:
    if isinstance(column.type, Tags | Moment):
        return or_(false(), *(_compare(column, "is", value) for value in values))
    known = column.in_([_read(column, value) for value in values if value is not None])
    return and_(column.is_not(None), known) if None not in values else or_(column.is_(None), known)


def _compare(column: ColumnElement[Any], operator: str, value: Any) -> Condition:
    if value is None:
        return column.is_(None) if operator == "is" else false()
    if isinstance(column.type, Tags):
        return func.instr(column, SEPARATOR + tag_part(str(value))) > 0
    if isinstance(column.type, Moment):
        return _compare_moment(column, operator, value)
    known = _read(column, value)
    return and_(column.is_not(None), _OPERATORS[operator](column, known))


_OPERATORS: dict[str, Callable[[ColumnElement[Any], Any], Condition]] = {
    "is": lambda column, value: column == value,
    "before": lambda column, value: column < value,
    "from": lambda column, value: column >= value,
    "upto": lambda column, value: column <= value,
    "after": lambda column, value: column > value,
    "has": lambda column, value: func.instr(column, value) > 0,
}


def _compare_moment(column: ColumnElement[Any], operator: str, value: Any) -> Condition:
    start, end = _span(value)
    match operator:
        case "before":
            return column < start
        case "from":
            return column >= start
        case "upto":
            return column < end
        case "after":
            return column >= end
    return and_(column >= start, column < end)


def _span(value: Any) -> tuple[datetime, datetime]:
    """Return from when to before when a value reaches: a day, or a moment as exact as it is kept."""
    try:
        if isinstance(value, str):
            value = date.fromisoformat(value) if len(value) <= 10 else datetime.fromisoformat(value)
        if isinstance(value, datetime):
            start = value if value.tzinfo else value.replace(tzinfo=UTC)
            return start, start + timedelta(microseconds=1)
        start = datetime.combine(value, time(), UTC)
        return start, start + timedelta(days=1)
    except (TypeError, ValueError, OverflowError) as error:
        raise _no_such_value("created", value) from error


def _read(column: ColumnElement[Any], value: Any) -> Any:
    """Return a value as the column holds it."""
    if isinstance(column.type, Words) or column.type.python_type is str:
        return cleaned(str(value))
    try:
        number = value if isinstance(value, int) else float(value)
    except (TypeError, ValueError) as error:
        raise _no_such_value(str(column.key), value) from error
    if column.type.python_type is bool:
        return bool(number)
    # SQLite takes no larger whole number, and compares with one that is not whole as exactly.
    return number if abs(number) < _LARGEST else float(number)


def _no_such_value(name: str, value: Any) -> OptionError:
    return OptionError(
        tr("{value} is no value of the column {name}.", value=repr(value), name=name),
        tr("Give a number, or for dates one like 2026-11-01 or 2026-11-01T18:30."),
    )
