"""The demo city: deterministic departmental tables with real shapes, real mess and a known truth."""

from web.demo.city.generate import SEED, CityFiles, generate
from web.demo.city.plan import CityPlan, Dataset, Delivery, Department, Field, PricePlan, plan
from web.demo.city.semantics import OPTIONAL, PERSONAL, Semantic
from web.demo.city.truth import BrokenRow, Comparison, Found, Score, Span, TableTruth, Truth, compare

__all__ = [
    "OPTIONAL",
    "PERSONAL",
    "SEED",
    "BrokenRow",
    "CityFiles",
    "CityPlan",
    "Comparison",
    "Dataset",
    "Delivery",
    "Department",
    "Field",
    "Found",
    "PricePlan",
    "Score",
    "Semantic",
    "Span",
    "TableTruth",
    "Truth",
    "compare",
    "generate",
    "plan",
]
