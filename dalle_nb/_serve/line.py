"""The line in which calls wait for their turn to be drawn: fair among clients, with a place that can be told.

Whoever has less in line is served first, so that one client with a hundred calls does not keep the others
waiting. Belongs to one event loop; knows nothing of pictures.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from dalle_nb._serve.shapes import Refused


@dataclass(slots=True, eq=False)
class Ticket:
    """One call in line."""

    client: str
    name: str
    """What the client calls it by, to find its place."""
    turn: int
    """How many calls its client had there before it."""
    called: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Done when it may be drawn."""


class Line:
    """At most ``at_once`` are drawn, at most ``most`` wait, at most ``each`` of them for one client."""

    def __init__(self, *, at_once: int, most: int, each: int) -> None:
        self.at_once, self.most, self.each = at_once, most, each
        self.drawing: set[Ticket] = set()
        self.waiting: list[Ticket] = []
        """In the order of their turns."""
        self.open = True
        self._counts: Counter[str] = Counter()

    def join(self, client: str, name: str, *, always: bool = False) -> Ticket:
        """Take a place in line; ``always`` one more, for whoever waits in no connection.

        Raises:
            Refused: (429, 503) there is none, and asking again later may help.
        """
        if not self.open:
            raise _full(503, "The server is stopping.")
        if not always:
            self._make_room(client)
        ticket = Ticket(client, name, self._counts[client])
        self._counts[client] += 1
        # Behind everybody whose turn comes no later.
        behind = sum(other.turn <= ticket.turn for other in self.waiting)
        self.waiting.insert(behind, ticket)
        self._call_next()
        return ticket

    def _make_room(self, client: str) -> None:
        if self._counts[client] >= self.each:
            raise _full(429, f"You have {self.each} calls under way, the most that one client may have.")
        if len(self.waiting) >= self.most:
            raise _full(503, f"There are {self.most} calls waiting already.")

    def tickets(self) -> tuple[Ticket, ...]:
        """Return all that are under way."""
        return (*self.drawing, *self.waiting)

    def place(self, ticket: Ticket) -> int:
        """Return its place among those who wait, from 1; 0 when it is being drawn."""
        return self.waiting.index(ticket) + 1 if ticket in self.waiting else 0

    def leave(self, ticket: Ticket) -> None:
        """Give the place up, drawn or not."""
        self._counts[ticket.client] -= 1
        self._counts += Counter()  # forgets who has none
        self.drawing.discard(ticket)
        if ticket in self.waiting:
            self.waiting.remove(ticket)
        self._call_next()

    def close(self) -> None:
        """Send home whoever still waits; what is being drawn goes on."""
        self.open = False
        for ticket in self.waiting:
            if not ticket.called.done():
                ticket.called.set_exception(_full(503, "The server is stopping."))

    def _call_next(self) -> None:
        while self.waiting and len(self.drawing) < self.at_once:
            ticket = self.waiting.pop(0)
            self.drawing.add(ticket)
            if not ticket.called.done():
                ticket.called.set_result(None)


def _full(status: int, message: str) -> Refused:
    code = "server_is_overloaded" if status == 503 else "rate_limit_exceeded"
    kind = "server_error" if status == 503 else "requests"
    return Refused(
        status, f"{message} Please try again later.", kind, code=code, headers={"retry-after": "2"}
    )
