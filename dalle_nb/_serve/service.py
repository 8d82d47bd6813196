"""What all routes share: the generator that draws, who may ask it, what is allowed, and the one way to an answer.

Calls belong to the event loop that serves; each drawing is in a thread of its own, and goes on to its end,
into the history, whether or not somebody still waits for it.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from dalle_nb._errors import DalleError
from dalle_nb._images import SUFFIXES, ImageError, blob, open_image
from dalle_nb._records import Blob, Kind
from dalle_nb._run import Picture, Run
from dalle_nb._serve.clients import Client, Clients, Meter, Purse
from dalle_nb._serve.ledger import Ledger
from dalle_nb._serve.line import Line, Ticket
from dalle_nb._serve.links import Links
from dalle_nb._serve.orders import Order, Upload, read_order, take_pictures
from dalle_nb._serve.shapes import Refused, broken, images_body, refusal

if TYPE_CHECKING:
    from dalle_nb._drawing import Watch
    from dalle_nb._generator import ImageGenerator

KINDS = {"generations": Kind.GENERATE, "edits": Kind.EDIT, "variations": Kind.VARIATION}
"""By the last word of a path."""

_LOG = logging.getLogger("dalle_nb.serve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one server takes on. Bytes, seconds, counts."""

    body: int = 64 << 20
    """Largest body of a call for pictures."""
    upload: int = 200 << 20
    """Largest file for a batch (what OpenAI takes)."""
    held: int = 256 << 20
    """Most bytes of bodies that are in memory at once."""
    patience: float = 60.0
    """Seconds in which a body, or the head of a call, has to come."""
    connections: int = 500
    """More would soon be more than a process may have files open (1,024 on many machines)."""
    at_once: int = field(default_factory=lambda: os.cpu_count() or 2)
    """Drawings at a time."""
    waiting: int = 256
    each: int = 128
    """Calls of one client, waiting or being drawn."""
    rate: int | None = None
    """Calls of one client in a minute."""


def no_file(file_id: str, _: Client) -> bytes:
    """Know no uploaded file: what holds until `files` says where they are."""
    raise Refused(404, f"No such File object: {file_id}", param="id", code="file_not_found")


@dataclass(slots=True, kw_only=True)
class Service:
    """One server's state."""

    generator: ImageGenerator
    clients: Clients = field(default_factory=Clients)
    limits: Limits = field(default_factory=Limits)
    ledger: Ledger = field(default_factory=Ledger)
    links: Links = field(default_factory=Links)
    agreed: bool = False
    """Whether whoever runs the server said yes to dear drawings beforehand."""
    root: str = ""
    """The server's own address, for links in answers that no connection waits for."""
    hosts: frozenset[str] | None = None
    """Names that a call may know the server by; None: any."""
    read_file: Callable[[str, Client], bytes] = no_file
    """Returns the bytes of a file that this client uploaded; Refused (404) where there is none."""
    at_start: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    at_stop: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    line: Line = field(init=False)
    meter: Meter = field(init=False)
    _purse: Purse = field(init=False)
    _pool: ThreadPoolExecutor = field(init=False)
    _work: set[asyncio.Task[Run]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        limits = self.limits
        self.line = Line(at_once=limits.at_once, most=limits.waiting, each=limits.each)
        self.meter = Meter(limits.rate)
        self._purse = Purse(self.generator)
        self._pool = ThreadPoolExecutor(limits.at_once, thread_name_prefix="dalle-nb serve")

    @property
    def offline(self) -> bool:
        """Whether the painter draws."""
        return self.generator.backend.server.offline

    def client_of(self, request: Request) -> Client:
        """Return who asks. Refused (401) where the token is missing or nobody's."""
        return self.clients.find(request.headers.get("authorization", ""))

    async def answer(self, path: str, body: dict[str, Any], client: Client) -> tuple[int, dict[str, Any]]:
        """Return status and JSON of ``POST path`` with that JSON body, as a batch does, which has no connection.

        Waits for a place in the line. Never raises for what the body or the drawing does wrong: that is an answer.
        """
        try:
            order = await asyncio.to_thread(self.order, path, body, client)
            run = await self.draw(self.line.join(client.name, "", always=True), order, client)
            return 200, await asyncio.to_thread(self.body, run, order, self.root)
        except Refused as refused:
            told = refused
        except Exception:  # noqa: BLE001 - logged, and an answer like any other
            # Such as a picture that was purged before it could be told: the batch's other requests go on.
            _LOG.exception("a request of a batch failed")
            told = broken()
        return told.status, told.body()

    def order(
        self,
        path: str,
        fields: Mapping[str, Any],
        client: Client,
        uploads: tuple[Upload, ...] = (),
        *,
        form: bool = False,
    ) -> Order:
        """Return what a call asks for. Refused where OpenAI would not take it either."""
        kind = KINDS[path.rpartition("/")[2]]
        if kind is Kind.EDIT and not form:
            fields, uploads = take_pictures(fields, lambda file: self.read_file(file, client))
        catalog, server = self.generator.catalog, self.generator.backend.server
        return read_order(kind, fields, uploads, catalog=catalog, server=server, form=form)

    async def draw(self, ticket: Ticket, order: Order, client: Client, watch: Watch | None = None) -> Run:
        """Return the Run, when its turn has come and it is drawn. Cancelled while it waits, it is not drawn.

        Raises:
            Refused: in the words of the model that was asked.
        """
        try:
            await ticket.called
        except BaseException:
            self.line.leave(ticket)
            raise
        work = asyncio.create_task(self._drawn(ticket, order, client, watch))
        self._work.add(work)
        work.add_done_callback(self._work.discard)
        return await asyncio.shield(work)

    def body(self, run: Run, order: Order, root: str) -> dict[str, Any]:
        """Return the answer's JSON; links begin with ``root``."""
        link = self.link(root) if order.answers == "url" else None
        return images_body(run, order.model, classic=order.classic, link=link)

    def link(self, root: str) -> Callable[[Picture], str]:
        """Return what makes a link to a picture that works for an hour."""

        def write(picture: Picture) -> str:
            suffix = SUFFIXES[picture.record.media_type]
            path = f"/pictures/{picture.run_uid}-{picture.record.index}.{suffix}"
            return root.rstrip("/") + self.links.sign(path)

        return write

    async def finish(self) -> None:
        """Wait for what is being drawn; whoever waits in line is sent home."""
        self.line.close()
        while self._work:
            await asyncio.wait(self._work)
        self._pool.shutdown(wait=False)

    async def _drawn(self, ticket: Ticket, order: Order, client: Client, watch: Watch | None) -> Run:
        try:
            return await asyncio.get_running_loop().run_in_executor(
                self._pool, self._draw, order, client, watch
            )
        finally:
            self.line.leave(ticket)

    def _draw(self, order: Order, client: Client, watch: Watch | None) -> Run:
        run: Run | None = None
        held = 0
        try:
            options = self._options(order, client)
            if client.cap is not None:
                held = self._purse.hold(client, self.generator.plan(order.prompt, options).estimate)
            run = self.generator.ask(order.prompt, options, watch=watch)
            return run
        except DalleError as error:
            run = error.run
            told = refusal(error, classic=order.classic, offline=self.offline)
            if told.status >= 500:
                _LOG.warning("%s: %s", type(error).__name__, error.what)
            raise told from error
        except Refused:
            raise
        except Exception as error:
            held = 0  # stays set aside, for nobody knows what it cost
            _LOG.exception("a drawing failed")
            raise broken() from error
        finally:
            # A Run that failed is false, and may have cost money all the same.
            cost = 0 if run is None else run.cost
            self._purse.settle(client, held, cost)
            self._note(order, client, cost, run)

    def _options(self, order: Order, client: Client) -> dict[str, Any]:
        """Return the options by name for `ImageGenerator.ask`: what the call said, and nothing that it may not."""
        # Clients ask again by themselves, and are told when: a server that did so too would only keep them waiting.
        options = dict(order.options) | {"tag": [client.name], "yes": self.agreed, "retry": "never"}
        if order.model:
            options["model"] = order.model.name
        given: dict[str, list[Blob]] = {}
        for upload in order.uploads:
            given.setdefault(upload.part, []).append(_blob(upload))
        if order.kind is Kind.GENERATE:
            return options
        first, *more = given["image"]
        if order.kind is Kind.VARIATION:
            return options | {"vary": first}
        layers = {name: blobs[0] for name, blobs in given.items() if name != "image"}
        if order.classic and not layers and _has_holes(first):
            layers["mask"] = first  # as DALL·E 2 did: where the picture itself is transparent it is repainted
        return options | {"edit": first, "ref": more or None} | layers

    def _note(self, order: Order, client: Client, cost: int | None, run: Run | None) -> None:
        try:
            self.ledger.note(
                client=client.name,
                model=order.model.name if order.model else "",
                n=int(order.options.get("n", 1)),
                cost=cost,
                run="" if run is None else run.uid,
                status="rejected" if run is None else run.status.value,
            )
        except OSError:
            _LOG.exception("the ledger cannot be written")


def _blob(upload: Upload) -> Blob:
    try:
        return blob(upload.data, upload.part)
    except ImageError as error:
        message = f"Invalid file '{upload.part}': {error}."
        raise Refused(400, message, param=upload.part, code="invalid_image_file") from error


def _has_holes(picture: Blob) -> bool:
    image = open_image(picture.data or b"")
    return "A" in image.getbands() and image.getchannel("A").getextrema()[0] == 0
