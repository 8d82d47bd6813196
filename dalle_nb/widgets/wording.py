"""What the form says, in the language being spoken: its labels, and a title for each option."""

from __future__ import annotations

from dalle_nb._language import tr


def form_words() -> dict[str, str]:
    """Return what stands in the form as it opens."""
    return {
        "prompt": tr("What should be drawn?"),
        "badge": tr("Offline sketch"),
        "offline": tr(
            "Drawn by rules on this machine: free, without a key, and no AI model. "
            "For OpenAI's models run %dalle_login in a cell."
        ),
        "hint": tr("A fox in the snow, watercolour, soft morning light"),
        "add": tr("Add pictures"),
        "drop": tr("Drop pictures here"),
        "remove": tr("Remove {name}"),
        "too_big": tr("{name} has {size} MB; the most that can be sent from a page is 9 MB."),
        "too_big_fix": tr("Save it smaller, or give its path to %%dalle --edit."),
        "no_kernel": tr("The kernel does not answer: run the cell again."),
        "picture": tr("What to do with the picture"),
        "edit": tr("Change it"),
        "subtle": tr("Vary a little"),
        "strong": tr("Vary a lot"),
        "mask": tr("Paint a mask"),
        "unmask": tr("Forget the mask"),
        "masked": tr("Only the painted part changes."),
        "size": tr("Size"),
        "square": tr("Square"),
        "landscape": tr("Landscape"),
        "portrait": tr("Portrait"),
        "generate": tr("Generate"),
        "queued": tr("Queued"),
        "asking": tr("Asking …"),
        "not_now": tr("Not now"),
        "lacks": tr("It could say more:"),
    }


def more_words() -> dict[str, str]:
    """Return what is folded away in it."""
    return {
        "more": tr("More"),
        "less": tr("Less"),
        "model": tr("Model"),
        "model_name": tr("Name of the model"),
        "structure": tr("Build the prompt from parts"),
        "subject": tr("Subject"),
        "action": tr("Action"),
        "environment": tr("Environment"),
        "style": tr("Style"),
        "technical": tr("Technical"),
        "styles": tr("Styles"),
        "examples": tr("Examples"),
        "options": tr("Options"),
        "seldom": tr("Seldom needed"),
        "default": tr("{value} (default)"),
        "automatic": tr("Automatic"),
        "yes": tr("Yes"),
        "no": tr("No"),
        "gone": tr("retired"),
        "until": tr("until {date}"),
        "as_cell": tr("As a cell"),
        "copy": tr("Copy"),
        "copied": tr("Copied."),
        "as_a_cell_below": tr("It stands in a new cell."),
        "not_copied": tr("The browser does not let us copy: select it and copy it."),
    }


def field_titles() -> dict[str, str]:
    """Return what options are called above their fields; one that is not here goes by its own name."""
    return {
        "n": tr("How many pictures"),
        "size": tr("Size"),
        "quality": tr("Quality"),
        "background": tr("Background"),
        "format": tr("File format"),
        "compression": tr("Compression"),
        "response_format": tr("Sent as"),
        "strict_mask": tr("Keep everything outside the mask"),
        "input_fidelity": tr("Likeness to the pictures"),
        "enhance": tr("Enhance the prompt"),
        "moderation": tr("Moderation"),
        "partials": tr("Unfinished pictures"),
        "seed": tr("Seed"),
        "complexity": tr("Complexity"),
        "frame_count": tr("Frames"),
        "frame_duration_ms": tr("Milliseconds a frame"),
        "svg": tr("SVG settings"),
        "safety_identifier": tr("Name of the end user"),
        "extra": tr("More parameters"),
        "save": tr("Also save to"),
        "tag": tr("Tag"),
        "budget": tr("Spend at most, in dollars"),
    }
