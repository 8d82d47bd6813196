"""``dalle-nb tutorials``: puts the lessons where the learner wants them.

They come in the wheel, without their outputs; in a clone they are read from `notebooks/`. Must not draw.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dalle_nb._errors import OptionError
from dalle_nb._language import LANGUAGES, tr

_PLACES = (Path(__file__).parent / "lessons", Path(__file__).parents[1] / "notebooks")


def copy_lessons(folder: Path, language: str) -> list[Path]:
    """Copy the lessons of a language into the folder, and return those that were not there yet.

    A file that is there already is the learner's own work and stays as it is.

    Raises:
        OptionError: there are no lessons in that language, or the folder cannot be written.
    """
    if language not in LANGUAGES:
        raise OptionError(
            tr("There are no lessons in {language}.", language=repr(language)),
            tr("Try: {spelling}", spelling=" | ".join(f"--lang {each}" for each in LANGUAGES)),
        )
    place = next(place for place in _PLACES if (place / language).is_dir())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        missing = [
            lesson
            for lesson in sorted((place / language).glob("*.ipynb"))
            if not (folder / lesson.name).exists()
        ]
        return [Path(shutil.copy(lesson, folder)) for lesson in missing]
    except OSError as error:
        raise OptionError(
            tr("{folder} cannot take the lessons: {reason}.", folder=folder, reason=error.strerror),
            tr("Name another folder: dalle-nb tutorials FOLDER"),
        ) from error
