"""The search page: every state of it is an address, and it works without script."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from sqlmodel import Session
from starlette.responses import Response

from catalog import search as finder
from catalog.datasets import service as datasets
from catalog.datasets.vocabulary import OPENNESS, THEMES
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from contracts.licence import LICENCES
from web.dependencies import Read, ServicesOf
from web.i18n import N_, localized, raw_gettext
from web.pages.portal import lists
from web.rendering import render

router = APIRouter(include_in_schema=False)
PAGE = 20
SORTS = {"fit": N_("Best fit"), "newest": N_("Newest release"), "title": N_("Short name")}
PRICES = {"free": N_("Free"), "trial": N_("Some calls free"), "paid": N_("Paid")}
FACETS = {
    "openness": N_("Openness"),
    "theme": N_("Theme"),
    "provider": N_("Provider"),
    "format": N_("Format"),
    "licence": N_("Licence"),
    "price": N_("Price"),
}
Values = Annotated[list[str], Query(default_factory=list)]


def chosen_facets(
    openness: Values, theme: Values, provider: Values, format: Values, licence: Values, price: Values
) -> dict[str, list[str]]:
    """The facets of an address: within one any value fits, across several all must."""
    return {
        "openness": openness,
        "theme": theme,
        "provider": provider,
        "format": format,
        "licence": licence,
        "price": price,
    }


Chosen = Annotated[dict[str, list[str]], Depends(chosen_facets)]


def index_of(request: Request) -> finder.SearchIndex:
    """The process's search index, made when first needed."""
    state = request.app.state
    if getattr(state, "search_index", None) is None:
        state.search_index = finder.SearchIndex()
    index: finder.SearchIndex = state.search_index
    return index


def find(
    session: Session,
    index: finder.SearchIndex,
    text: str,
    chosen: Mapping[str, Sequence[str]],
    *,
    sort: str = "",
    offset: int = 0,
    limit: int = PAGE,
) -> finder.Results:
    """Search by what addresses say: facets by name with the values of the address, providers by short name."""
    index.refresh(session)
    price_of = lists.prices(session, datasets.list_datasets(session))
    facets = {name: frozenset(values) for name, values in chosen.items() if values}
    if "provider" in facets:
        known = parties.list_organisations(session)
        facets["provider"] = frozenset(
            o.id for o in known if o.slug in facets["provider"] or o.id in facets["provider"]
        )
        if not facets["provider"]:
            facets["provider"] = frozenset({""})  # an unknown provider has no data, not everybody's
    order = sort if sort in SORTS else ("fit" if text.strip() else "newest")
    query = finder.Query(text, facets, order, offset, limit)  # type: ignore[arg-type]  # `order` is a key of SORTS
    labels = {"price": {dataset_id: [price.kind] for dataset_id, price in price_of.items()}}
    return finder.search(session, index, query, labels)


@router.get("/search")
def search_page(
    request: Request,
    session: Read,
    services: ServicesOf,
    chosen: Chosen,
    q: str = "",
    sort: str = "",
    page: int = 1,
) -> Response:
    q = q.strip()[:200]
    page = max(1, min(page, 10_000))
    index = index_of(request)
    results = find(session, index, q, chosen, sort=sort, offset=(page - 1) * PAGE)
    pages = max(1, -(-results.total // PAGE))
    if page > pages:
        page = pages
        results = find(session, index, q, chosen, sort=sort, offset=(page - 1) * PAGE)
    providers = {o.id: o for o in parties.list_organisations(session)}
    names = _names(providers)
    return render(
        request,
        "portal/search.html",
        q=q,
        total=results.total,
        cards=lists.cards(session, services.settings, results.hits, q),
        facets=[_facet(name, legend, results, chosen[name], names[name], providers) for name, legend in FACETS.items()],
        hidden={"q": [q] if q else [], "sort": [sort] if sort in SORTS else []},
        chosen={name: values for name, values in chosen.items() if values},
        chips=_chips(request, chosen, names, providers),
        sort=sort if sort in SORTS else ("fit" if q else "newest"),
        sorts=[(key, raw_gettext(label)) for key, label in SORTS.items()],
        page=page,
        pages=pages,
        without_filters=_without_filters(session, index, q) if not results.total and any(chosen.values()) else 0,
        themes=_themes(session, index) if not results.total else [],
    )


def _without_filters(session: Session, index: finder.SearchIndex, q: str) -> int:
    return find(session, index, q, {}, limit=0).total


def _themes(session: Session, index: finder.SearchIndex) -> list[tuple[str, str, int]]:
    counts = find(session, index, "", {}, limit=0).facets["theme"]
    return [(theme, localized(name), counts[theme]) for theme, name in THEMES.items() if counts[theme]]


def _names(providers: Mapping[str, Organisation]) -> dict[str, dict[str, str]]:
    """For each facet the words for its values as the index knows them."""
    return {
        "openness": {key: localized(text) for key, text in OPENNESS.items()},
        "theme": {key: localized(text) for key, text in THEMES.items()},
        "provider": {key: localized(organisation.name) for key, organisation in providers.items()},
        "format": dict(lists.FORMATS),
        "licence": {key: localized(terms.title) for key, terms in LICENCES.items()},
        "price": {key: raw_gettext(label) for key, label in PRICES.items()},
    }


def _facet(
    name: str,
    legend: str,
    results: finder.Results,
    chosen: Sequence[str],
    names: Mapping[str, str],
    providers: Mapping[str, Organisation],
) -> dict[str, Any]:
    counts = results.facets[name]
    address = {key: organisation.slug for key, organisation in providers.items()} if name == "provider" else {}
    options = [
        {
            "value": address.get(value, value),
            "label": label,
            "count": counts[value],
            "checked": value in chosen or address.get(value) in chosen,
        }
        for value, label in names.items()
        if counts[value] or value in chosen or address.get(value) in chosen
    ]
    if name == "provider":
        options.sort(key=lambda option: (-int(str(option["count"])), str(option["label"])))
    return {"name": name, "legend": raw_gettext(legend), "options": options}


def _chips(
    request: Request,
    chosen: Mapping[str, Sequence[str]],
    names: Mapping[str, Mapping[str, str]],
    providers: Mapping[str, Organisation],
) -> list[tuple[str, str]]:
    """Each value chosen, with the address that leaves it out."""
    by_slug = {organisation.slug: localized(organisation.name) for organisation in providers.values()}
    found: list[tuple[str, str]] = []
    for name, values in chosen.items():
        for value in values:
            label = names[name].get(value) or (by_slug.get(value) if name == "provider" else None) or value
            found.append((label, _without(request, name, value)))
    return found


def _without(request: Request, name: str, value: str) -> str:
    kept = [
        (key, other)
        for key, other in request.query_params.multi_items()
        if (key, other) != (name, value) and key not in ("page", "lang")
    ]
    return f"{request.url.path}?{urlencode(kept)}" if kept else request.url.path
