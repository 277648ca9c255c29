"""Published text: a map from language to text."""

from typing import Annotated

from pydantic import AfterValidator

LANGUAGES = ("zh-CN", "en")


def _checked(value: dict[str, str]) -> dict[str, str]:
    unknown = set(value) - set(LANGUAGES)
    if unknown:
        raise ValueError(f"unknown language {sorted(unknown)[0]!r}; use one of {', '.join(LANGUAGES)}")
    cleaned = {language: text.strip() for language, text in value.items() if text.strip()}
    if not cleaned:
        raise ValueError("give the text in at least one language")
    return cleaned


Text = Annotated[dict[str, str], AfterValidator(_checked)]
"""`{"zh-CN": "…", "en": "…"}`, at least one of them."""


def pick(text: dict[str, str] | None, language: str) -> str:
    """The text in `language`, else in any other language there is, else ''."""
    if not text:
        return ""
    return text.get(language) or next((text[code] for code in LANGUAGES if text.get(code)), "")
