"""The few things every drawing needs: coordinates as short text, escaped attributes, percentages."""

from markupsafe import Markup, escape


def coordinate(value: float, digits: int = 2) -> str:
    """`12.5`, `3`: a number for an attribute, without trailing zeros."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".") if digits else f"{value:.0f}"
    return "0" if text in ("-0", "") else text


def rect(x: float, y: float, width: float, height: float, css: str) -> str:
    """A rectangle of a stretched plot."""
    return (
        f'<rect class="{css}" x="{coordinate(x)}" y="{coordinate(y)}"'
        f' width="{coordinate(width)}" height="{coordinate(height)}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> str:
    """A straight line of a stretched plot."""
    return (
        f'<line class="{css}" x1="{coordinate(x1)}" y1="{coordinate(y1)}" x2="{coordinate(x2)}" y2="{coordinate(y2)}"/>'
    )


def described(label: str) -> str:
    """The attributes that make a drawing one picture with a sentence."""
    return f'role="img" aria-label="{escape(label)}"'


def markup(*pieces: str) -> Markup:
    """Pieces that are already mark-up, joined."""
    return Markup("".join(pieces))  # noqa: S704 - every piece is made here or escaped by `described`
