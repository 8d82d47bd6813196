"""Masks: from whatever people have to the PNG that a server reads.

Must not know files, stores or servers' names; pictures come in as Blobs.
"""

from __future__ import annotations

from dalle_nb._records import Blob


def for_server(mask: Blob, convention: str) -> Blob:
    """Return the mask in a server's convention: ``alpha`` (transparent is repainted) or ``white``."""
    return mask
