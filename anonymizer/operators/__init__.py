"""What is done to single columns: mask, round, top and bottom coding, pseudonyms, redaction of text."""

from anonymizer.operators.pseudonyms import pseudonymise
from anonymizer.operators.text import redact
from anonymizer.operators.values import mask, round_to, top_bottom

__all__ = ["mask", "pseudonymise", "redact", "round_to", "top_bottom"]
