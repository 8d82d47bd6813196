"""Rows of the history for other programs: as a dataframe, as CSV that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import DalleError
from dalle_nb._language import tr

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings that a spreadsheet takes for a formula's (OWASP, CSV injection)."""


def frame_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> pd.DataFrame:
    """Return the rows as a dataframe, by id.

    Raises:
        DalleError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise DalleError(
            tr("pandas is not installed."), tr("Run: {command}", command="pip install 'dalle-nb[frames]'")
        ) from error
    frame = pd.DataFrame(rows, columns=list(columns)).set_index("id")
    # Where values are missing, or there is no row yet, pandas would guess.
    return frame.astype({"cost": "Int64", "seconds": "float64", "created": "datetime64[us, UTC]"})


def csv_of(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return the rows as CSV under a line of headings."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(map(_cell, row) for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    value = ", ".join(value) if isinstance(value, tuple) else value
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
