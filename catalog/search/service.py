"""Search with facets. The order is by fit; other orders are the caller's choice of `sort`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import service as releases
from catalog.releases.models import Release
from catalog.search.index import SearchIndex

Sort = Literal["fit", "newest", "title"]
Labels = Mapping[str, Mapping[str, Sequence[str]]]
"""Facet name → dataset id → values; facets that other parts know about, such as the price."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for. `facets`: within a facet any value fits, across facets all must."""

    text: str = ""
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sort: Sort = "fit"
    offset: int = 0
    limit: int = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A dataset found, with its release in force."""

    dataset: Dataset
    release: Release


@dataclass(frozen=True, slots=True)
class Results:
    """A page of hits, how many there are in all, and for each facet how many each value would leave."""

    hits: list[Hit]
    total: int
    facets: dict[str, Counter[str]]


def search(session: Session, index: SearchIndex, query: Query, labels: Labels | None = None) -> Results:
    """Find published datasets. `labels` adds facets to openness, theme, provider, format and licence."""
    index.refresh(session)
    ids = index.find(query.text)
    found = datasets.datasets_by_id(session, ids)
    current = releases.current_releases(session, ids)
    hits = [Hit(found[i], current[i]) for i in ids if i in found and i in current]
    values = {hit.dataset.id: _values(hit, labels or {}) for hit in hits}
    names = ["openness", "theme", "provider", "format", "licence", *(labels or {})]
    facets: dict[str, Counter[str]] = {}
    for name in names:
        # A facet counts what the other facets leave, so that its own values stay choosable.
        others = {key: chosen for key, chosen in query.facets.items() if key != name}
        facets[name] = Counter(
            value for hit in hits if _fits(values[hit.dataset.id], others) for value in values[hit.dataset.id][name]
        )
    kept = [hit for hit in hits if _fits(values[hit.dataset.id], query.facets)]
    if query.sort == "newest":
        kept.sort(key=lambda hit: hit.release.published_at, reverse=True)
    elif query.sort == "title":
        kept.sort(key=lambda hit: hit.dataset.slug)
    return Results(kept[query.offset : query.offset + query.limit], len(kept), facets)


def _values(hit: Hit, labels: Labels) -> dict[str, set[str]]:
    dataset = hit.dataset
    return {
        "openness": {dataset.openness},
        "theme": set(dataset.themes),
        "provider": {dataset.provider_id},
        "format": {str(file["name"]).rpartition(".")[2].upper() for file in hit.release.files if _is_data(file)},
        "licence": {dataset.licence_id},
        **{name: set(by_dataset.get(dataset.id, ())) for name, by_dataset in labels.items()},
    }


def _is_data(file: Mapping[str, object]) -> bool:
    return str(file["name"]).endswith((".csv", ".parquet"))


def _fits(values: Mapping[str, set[str]], chosen: Mapping[str, frozenset[str]]) -> bool:
    return all(not wanted or wanted & values.get(name, set()) for name, wanted in chosen.items())
