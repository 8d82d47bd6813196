"""A call's body, read as OpenAI reads it: what is asked, or the one error that its API gives for it.

A model of the catalogue takes what it takes at OpenAI and nothing more; the painter's own name, and no name
at all, take whatever can be drawn. What only drawing can tell (sizes that a rule forbids, masks that do not
fit) is left to `_rules`.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle_nb._catalog import Catalog, Model, Server
from dalle_nb._images import sniff
from dalle_nb._options import OPTIONS, Option
from dalle_nb._records import Kind
from dalle_nb._serve.shapes import Refused
from dalle_nb._sizes import is_legal, read_size

MOST = 10
"""Pictures in one call; more than any model gives (SDK image_generate_params.py)."""
LONGEST = 32_000
"""Characters of a prompt that any model takes."""

MOST_PICTURES = 17
"""16 and a mask: what any model takes (SDK image_edit_params.py)."""

_PARAMETERS = {row.parameter: row for row in OPTIONS if row.parameter and row.parameter != "response_format"}
_ALSO = {
    Kind.GENERATE: ("prompt",),
    Kind.EDIT: ("prompt", "image", "mask", "markup"),
    Kind.VARIATION: ("image",),
}
"""What a call of each kind says beside its parameters, and the pictures that it brings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture that came along with a call."""

    part: str
    """``image``, ``mask`` or ``markup``."""
    data: bytes = field(repr=False)
    name: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What one call asks for."""

    kind: Kind
    prompt: str
    model: Model | None
    """As asked; None where nobody said."""
    options: Mapping[str, Any]
    """By Option name."""
    uploads: tuple[Upload, ...] = ()
    answers: str = "b64_json"
    """``url`` or ``b64_json``."""
    stream: bool = False

    @property
    def classic(self) -> bool:
        """Whether answers and errors are those of the time when pictures came as links."""
        return is_classic(self.model)


def is_classic(model: Model | None) -> bool:
    """Return whether a model speaks as DALL·E did. Whoever names no model wrote a program of that time."""
    return model is None or (bool(model.response_formats) and not model.free)


def read_order(
    kind: Kind,
    fields: Mapping[str, Any],
    uploads: tuple[Upload, ...],
    *,
    catalog: Catalog,
    server: Server,
    form: bool = False,
) -> Order:
    """Return what is asked; ``form`` says that numbers came as text.

    Raises:
        Refused: the first thing that OpenAI would not take either.
    """
    said = {name: value for name, value in fields.items() if value is not None}
    model = _model(said.get("model"), catalog, server)
    strict = model is not None and model.catalogued and not model.free and not server.own_models
    law = _Law(kind=kind, model=model if strict else None, catalog=catalog, form=form)
    law.check_kind()
    law.check_names([*said, *(each.part for each in uploads)])
    law.check_uploads(uploads)
    options = {_PARAMETERS[name].name: law.value(name, said[name]) for name in said if name in _PARAMETERS}
    stream = law.flag("stream", said.get("stream", False))
    if not stream:
        options.pop("partials", None)
    return Order(
        kind=kind,
        prompt=law.prompt(said.get("prompt")),
        model=model,
        options=options,
        uploads=uploads,
        answers=law.form_of_answer(said.get("response_format"), "url" if is_classic(model) else "b64_json"),
        stream=stream,
    )


def _model(name: Any, catalog: Catalog, server: Server) -> Model | None:
    if name is None:
        return None
    if not isinstance(name, str) or not name:
        raise _wrong_type("model", "a string")
    model = catalog.model(name)
    if not model.catalogued and server.offline:
        message = f"The model `{name[:80]}` does not exist or you do not have access to it."
        raise Refused(404, message, param="model", code="model_not_found")
    return model


@dataclass(frozen=True, slots=True, kw_only=True)
class _Law:
    """What a call of this kind may say."""

    kind: Kind
    model: Model | None
    """The model whose limits bind; None where any value may do that can be drawn."""
    catalog: Catalog
    form: bool

    def check_kind(self) -> None:
        if self.model and self.kind not in self.model.kinds:
            message = f"The model `{self.model.name}` does not support this operation ({self.kind.value})."
            raise Refused(400, message, param="model", code="invalid_value")

    def check_names(self, said: Iterable[str]) -> None:
        takes, kind = self.model.parameters if self.model else None, self.catalog.kinds[self.kind]
        known = {name for name in kind if takes is None or name in takes} & _PARAMETERS.keys()
        known |= {"model", "user", *_ALSO[self.kind]}
        known -= {"markup"} if takes is not None and "markup" not in takes else set()
        known |= {"stream"} if takes is None or "partial_images" in takes else set()
        known |= {"response_format"} if takes is None or "response_format" in takes else set()
        for name in said:
            if name not in known:
                message = f"Unknown parameter: '{name[:80]}'."
                raise Refused(400, message, param=name[:80], code="unknown_parameter")

    def check_uploads(self, uploads: tuple[Upload, ...]) -> None:
        images = [each for each in uploads if each.part == "image"]
        if not images and self.kind is not Kind.GENERATE:
            raise _missing("image")
        most = self.model.max_inputs if self.model else 16
        if len(images) > most:
            message = (
                f"Invalid 'image': too many images. Expected at most {most}, but got {len(images)} instead."
            )
            raise Refused(400, message, param="image", code="array_above_max_length")
        for each in uploads if self.model and not is_classic(self.model) else ():
            if each.media_type not in self.model.input_types:  # type: ignore[union-attr] # seen just above
                message = f"Invalid file '{each.part}': unsupported mimetype ('{each.media_type[:80]}')."
                raise Refused(400, message, param=each.part, code="unsupported_file_mimetype")

    def prompt(self, said: Any) -> str:
        if self.kind is Kind.VARIATION:
            return ""
        if said is None:
            raise _missing("prompt")
        if not isinstance(said, str):
            raise _wrong_type("prompt", "a string")
        if not said.strip():
            message = "Invalid 'prompt': empty string. Expected a string with minimum length 1."
            raise Refused(400, message, param="prompt", code="empty_string")
        most = (self.model.max_prompt if self.model else None) or LONGEST
        if len(said) > most:
            message = f"Invalid 'prompt': string too long. Expected a string with maximum length {most}, but got a string with length {len(said)} instead."
            raise Refused(400, message, param="prompt", code="string_above_max_length")
        return said

    def value(self, name: str, said: Any) -> Any:
        """Return a parameter's value, of its type and within what the model takes."""
        row = _PARAMETERS[name]
        if row.type == "integer":
            return self._number(row, said)
        if row.type == "json":
            if not isinstance(said, dict):
                raise _wrong_type(name, "an object")
            return said
        if not isinstance(said, str):
            raise _wrong_type(name, "a string")
        if self.model:
            self._choose(name, said, self._choices(row, said))
        return said

    def _number(self, row: Option, said: Any) -> int:
        if self.form and isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 20:
            said = int(said)
        if type(said) is not int:
            raise _wrong_type(row.parameter, "an integer")
        least, most = row.least or 0, row.most if row.most is not None else said
        if row.name == "n":
            most = self.model.max_n if self.model else MOST
        if least <= said <= most:
            return said
        word, bound = ("below_min", f">= {least}") if said < least else ("above_max", f"<= {most}")
        message = f"Invalid '{row.parameter}': integer out of range. Expected a value {bound}, but got {said} instead."
        raise Refused(400, message, param=row.parameter, code=f"integer_{word}_value")

    def _choices(self, row: Option, said: str) -> tuple[str, ...]:
        assert self.model
        if row.name == "size":
            # Shapes and ratios are words of ours; a size by rule is left to the rules, but for those that
            # they would translate.
            size = read_size(said) if said.isascii() and len(said) < 16 else None
            lawful = size is not None and (
                is_legal(size, self.model) or said not in self.catalog.synonyms.sizes
            )
            return (said,) if lawful and self.model.size_rule else self.model.sizes
        return self.model.styles if row.name == "style" else row.values(self.model)

    def form_of_answer(self, said: Any, default: str) -> str:
        if said is not None:
            formats = self.model.response_formats if self.model else ()
            self._choose("response_format", said, formats or ("url", "b64_json"))
        return str(said or default)

    def flag(self, name: str, said: Any) -> bool:
        value = (
            {"true": True, "false": False}.get(said, said) if self.form and isinstance(said, str) else said
        )
        if not isinstance(value, bool):
            raise _wrong_type(name, "a boolean")
        return value

    @staticmethod
    def _choose(name: str, said: Any, choices: tuple[str, ...]) -> None:
        if choices and said not in choices:
            listed = ", ".join(f"'{each}'" for each in choices)
            message = f"Invalid value: '{str(said)[:80]}'. Supported values are: {listed}."
            raise Refused(400, message, param=name, code="invalid_value")


def _missing(name: str) -> Refused:
    return Refused(
        400, f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter"
    )


def _wrong_type(name: str, wanted: str) -> Refused:
    return Refused(400, f"Invalid type for '{name}': expected {wanted}.", param=name, code="invalid_type")


def take_pictures(
    fields: Mapping[str, Any], read_file: Callable[[str], bytes]
) -> tuple[dict[str, Any], tuple[Upload, ...]]:
    """Return a JSON body without its pictures, and these: data URLs, or files uploaded before.

    Raises:
        Refused: one is neither. No other address is ever fetched.
    """
    rest = {name: value for name, value in fields.items() if name not in ("image", "images", "mask")}
    images = fields.get("images", fields.get("image")) or []
    given = [("image", each) for each in (images if isinstance(images, list) else [images])]
    given += [("mask", fields["mask"])] if fields.get("mask") is not None else []
    if len(given) > MOST_PICTURES:
        raise Refused(400, "Too many images.", param="images", code="array_above_max_length")
    return rest, tuple(_fetch(part, reference, read_file) for part, reference in given)


def _fetch(part: str, reference: Any, read_file: Callable[[str], bytes]) -> Upload:
    said = reference if isinstance(reference, dict) else {"image_url": reference}
    file, url = said.get("file_id"), said.get("image_url")
    if isinstance(file, str):
        data = read_file(file)
        return Upload(part=part, data=data, name=file, media_type=sniff(data) or "")
    head, comma, text = url.partition(",") if isinstance(url, str) else ("", "", "")
    kind = head.removeprefix("data:").removesuffix(";base64")
    if not comma or len(head) - len(kind) != len("data:;base64"):
        message = f"Invalid '{part}': expected a file_id, or a base64 data URL as image_url."
        raise Refused(400, message, param=part, code="invalid_value")
    try:
        return Upload(part=part, data=b64decode(text, validate=True), media_type=kind)
    except ValueError as error:
        raise Refused(
            400, f"Invalid '{part}': its base64 cannot be read.", param=part, code="invalid_base64"
        ) from error
