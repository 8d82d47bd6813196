"""Writes down the calls that give all pictures asked for: exactly the parameters that a server will receive.

Takes for granted that the rules are kept; pictures and masks travel beside the parameters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from dalle_nb._asking import Ask
from dalle_nb._options import option
from dalle_nb._records import Call, Value
from dalle_nb._sizes import read_size, spell_ratio


def write_calls(ask: Ask, size: str) -> Iterator[Call]:
    """Yield the calls that give all pictures: no more in one than model and server allow."""
    n, most = int(str(ask.options.get("n", 1))), _most_at_once(ask)
    parameters = _parameters(ask, size)
    for first in range(0, n, most):
        own: dict[str, Value] = {"n": min(most, n - first)}
        if "seed" in ask.options:
            # The same seed again would give the same picture again.
            own["seed"] = int(str(ask.options["seed"])) + first
        yield Call(parameters=_as_server_reads(ask, parameters | own))


def _most_at_once(ask: Ask) -> int:
    # Nothing is known of a stream of several pictures, and an svg comes alone (SDK).
    if "partials" in ask.options or ask.options.get("format") == "svg":
        return 1
    return min(ask.model.max_n if ask.binds else 10, ask.server.max_n or 10)


def _parameters(ask: Ask, size: str) -> dict[str, Value]:
    parameters: dict[str, Value] = {"model": ask.model.name, "prompt": ask.prompt, "n": 1}
    parameters |= _size_parameters(ask, size)
    if ask.takes("quality"):
        parameters |= {"quality": ask.model.default_quality or ask.server.default_quality}
    if ask.takes("response_format"):
        parameters |= {"response_format": ask.server.response_format}
    for name, value in ask.options.items():
        parameter = option(name).parameter
        if parameter and parameter not in ("n", "size"):
            parameters[parameter] = value
    if "partials" in ask.options:
        parameters["stream"] = True
    return {name: value for name, value in (parameters | extra_of(ask)).items() if value is not None}


def _size_parameters(ask: Ask, size: str) -> dict[str, Value]:
    exact = read_size(size)
    if exact and ask.server.size_as == "width_height":
        return {"width": exact[0], "height": exact[1]}
    if exact and ask.server.size_as == "aspect_ratio":
        return {"aspect_ratio": spell_ratio(exact)}
    return {"size": size} if size else {}


def _as_server_reads(ask: Ask, parameters: dict[str, Value]) -> dict[str, Value]:
    """Return the parameters with those written into the prompt that the server reads from there."""
    own = {name: parameters[name] for name in ("seed", *extra_of(ask)) if name in parameters}
    if not ask.server.extra_as or not own:
        return parameters
    words = ask.server.extra_as.replace("{json}", json.dumps(own, ensure_ascii=False))
    kept = {name: value for name, value in parameters.items() if name not in own}
    return kept | {"prompt": f"{ask.prompt} {words}"}


def extra_of(ask: Ask) -> dict[str, Value]:
    """Return the parameters that the user sends on their own account."""
    extra = ask.options.get("extra")
    return dict(extra) if isinstance(extra, Mapping) else {}
