"""The Images API on this machine: every program that speaks it draws here, and all it draws is in the history.

Rooms, each built on those before it: `shapes` (what answers and errors look like), `links`, `ledger`, `line`,
`clients`, `orders` (a body read), `service` (what all routes share), `images`, `files`, `batches`, `foreman`,
`openapi`, `page`, `gate` (what every call goes through), `app`, `running`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import SettingsError
from dalle_nb._generator import ImageGenerator, default_generator
from dalle_nb._language import tr

if TYPE_CHECKING:
    from dalle_nb._serve.running import Server, Serving


def serve(*, host: str = "127.0.0.1", port: int = 0, **options: Any) -> Serving:
    """Serve the Images API beside the cells of a notebook: ``with dn.serve() as url:``.

    A program needs ``url + "/v1"`` as base URL and any key. The server stops at the end of the block, with
    ``.stop()``, or with the kernel. ``port=0`` takes any that is free. Options are those of ``open_server``.

    Raises:
        SettingsError: an option is wrong, or the address cannot be had; another than this machine's own
            needs a token.
    """
    server = open_server(default_generator(), host=host, port=port, **options)
    from dalle_nb._serve.running import Serving

    return Serving(server)


def open_server(
    generator: ImageGenerator,
    *,
    host: str,
    port: int,
    token: str | None = None,
    tokens: str | Path | None = None,
    ledger: str | Path | None = None,
    rate: int | None = None,
    at_once: int | None = None,
    yes: bool = False,
    **settings: Any,
) -> Server:
    """Return a server that listens, and does not serve yet.

    ``token`` is what every client must send; ``tokens`` a CSV or TOML file with a name, a token and a cap
    in dollars for each. ``ledger`` is a CSV file that gets a line for each call. ``rate`` is how many calls a
    client may make in a minute, ``at_once`` how many are drawn at a time. ``yes`` agrees beforehand to what is
    dear. ``settings`` such as ``backend`` and ``budget`` hold for this server only.

    Raises:
        SettingsError: one of them is wrong, or what serves is not installed.
    """
    try:
        from dalle_nb._serve import running
        from dalle_nb._serve.clients import read_clients
        from dalle_nb._serve.ledger import Ledger
        from dalle_nb._serve.service import Limits, Service
    except ModuleNotFoundError as error:
        raise SettingsError(
            tr("The server needs a few packages more: {reason}.", reason=error),
            tr("Install them: pip install 'dalle-nb[serve]'"),
        ) from error
    workshop = generator.sibling(**{name: value for name, value in settings.items() if value is not None})
    _ = (
        workshop.store
    )  # a wrong setting, or a folder that cannot be written, is told now, not to the first client
    service = Service(
        generator=workshop,
        clients=read_clients(token, Path(tokens) if tokens else None),
        limits=Limits(rate=rate) if at_once is None else Limits(rate=rate, at_once=at_once),
        ledger=Ledger(Path(ledger) if ledger else None),
        agreed=yes,
    )
    return running.open_server(service, host, port)
