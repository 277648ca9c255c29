"""Re-identification risk before and after."""

from anonymizer.risk.measures import bars, measure

__all__ = ["bars", "measure"]
