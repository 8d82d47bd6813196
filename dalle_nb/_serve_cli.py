"""``dalle-nb serve``: the Images API on this machine, for every program that speaks it."""

from __future__ import annotations

import argparse

from dalle_nb._generator import default_generator
from dalle_nb._language import tr
from dalle_nb._options import option
from dalle_nb._serve import open_server

PORT = 8765


def add_serve(parser: argparse.ArgumentParser) -> None:
    """Give the parser of ``dalle-nb serve`` its options."""
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen at; any but this machine's own needs a token")
    add("--port", type=int, default=PORT, help=f"port to listen at, 0 for any that is free ({PORT})")
    add("--backend", choices=option("backend").words, help="who draws")
    add("--token", help="what every client must send as its key")
    add("--tokens", metavar="FILE", help="a CSV or TOML file with a name, a token and a cap for each client")
    add("--budget", metavar="USD", help="most that all of them may spend")
    add("--per", choices=("day", "month", "total"), help="the time that the budget is for")
    add("--ledger", metavar="FILE", help="a CSV file that gets a line for each call")
    add("--rate", type=int, metavar="N", help="calls that one client may make in a minute")
    add("--at-once", type=int, metavar="N", help="pictures drawn at a time; the rest wait in line")
    add("--yes", action="store_true", help="agree beforehand to what is dear")
    parser.set_defaults(command=_serve)


def _serve(said: argparse.Namespace, _: list[str]) -> int:
    options = {name: value for name, value in vars(said).items() if name != "command"}
    server = open_server(default_generator(), **options)
    service = server.service
    known = service.clients.known
    who = tr("{count} clients with a token", count=len(known)) if known else tr("everybody on this machine")
    url, backend = service.root, service.generator.backend.server.title
    print(
        tr(
            "Drawing for {who} at {url} with {backend}. Ctrl-C stops it, and keeps what is being drawn.",
            who=who,
            url=url,
            backend=backend,
        )
    )
    key = tr("a token") if known else tr("anything")
    print(
        tr(
            "Programs that speak OpenAI's API: {base} as base URL, {key} as key. To try it: {url}",
            base=f"{url}/v1",
            key=key,
            url=url,
        ),
        flush=True,
    )
    server.serve_here()
    return 0
