"""The data product page: one dataset, its tabs at their own addresses, and the panel with plans and terms."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.datasets.models import Dataset
from catalog.datasets.vocabulary import DATA_CLASSES, FREQUENCIES, THEMES
from catalog.distributions import files
from catalog.parties import service as parties
from catalog.releases import service as releases
from catalog.releases.models import Release, Withdrawal
from contracts import clock
from contracts.errors import NotFound
from contracts.licence import LICENCES
from contracts.privacy import PublicReport
from contracts.schema import DataContract
from marketplace.metering import service as metering
from marketplace.products import service as products
from marketplace.products.models import OfferingStatus
from marketplace.products.schemas import PlanTerms
from marketplace.subscriptions import service as subscriptions
from web import formats
from web.charts import Bar, Bars
from web.context import Services
from web.dependencies import Read, ServicesOf
from web.i18n import N_, localized, raw_gettext
from web.i18n import gettext as _
from web.pages.portal import lists, preview, samples, words
from web.pages.portal.history import version_rows
from web.pages.portal.privacy import PrivacyReport
from web.rendering import render

router = APIRouter(include_in_schema=False)
TABS = {
    "": N_("Preview"),
    "structure": N_("Structure"),
    "releases": N_("Releases"),
    "privacy": N_("Privacy report"),
    "uses": N_("Uses"),
}
PAPERS = (files.REPORT, files.MANIFEST, files.CONTRACT, files.POLICY)


@dataclass
class Product:
    """What every tab knows of the dataset shown. `asked`: the short name in the address, perhaps a former one;
    `release` is None when all were withdrawn."""

    session: Session
    services: Services
    asked: str
    dataset: Dataset
    history: list[Release]
    withdrawn: dict[str, Withdrawal]
    release: Release | None = field(init=False)

    def __post_init__(self) -> None:
        self.release = next((one for one in self.history if one.id not in self.withdrawn), None)

    @property
    def current(self) -> Release:
        """The release in force; only asked for where there is one."""
        assert self.release is not None, "pages of a dataset without a release in force end before"
        return self.release

    def chosen(self, version: str) -> Release:
        """The release of a version, in force or superseded; the current one for ''."""
        if not version:
            return self.current
        found = next((one for one in self.history if one.version == version), None)
        if found is None:
            raise NotFound(f"There is no version {version} of this dataset.")
        return releases.get_release(self.session, found.id)

    @cached_property
    def address(self) -> str:
        """Where the product page is."""
        return f"/dataset/{self.dataset.slug}"

    @cached_property
    def plans(self) -> list[PlanTerms]:
        """Plans on offer, cheapest first; none where nothing is listed."""
        offering = products.offering_for_dataset(self.session, self.dataset.id)
        if offering is None or offering.status != OfferingStatus.LISTED:
            return []
        on_offer = products.plans(self.session, offering.id)
        terms = products.terms_of_plans(self.session, on_offer)
        return sorted(terms.values(), key=lambda plan: (plan.monthly_fee, plan.quota_per_month or 0))

    def frame(self, tab: str) -> dict[str, Any]:
        """What the head, the tabs and the panel show."""
        dataset, release = self.dataset, self.current
        contract = DataContract.model_validate(release.contract)
        counts = {"structure": len(contract.fields), "releases": len(self.history)}
        licence = LICENCES[dataset.licence_id]
        return {
            "dataset": dataset,
            "release": release,
            "contract": contract,
            "provider": parties.get_organisation(self.session, dataset.provider_id),
            "themes": [(theme, localized(THEMES[theme])) for theme in dataset.themes],
            "data_class": localized(DATA_CLASSES[dataset.data_class]),
            "frequency": localized(FREQUENCIES[dataset.update_frequency]),
            "tab": tab,
            "tabs": [
                {
                    "label": raw_gettext(label),
                    "href": f"{self.address}/{name}" if name else self.address,
                    "current": name == tab,
                    "count": counts.get(name),
                }
                for name, label in TABS.items()
            ],
            "plans": [_plan_row(plan) for plan in self.plans],
            "plan_chosen": _suggested(self.plans),
            "offering": products.offering_for_dataset(self.session, dataset.id) if self.plans else None,
            "licence": licence,
            "licence_rows": words.licence_rows(licence),
            "is_open": dataset.openness == "unconditional",
            "data_files": [entry for entry in release.files if entry["name"] in files.DOWNLOADS],
            "papers": [entry for name in PAPERS for entry in release.files if entry["name"] == name],
            "base_url": self.services.settings.base_url.rstrip("/"),
        }


def product(request: Request, session: Read, services: ServicesOf, slug: str) -> Product:
    """The product at an address; 404 when nothing of it was ever released."""
    dataset = datasets.get_dataset(session, slug)
    history = releases.releases_of(session, dataset.id)
    if not history:
        raise DatasetNotFound(f"There is no dataset {slug}.")
    return Product(session, services, slug, dataset, history, releases.withdrawals(session, history))


ProductOf = Annotated[Product, Depends(product)]


def _tab(request: Request, found: Product, tab: str, show: Callable[[], dict[str, Any]]) -> Response:
    """A tab of the product; 301 from a former short name; 410 with the reason where all releases were withdrawn."""
    if found.asked != found.dataset.slug:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"{found.address}{'/' if tab else ''}{tab}{query}", 301)
    if found.release is None:
        last = found.history[0]
        return render(
            request,
            "portal/withdrawn.html",
            status_code=410,
            dataset=found.dataset,
            release=last,
            withdrawal=found.withdrawn[last.id],
            rows=version_rows(found.history, found.withdrawn),
        )
    return render(request, f"portal/product_{tab or 'preview'}.html", **found.frame(tab), **show())


@router.get("/dataset/{slug}")
def preview_tab(request: Request, found: ProductOf) -> Response:
    def show() -> dict[str, Any]:
        sample = preview.load(found.session, found.services.store, found.current)
        title = _("Places of %(dataset)s", dataset=localized(found.dataset.title))
        base_url, place = found.frame("")["base_url"], sample.first_place()
        return {
            "sample": sample,
            "map": sample.point_map(title),
            "charts_of": sample.charts(),
            "samples": samples.first_call(base_url, found.dataset, found.current),
            "aggregate_samples": samples.first_aggregate(base_url, found.dataset, found.current, sample.categories()),
            "near_samples": samples.first_near(base_url, found.dataset, found.current, place) if place else None,
        }

    return _tab(request, found, "", show)


@router.get("/dataset/{slug}/structure")
def structure_tab(request: Request, found: ProductOf, version: str = "") -> Response:
    def show() -> dict[str, Any]:
        release = found.chosen(version)
        contract = DataContract.model_validate(release.contract)
        sample = preview.load(found.session, found.services.store, release)
        left_out = [words.column_title(found.dataset.fields, name) for name in contract.left_out]
        return {"shown": release, "fields": _dictionary(contract, sample.nulls()), "left_out": left_out}

    return _tab(request, found, "structure", show)


@router.get("/dataset/{slug}/releases")
def releases_tab(request: Request, found: ProductOf) -> Response:
    return _tab(request, found, "releases", lambda: {"rows": version_rows(found.history, found.withdrawn)})


@router.get("/dataset/{slug}/privacy")
def privacy_tab(request: Request, found: ProductOf, version: str = "") -> Response:
    def show() -> dict[str, Any]:
        release = found.chosen(version)
        report = PublicReport.model_validate(release.public_report)
        policy = next((str(e["sha256"]) for e in release.files if e["name"] == files.POLICY), "")
        return {"shown": release, "report": PrivacyReport(report, release, found.dataset.fields), "policy_hash": policy}

    return _tab(request, found, "privacy", show)


@router.get("/dataset/{slug}/uses")
def uses_tab(request: Request, found: ProductOf) -> Response:
    def show() -> dict[str, Any]:
        offering = products.offering_for_dataset(found.session, found.dataset.id)
        live = subscriptions.for_offering(found.session, offering.id) if offering else []
        settings = found.services.settings
        calls = lists.recent_calls(found.session, settings, [found.dataset.id])[found.dataset.id]
        end = clock.day_bounds(clock.now(), settings.timezone)[1]
        totals = metering.usage_of_dataset(found.session, found.dataset.id, end - timedelta(days=len(calls)), end)
        return {
            "subscribers": len({one.organisation_id for one in live}),
            "subscriptions": len(live),
            "totals": totals,
            "usage": _usage_chart(calls, end - timedelta(days=len(calls))),
        }

    return _tab(request, found, "uses", show)


def _usage_chart(calls: list[int], start: Any) -> Bars | None:
    if not any(calls):
        return None
    days = [formats.date(start + timedelta(days=i, hours=12)) for i in range(len(calls))]
    best = max(range(len(calls)), key=calls.__getitem__)
    return Bars(
        _("Most calls on %(day)s: %(calls)s", day=days[best], calls=formats.number(calls[best])),
        [
            Bar(day, count, day[5:] if day[:4].isdigit() else " ".join(day.split()[:2]), partial=i == len(calls) - 1)
            for i, (day, count) in enumerate(zip(days, calls, strict=True))
        ],
        _("Day"),
        _("Calls"),
        partial_label=_("today, not over yet"),
    )


def _dictionary(contract: DataContract, nulls: dict[str, float]) -> list[dict[str, Any]]:
    rows = []
    for one in contract.fields:
        title = localized(one.title) or one.range_of or one.name
        treatment = words.word(words.TREATMENTS, one.treatment)
        if one.role != "plain":
            treatment = _("%(role)s, %(treatment)s", role=words.word(words.ROLES, one.role), treatment=treatment)
        rows.append(
            {
                "name": title,
                "code": one.name,
                "type": words.word(words.TYPES, one.type) + (f" ({unit})" if (unit := words.unit(one.unit)) else ""),
                "meaning": words.meaning(one, localized(one.description), title),
                "treatment": treatment,
                "nulls": 0.0 if not one.nullable else nulls.get(one.range_of or one.name),
            }
        )
    return rows


def _plan_row(plan: PlanTerms) -> dict[str, Any]:
    limits = []
    if plan.quota_per_month is None:
        limits.append(_("no limit on calls a month"))
    elif plan.overage_per_1000 is None:
        limits.append(_("%(calls)s calls a month, then calls stop", calls=formats.number(plan.quota_per_month)))
    else:
        limits.append(
            _(
                "%(calls)s calls a month, then %(price)s for 1,000",
                calls=formats.number(plan.quota_per_month),
                price=formats.money(plan.overage_per_1000, plan.currency),
            )
        )
    limits.append(_("%(calls)s calls a minute", calls=formats.number(plan.rate_per_minute)))
    return {
        "value": plan.plan_id,
        "name": localized(plan.name),
        "price": formats.money(plan.monthly_fee, plan.currency),
        "per": _(" a month") if plan.monthly_fee else None,
        "limits": limits,
    }


def _suggested(plans: list[PlanTerms]) -> str | None:
    """The cheapest plan is chosen beforehand: nobody is led into paying."""
    return plans[0].plan_id if plans else None
