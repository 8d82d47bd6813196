"""Every option, told once: magic, completions, panel, CLI, HTTP app and README read this table.

Must not import the catalogue: an Option's choices receive the Model when asked.
"""

from __future__ import annotations
