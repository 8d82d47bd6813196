"""Puts the lessons into the wheel, without their outputs: a learner makes those, and the wheel stays small."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class LeanLessons(BuildHookInterface[Any]):
    """Hatchling's hook; an editable install reads the lessons from the clone instead."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write each lesson without outputs beside the build, and have it included."""
        if version == "editable":
            return
        self.folder = tempfile.TemporaryDirectory()  # goes with this hook, when the wheel is built
        for lesson in sorted(Path(self.root, "notebooks").glob("[a-z][a-z]/*.ipynb")):
            book = json.loads(lesson.read_text(encoding="utf-8"))
            for cell in book["cells"]:
                if cell["cell_type"] == "code":
                    cell.update(outputs=[], execution_count=None)
            place = f"{lesson.parent.name}/{lesson.name}"
            lean = Path(self.folder.name, place)
            lean.parent.mkdir(exist_ok=True)
            lean.write_text(json.dumps(book, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
            build_data["force_include"][str(lean)] = f"dalle_nb/lessons/{place}"
