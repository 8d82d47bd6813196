"""``python -m dalle_nb`` is the ``dalle-nb`` command."""

from __future__ import annotations

from dalle_nb._cli import main

raise SystemExit(main())
