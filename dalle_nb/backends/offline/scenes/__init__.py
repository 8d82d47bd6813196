"""The places a picture may show, by name."""

from __future__ import annotations

from .stage import Spot, Stage

__all__ = ["Spot", "Stage"]
