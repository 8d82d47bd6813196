"""Pictures side by side, with what was asked otherwise for each. Shows them; must not look them up."""

from __future__ import annotations

from dataclasses import dataclass, field

from dalle_nb._display import publish
from dalle_nb._gallery import compare_bundle, differences_bundle
from dalle_nb._language import speaking
from dalle_nb._lineage import request_facts
from dalle_nb._run import Picture


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """Two or more pictures on one sheet, and a table of what was asked otherwise for each."""

    pictures: tuple[Picture, ...]
    long_edge: int = 1024
    tongue: str = field(default="en", kw_only=True)

    @property
    def names(self) -> tuple[str, ...]:
        """The reference of each picture, such as ``12/3``."""
        return tuple(picture.reference for picture in self.pictures)

    @property
    def differences(self) -> dict[str, tuple[object, ...]]:
        """What differs, by name: its value for each picture in turn, None where nobody said."""
        asked = [request_facts(picture.run.record) for picture in self.pictures]
        names = dict.fromkeys(name for facts in asked for name in facts)
        rows = {name: tuple(facts.get(name) for facts in asked) for name in names}
        return {name: values for name, values in rows.items() if any(each != values[0] for each in values)}

    def _ipython_display_(self) -> None:
        with speaking(self.tongue):
            publish(
                compare_bundle(
                    [(picture.reference, picture.bytes) for picture in self.pictures], self.long_edge
                )
            )
            publish(differences_bundle(self.names, self.differences))

    def __repr__(self) -> str:
        with speaking(self.tongue):
            return str(differences_bundle(self.names, self.differences)[0]["text/plain"])
