"""Text in CSV that spreadsheets must not run as a formula (after OWASP's advice on CSV injection)."""

STARTS = ("=", "+", "-", "@", "\t", "\r")
"""How text begins that a spreadsheet may run."""


def inert(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet might run it. For text only: numbers and dates never
    begin with anything that runs."""
    return f"'{text}" if text.startswith(STARTS) else text
