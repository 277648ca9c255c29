"""Finding published datasets, in Chinese and English."""

from catalog.search.index import SearchIndex
from catalog.search.service import Hit, Query, Results, search

__all__ = ["Hit", "Query", "Results", "SearchIndex", "search"]
