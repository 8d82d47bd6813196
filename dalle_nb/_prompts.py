"""Prompts as people write them: filled in, built of parts, and looked over for what a model would miss.

Must not know models or options: what is too long or not allowed is `_rules`' business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from dalle_nb._errors import PromptError
from dalle_nb._language import language_of, speaking, tr
from dalle_nb._styles import enhance

if TYPE_CHECKING:
    from jinja2.sandbox import SandboxedEnvironment

__all__ = ["Prompt", "enhance", "fill", "foreign_flags", "lint"]

MAX_FILLED = 200_000
"""Characters that an expression may grow a prompt to; far above what any model takes."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt in the tutorial's five parts; ``str()`` joins those that are there.

    With commas, full-width ones where the parts are Chinese.
    """

    subject: str = ""
    action: str = ""
    environment: str = ""
    style: str = ""
    technical: str = ""

    def __str__(self) -> str:
        parts = [part.strip() for part in astuple(self) if part.strip()]
        return ("，" if language_of("".join(parts)) == "zh" else ", ").join(parts)

    def lint(self) -> tuple[str, ...]:
        """Return what the prompt lacks, each as an advice in its own language: ``Prompt("a cat").lint()``."""
        text = str(self)
        with speaking(language_of(text) or "en"):
            return lint(text)


def fill(text: str, namespace: Mapping[str, Any]) -> str:
    """Return the text with each ``{{expression}}`` replaced by its value in the namespace.

    Nothing else is special: single braces, ``{%`` and ``{#`` are plain text. Expressions run in Jinja's
    sandbox, which reaches no private attribute.

    Raises:
        PromptError: a name is not known, or an expression is not one, fails, or grows beyond all bounds.
    """
    if "{{" not in text:
        return text
    filled = _EXPRESSION.sub(lambda found: _value(found[1], namespace), text)
    if len(filled) > MAX_FILLED:
        what = tr("The prompt grows to {count} characters.", count=f"{len(filled):,}")
        raise PromptError(what, tr("Put a shorter text between the braces."))
    return filled


def lint(text: str) -> tuple[str, ...]:
    """Return the parts that a vague prompt lacks, each as an advice; nothing for one that has them.

    By the tutorial's four tips: detail, style, composition, light.
    """
    low = text.lower()
    advice = []
    if _detail(text) < 6:
        advice.append(tr("say more of the subject: colour, material, what it does"))
    for sentence, words in (
        (tr("say a style, such as oil painting or photograph"), _STYLE),
        (tr("say where it is and how it is seen: background, close-up, wide view"), _PLACE),
        (tr("say light and mood, such as soft morning light"), _LIGHT),
    ):
        if not any(_says(low, word) for word in words.split()):
            advice.append(sentence)
    return tuple(advice)


def foreign_flags(text: str) -> tuple[str, ...]:
    """Return a hint for each habit of another tool that is pasted into the prompt, where it means nothing."""
    return tuple(hint for pattern, hint in _foreign_habits() if re.search(pattern, text))


_EXPRESSION = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)

_STYLE = (
    "style painting paint photo photograph photography illustration watercolour watercolor sketch render art anime "
    "cartoon drawing cinematic realistic 风格 油画 水彩 素描 国画 画 摄影 照片 艺术 渲染 插画 卡通 派 主义 写实 电影 朋克"
)
_PLACE = (
    "in on at under over near beside behind background view close-up portrait wide aerial angle scene landscape "
    "在 里 上 下 旁 背景 特写 视角 俯视 仰视 远景 近景 全景 构图 中 前 后"
)
_LIGHT = (
    "light lighting lit sunlight sunset sunrise dawn dusk night moonlight shadow glow neon mood atmosphere warm soft "
    "dramatic 光 阳光 夜 黄昏 清晨 日落 日出 霓虹 氛围 影 暖 柔和 明亮 意境"
)


def _value(expression: str, namespace: Mapping[str, Any]) -> str:
    from jinja2 import UndefinedError

    try:
        compiled = _sandbox().compile_expression(expression.strip(), undefined_to_none=False)
        return str(compiled(dict(namespace)))
    except Exception as error:
        fix = tr("Only a simple expression may stand between double braces.")
        if isinstance(error, UndefinedError):
            fix = tr("Define it in a cell above, or write single braces for plain text.")
        what = tr(
            "In {expression}: {reason}", expression=f"{{{{{expression[:60]}}}}}", reason=str(error)[:200]
        )
        raise PromptError(what, fix) from error


@cache
def _sandbox() -> SandboxedEnvironment:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    return SandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


def _detail(text: str) -> int:
    """Return how much a text says, in words; two Chinese characters are about one."""
    return len(re.findall(r"[A-Za-z]+", text)) + len(re.findall(r"[\u3400-\u9fff]", text)) // 2


def _says(text: str, word: str) -> bool:
    return bool(re.search(rf"\b{re.escape(word)}", text)) if word.isascii() else word in text


def _foreign_habits() -> tuple[tuple[str, str], ...]:
    return (
        (
            r"(?<!\S)--ar\s+\d+:\d+",
            tr("--ar belongs to Midjourney; here it is --size 3:2, before the prompt"),
        ),
        (
            r"(?<!\S)--(?:v|s|stylize|chaos|niji|no|q|iw|cref|sref|tile|weird)\b",
            tr("flags such as --v and --no belong to Midjourney; here they are words of the prompt"),
        ),
        (
            r"\([^()]+:\d+(?:\.\d+)?\)",
            tr("weights such as (x:1.3) mean nothing here; say what matters first"),
        ),
        (r"<lora:[^>]+>", tr("<lora:…> belongs to Stable Diffusion; these models load none")),
        (
            r"(?i)(?:negative prompt|负面提示词|反向提示词)\s*[:：]",
            tr("there is no negative prompt here; say in the prompt what should be there instead"),
        ),
        (
            r"(?i)\bSteps:\s*\d+,\s*Sampler:",
            tr("sampler settings belong to Stable Diffusion; leave them out"),
        ),
    )
