"""The home page: what there is, drawn and counted from what is published at this moment."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup, escape
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets.vocabulary import THEMES
from catalog.parties import service as parties
from catalog.search import Hit
from catalog.transparency import service as transparency
from contracts import clock
from contracts.schema import DataContract
from marketplace.metering import service as metering
from web import formats
from web.charts import Bars, PointMap
from web.context import Services
from web.dependencies import Read, ServicesOf
from web.i18n import N_, current_locale, localized, raw_gettext
from web.i18n import gettext as _
from web.pages.portal import lists, preview
from web.pages.portal.finding import find, index_of
from web.pages.portal.log import told
from web.rendering import render

router = APIRouter(include_in_schema=False)
NEW = 4
WORDS = 6
PROVIDERS = 6
LINES = 3
TRIED = 12
LEAST_PLACES = 20
ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Featured:
    """A dataset with the chart that stands for it."""

    hit: Hit
    provider: str
    chart: Bars
    formats: list[str]


@router.get("/")
def home(request: Request, session: Read, services: ServicesOf) -> Response:
    found = find(session, index_of(request), "", {}, sort="newest", limit=ALL)
    hits = found.hits
    providers = parties.organisations_by_id(session, {hit.dataset.provider_id for hit in hits})
    calls = lists.recent_calls(session, services.settings, [hit.dataset.id for hit in hits])
    popular = sorted(hits, key=lambda hit: -sum(calls[hit.dataset.id]))
    by_provider = Counter(hit.dataset.provider_id for hit in hits)
    end = clock.day_bounds(clock.now(), services.settings.timezone)[1]
    return render(
        request,
        "portal/home.html",
        datasets=len(hits),
        unconditional=sum(hit.dataset.openness == "unconditional" for hit in hits),
        providers_count=len(by_provider),
        calls=metering.calls_in_all(session, end - timedelta(days=lists.CALL_DAYS), end),
        reported=sum(bool(hit.release.public_report) for hit in hits) / len(hits) if hits else None,
        words=_common_words(hits),
        themes=[
            (key, localized(name), found.facets["theme"][key])
            for key, name in THEMES.items()
            if found.facets["theme"][key]
        ],
        city_map=_map(session, services, hits),
        featured=_featured(session, services, popular, providers),
        newest=[(hit, localized(providers[hit.dataset.provider_id].name)) for hit in hits[:NEW]],
        providers=[
            {
                "name": localized(providers[key].name),
                "slug": providers[key].slug,
                "datasets": count,
                "calls": sum(sum(calls[hit.dataset.id]) for hit in hits if hit.dataset.provider_id == key),
            }
            for key, count in by_provider.most_common(PROVIDERS)
        ],
        lines=told(transparency.log(session, limit=LINES)),
    )


def _common_words(hits: Sequence[Hit]) -> list[str]:
    """Keywords in the reader's language: those of many datasets first, then one of each dataset in turn."""
    language = current_locale()
    keywords = [[k[language] for k in hit.dataset.keywords if language in k] for hit in hits]
    counted = Counter(word for some in keywords for word in dict.fromkeys(some))
    shared = [word for word, count in counted.most_common(WORDS) if count > 1]
    first = [some[0] for some in keywords if some]
    return list(dict.fromkeys([*shared, *first]))[:WORDS]


def _map(session: Session, services: Services, hits: Sequence[Hit]) -> PointMap | None:
    """The city drawn by one of its own open datasets: the one with most places among the newest that have any."""
    best: tuple[int, Hit, preview.Preview] | None = None
    tried = 0
    for hit in hits:
        if hit.dataset.openness != "unconditional" or not _has_places(hit) or tried >= TRIED:
            continue
        tried += 1
        sample = preview.load(session, services.store, hit.release)
        distinct = len({(x, y) for x, y, _row in sample.content["map"]["points"]}) if sample.points else 0
        if distinct >= LEAST_PLACES and (best is None or distinct > best[0]):
            best = (distinct, hit, sample)
    if best is None:
        return None
    places, hit, sample = best
    name, number = localized(hit.dataset.title), formats.number(places)
    link = Markup('<a href="/dataset/{}">{}</a>').format(hit.dataset.slug, name)
    title = escape(raw_gettext(N_("This picture is a dataset: %(dataset)s, %(places)s places.")))
    drawn = sample.point_map("")
    assert drawn is not None, "it has places"
    return PointMap(
        title % {"dataset": link, "places": number},
        drawn.points,
        sentence=_("Map of %(places)s places of the dataset “%(dataset)s”", places=number, dataset=name),
        with_table=False,
    )


def _has_places(hit: Hit) -> bool:
    """Cheap look at the contract, so that not every sample is read: coordinates are two columns of figures."""
    names = [
        field.range_of or field.name
        for field in DataContract.model_validate(hit.release.contract).fields
        if field.type in ("number", "integer")
    ]
    return len(names) >= 2


def _featured(
    session: Session, services: Services, popular: Sequence[Hit], providers: dict[str, Any]
) -> Featured | None:
    """The most called dataset that has a chart worth showing; open data before other."""
    for hit in sorted(popular[:TRIED], key=lambda hit: hit.dataset.openness != "unconditional"):
        charts = preview.load(session, services.store, hit.release).charts(1)
        if charts:
            provider = localized(providers[hit.dataset.provider_id].name)
            return Featured(hit, provider, charts[0], lists.file_formats(hit.release))
    return None
