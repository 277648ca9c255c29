"""Privacy models as requirements on classes of rows that look alike."""

from anonymizer.models.requirements import DistinctCount, Requirement, Requirements

__all__ = ["DistinctCount", "Requirement", "Requirements"]
