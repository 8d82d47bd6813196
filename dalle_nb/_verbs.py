"""The verbs of ``dalle_nb`` itself: those of the default generator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dalle_nb._generator import default_generator

if TYPE_CHECKING:
    from dalle_nb._run import Run


def generate(prompt: str, **options: Any) -> Run:
    """Draw a prompt with the default generator; see `ImageGenerator.generate`."""
    return default_generator().generate(prompt, **options)


def edit(image: Any, prompt: str, mask: Any = None, **options: Any) -> Run:
    """Draw a picture anew with the default generator; see `ImageGenerator.edit`."""
    return default_generator().edit(image, prompt, mask, **options)


def vary(image: Any, n: int = 1, strength: str = "subtle", **options: Any) -> Run:
    """Draw variations of a picture with the default generator; see `ImageGenerator.vary`."""
    return default_generator().vary(image, n, strength, **options)


def rerun(reference: Any, **changes: Any) -> Run:
    """Ask what a Run asked again with the default generator; see `ImageGenerator.rerun`."""
    return default_generator().rerun(reference, **changes)


def configure(**values: Any) -> None:
    """Set the default generator's defaults and settings; see `ImageGenerator.configure`."""
    default_generator().configure(**values)
