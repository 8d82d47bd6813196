"""What ``%dalle_cost`` shows: the ledger as a table, with what it may not have counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dalle_nb._language import tr
from dalle_nb._money import dollars
from dalle_nb._render import Bundle, table_bundle

if TYPE_CHECKING:
    from dalle_nb._store import Entry


def costs_bundle(entries: Sequence[Entry], by: str) -> Bundle:
    """Return the ledger that `ImageGenerator.ledger` gave, its sum last; ``by`` says what each line is."""
    headings = [
        {"day": tr("day"), "model": tr("model"), "notebook": tr("notebook")}[by],
        tr("Runs"),
        tr("spent"),
        tr("free"),
        tr("simulated"),
        tr("may have been billed"),
    ]
    rows = [_row(each.name or tr("(unknown)"), each) for each in entries]
    if len(entries) > 1:
        whole = entries[0]
        for each in entries[1:]:
            whole = whole + each
        rows.append(_row(tr("in all"), whole))
    return table_bundle(
        headings, rows, [tr("Simulated Runs are the offline painter's, which costs nothing.")]
    )


def _row(name: str, entry: Entry) -> list[str]:
    # A count of Runs, for their price was never told; beside it what those with a known price cost at most.
    unknown = tr("{count}, at most {amount}", count=entry.unknown, amount=dollars(entry.at_most))
    return [
        name,
        str(entry.runs),
        dollars(entry.spent),
        str(entry.free),
        str(entry.simulated),
        unknown if entry.unknown else "0",
    ]
