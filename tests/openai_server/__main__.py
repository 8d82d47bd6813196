"""Run the server by hand: `python -m tests.openai_server --port 8123 --fail 429_after:2`."""

from __future__ import annotations

import argparse
import sys
import time

from .faults import FAULTS
from .profiles import PROFILES
from .server import Loopback


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.openai_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--profile", choices=PROFILES, default="openai")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds a drawing takes")
    parser.add_argument("--noise", type=int, default=0, help="bits of noise: 5 make a PNG of 2 MB")
    parser.add_argument(
        "--fail", action="append", default=[], metavar="NAME[:N]", help="armed in this order, once each"
    )
    parser.add_argument("--faults", action="store_true", help="list the faults and leave")
    chosen = parser.parse_args()
    if chosen.faults:
        for fault in FAULTS.values():
            billed = "yes" if fault.billed else "no"
            tell(f"{fault.name:24} billed {billed:4} tell {fault.claim:8} {fault.what}")
        return
    server = Loopback(chosen.port)
    server.api.profile(chosen.profile)
    server.api.latency, server.api.noise = chosen.latency, chosen.noise
    for fault in chosen.fail:
        server.api.fail(fault)
    server.start()
    tell(f"OPENAI_BASE_URL={server.api.url}")
    watch(server)


def tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def watch(server: Loopback) -> None:
    """Print what comes in until Ctrl-C."""
    seen = 0
    try:
        while True:
            time.sleep(0.1)
            for call in server.api.calls[seen:]:
                seen += 1
                tell(f"{call.number} {call.method} {call.path} {dict(call.fields)} {call.files}")
    except KeyboardInterrupt:
        tell(f"{server.api.billed.count} pictures billed")
        server.stop()


if __name__ == "__main__":
    main()
