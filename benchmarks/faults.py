"""Count how our targets for faults are met, from the tests that hold them.

`make faults` prints the table. Each test in tests/test_faults.py names the targets that it belongs to; what is
counted is those tests, and nothing is tried twice.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

TARGETS = {
    1: "transient faults survived with retry=always, at most 2 more calls each",
    2: "the same at a server of links; a download is made again, never a drawing",
    3: "nothing unreadable or mislabelled kept; paid and unusable bodies in quarantine",
    4: "every fault told by an error of ours, and by the Run",
    5: "final refusals asked exactly once, under every policy",
    6: "payments: none twice unasked, and every call's bill as the server knows it",
    7: "broken streams told or asked again, no partial kept",
    20: "hostile answers refused in 250 MB",
    21: "hostile words without a live element in Chromium",
    22: "six letters of the key nowhere",
    23: "whatever is asked is drawn or refused before anything is sent",
}


class Tally:
    """Counts outcomes by target, as pytest reports them."""

    def __init__(self) -> None:
        self.good: Counter[int] = Counter()
        self.all: Counter[int] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count one test, where it is over or failed before it began."""
        if report.when != "call" and not report.failed:
            return
        targets: Any = dict(report.user_properties).get("targets", ())
        for target in targets:
            self.all[target] += 1
            self.good[target] += report.passed


def main() -> int:
    """Print the table; return 1 where a target is missed."""
    tally = Tally()
    tests = Path(__file__).parents[1] / "tests" / "test_faults.py"
    outcome = pytest.main([str(tests), "-q", "--no-header", "-p", "no:cacheprovider"], plugins=[tally])
    for target, words in TARGETS.items():
        good, everything = tally.good[target], tally.all[target]
        met = "" if good == everything > 0 else "MISSED"
        print(f"{target:3}  {words:82}{good:4} of {everything:3}  {met}")
    return int(outcome)


if __name__ == "__main__":
    sys.exit(main())
