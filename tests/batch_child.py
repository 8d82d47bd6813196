"""A batch in a process of its own, to be killed: ``python batch_child.py COUNT [CONCURRENCY]``."""

from __future__ import annotations

import sys

import dalle_nb as dn


def prompts(count: int) -> list[str]:
    """Return what is asked, every fifth of them the same words."""
    return [f"cat number {number if number % 5 else 0}" for number in range(count)]


if __name__ == "__main__":
    count, at_once = int(sys.argv[1]), int(sys.argv[2])
    made = dn.batch(prompts(count), quality="low", concurrency=at_once, yes=True)
    print(len(made), len(made.failed))
