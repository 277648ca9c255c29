"""Datasets as rows of a list: what search, home and provider pages show of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from markupsafe import Markup, escape
from sqlmodel import Session

from catalog.datasets.models import Dataset
from catalog.parties import service as parties
from catalog.releases.models import Release
from catalog.search import Hit
from catalog.search.tokens import is_han, pairs, runs
from contracts import clock
from contracts.kit.settings import Settings
from marketplace.metering import service as metering
from marketplace.products import service as products
from marketplace.products.schemas import PlanTerms
from web import formats
from web.i18n import gettext as _
from web.i18n import localized

CALL_DAYS = 30
FORMATS = {"CSV": "CSV", "PARQUET": "Parquet"}
"""How the ending of a data file is written."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a dataset costs, in a word and a line: `kind` is `free`, `trial` (some calls are free) or `paid`."""

    kind: str
    terms: Sequence[PlanTerms]

    @property
    def text(self) -> str:
        """`Free`, `from ¥0`, `from ¥299.00`."""
        if self.kind == "free":
            return _("Free")
        return _("from %(price)s", price=formats.money(min(plan.monthly_fee for plan in self.terms)))

    @property
    def note(self) -> str:
        """What the cheapest way in gives."""
        free = [plan for plan in self.terms if not plan.paid and plan.quota_per_month is not None]
        if self.kind == "trial" and free:
            quota = max(plan.quota_per_month or 0 for plan in free)
            return _("%(calls)s calls a month free", calls=formats.number(quota))
        return _("a month") if self.kind == "paid" else ""


def prices(session: Session, datasets: Collection[Dataset]) -> dict[str, Price]:
    """The price of each dataset that has one: open data is free, other data costs what its plans on offer say."""
    offerings = products.offerings_of_datasets(session, [dataset.id for dataset in datasets])
    plans = products.plans_of_offerings(session, [offering.id for offering in offerings.values()])
    terms = products.terms_of_plans(session, [plan for some in plans.values() for plan in some])
    found: dict[str, Price] = {}
    for dataset in datasets:
        offering = offerings.get(dataset.id)
        on_offer = [terms[plan.id] for plan in plans.get(offering.id, [])] if offering else []
        if dataset.openness == "unconditional" or (on_offer and not any(plan.paid for plan in on_offer)):
            found[dataset.id] = Price("free", on_offer)
        elif on_offer:
            found[dataset.id] = Price("paid" if all(plan.paid for plan in on_offer) else "trial", on_offer)
    return found


def recent_calls(session: Session, settings: Settings, dataset_ids: Collection[str]) -> dict[str, list[int]]:
    """Calls of each dataset on each of the last 30 days, today included."""
    _, end = clock.day_bounds(clock.now(), settings.timezone)
    start, _end = clock.day_bounds(end - timedelta(days=CALL_DAYS, hours=-12), settings.timezone)
    return metering.calls_by_day(session, dataset_ids, start, end, settings.timezone)


def file_formats(release: Release) -> list[str]:
    """What a release comes as: its data files, and always the API."""
    endings = (str(file["name"]).rpartition(".") for file in release.files)
    return [*dict.fromkeys(FORMATS[end.upper()] for _, _, end in endings if end.upper() in FORMATS), "API"]


def cards(session: Session, settings: Settings, hits: Sequence[Hit], query: str = "") -> list[dict[str, Any]]:
    """What `ui.card` shows of each hit, the words of the query marked."""
    ids = [hit.dataset.id for hit in hits]
    providers = parties.organisations_by_id(session, {hit.dataset.provider_id for hit in hits})
    price_of = prices(session, [hit.dataset for hit in hits])
    calls = recent_calls(session, settings, ids)
    return [_card(hit, providers[hit.dataset.provider_id].name, price_of, calls, query) for hit in hits]


def _card(
    hit: Hit, provider: Mapping[str, str], price_of: Mapping[str, Price], calls: Mapping[str, list[int]], query: str
) -> dict[str, Any]:
    dataset, release = hit.dataset, hit.release
    price, by_day = price_of.get(dataset.id), calls[dataset.id]
    return {
        "title": marked(localized(dataset.title), query),
        "href": f"/dataset/{dataset.slug}",
        "openness": dataset.openness,
        "provider": localized(provider),
        "updated": release.published_at,
        "description": marked(localized(dataset.description), query),
        "hash": release.manifest_hash,
        "version": f"v{release.version}",
        "formats": file_formats(release),
        "calls": by_day if any(by_day) else None,
        "calls_text": _("%(calls)s calls in 30 days", calls=formats.count(sum(by_day))),
        "price": price.text if price else None,
        "price_note": price.note if price else None,
    }


def marked(text: str, query: str) -> Markup:
    """`text` with every place where the query's words stand in `<mark>`: whole runs, else their pairs of characters;
    Latin words by their beginning."""
    if not query.strip() or not text:
        return escape(text)
    lower = text.lower()
    if len(lower) != len(text):  # a letter whose small form is longer: places would shift
        return escape(text)
    hit = [False] * len(text)
    for run in runs(query):
        pieces = [run] if not is_han(run) or run in lower else pairs(run)
        for piece in pieces:
            _mark(lower, piece, hit, whole=not is_han(run))
    pieces_out: list[Markup] = []
    start = 0
    for end in range(1, len(text) + 1):
        if end == len(text) or hit[end] != hit[start]:
            part = escape(text[start:end])
            pieces_out.append(Markup("<mark>{}</mark>").format(part) if hit[start] else part)
            start = end
    return Markup("").join(pieces_out)


def _mark(text: str, piece: str, hit: list[bool], *, whole: bool) -> None:
    at = text.find(piece)
    while at >= 0:
        begins = at == 0 or not (text[at - 1].isascii() and text[at - 1].isalnum())
        if not whole or begins:
            hit[at : at + len(piece)] = [True] * len(piece)
        at = text.find(piece, at + 1)
