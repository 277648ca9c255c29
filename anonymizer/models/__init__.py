"""Privacy models as requirements on classes of rows that look alike."""

from anonymizer.models.counts import DistinctCount, Grouped, ValueCounts
from anonymizer.models.households import Households
from anonymizer.models.requirements import KeptValues, Requirements, SensitiveRequirement, least_size

__all__ = [
    "DistinctCount",
    "Grouped",
    "Households",
    "KeptValues",
    "Requirements",
    "SensitiveRequirement",
    "ValueCounts",
    "least_size",
]
