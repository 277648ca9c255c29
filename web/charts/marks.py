"""The tally 契纹 and the logo.

A tally draws the first 12 hex digits of a hash as an edge of 24 columns, 2 bits each: what is drawn is
exactly what is printed beside it. Two halves of a stick (the report's hash, the file's hash) close into one band
when they are the same and leave red gaps where they differ.
"""

from markupsafe import Markup

from web.charts.svg import coordinate, markup

DIGITS = 12
COLUMNS = 2 * DIGITS


class NotAHash(ValueError):
    """What should be drawn has no 12 leading hex digits."""


def columns_of(digest: str) -> list[int]:
    """24 values from 0 to 3, the bits of the first 12 hex digits, highest first. Takes `sha256:…` too."""
    digits = digest.removeprefix("sha256:")[:DIGITS].lower()
    if len(digits) < DIGITS or any(digit not in "0123456789abcdef" for digit in digits):
        raise NotAHash(f"a hash begins with {DIGITS} hex digits; this is {digest!r}")
    return [bits for digit in digits for bits in (int(digit, 16) >> 2, int(digit, 16) & 3)]


def _edge(levels: list[float], width: float, start: str) -> str:
    """A path along the tops of columns: `start`, then one vertical and one horizontal move per column."""
    moves = "".join(f"V{coordinate(level)}H{coordinate((index + 1) * width)}" for index, level in enumerate(levels))
    return f"{start}{moves}"


def tally(digest: str) -> Markup:
    """The small tally, 144 × 24. Decoration for machines that read: its 12 digits must stand beside it."""
    path = _edge([20 - 5.5 * bits for bits in columns_of(digest)], 6, "M0 24") + "V24z"
    return markup(
        f'<svg class="tally__s" viewBox="0 0 144 24" aria-hidden="true"><path class="ty-b" d="{path}"/></svg>'
    )


def tally_pair(report_hash: str, file_hash: str) -> Markup:
    """Both halves, 336 × 40: above the report's, below the file's. The words below them carry the meaning."""
    upper = _edge([27.5 - 5.5 * bits for bits in columns_of(report_hash)], 14, "M0 0") + "V0z"
    lower = _edge([31 - 5.5 * bits for bits in columns_of(file_hash)], 14, "M0 40") + "V40z"
    agree = columns_of(report_hash) == columns_of(file_hash)
    gaps = "" if agree else '<rect class="fx" width="336" height="40"/>'
    return markup(
        '<svg viewBox="0 0 336 40" aria-hidden="true">',
        gaps,
        f'<path class="ty-b" d="{lower}"/><path class="ty-a" d="{upper}"/></svg>',
    )


def logo() -> Markup:
    """A closed tally in ink and flower."""
    return markup(
        '<svg class="mark" viewBox="0 0 28 28" aria-hidden="true">'
        '<path class="mark-a" d="M2 2h24v8h-6v5h-6V8H8v5H2z"/>'
        '<path class="mark-b" d="M2 15.5h8v-5h2v7h10v-5h4V26H2z"/></svg>'
    )
