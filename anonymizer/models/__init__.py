"""Privacy models as requirements on classes of rows that look alike."""

from anonymizer.models.counts import DistinctCount, Grouped, ValueCounts
from anonymizer.models.requirements import Requirements, SensitiveRequirement, least_size

__all__ = ["DistinctCount", "Grouped", "Requirements", "SensitiveRequirement", "ValueCounts", "least_size"]
