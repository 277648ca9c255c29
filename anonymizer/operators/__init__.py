"""What is done to single columns: mask, round, top and bottom coding, micro-aggregation, pseudonyms, redaction."""

from anonymizer.operators.microaggregation import micro_aggregate
from anonymizer.operators.pseudonyms import pseudonymise
from anonymizer.operators.text import redact
from anonymizer.operators.values import mask, round_to, top_bottom

__all__ = ["mask", "micro_aggregate", "pseudonymise", "redact", "round_to", "top_bottom"]
