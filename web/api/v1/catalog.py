"""Public reading of the catalogue: search, datasets, releases, providers, licences, the transparency log."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.datasets.models import Dataset
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from catalog.releases import service as releases
from catalog.releases.models import Release, Withdrawal
from catalog.transparency import service as transparency
from contracts.licence import LICENCES
from marketplace.products import service as products
from marketplace.products.models import OfferingStatus
from marketplace.products.schemas import PlanTerms
from web.dependencies import Read, ServicesOf
from web.pages.portal import finding
from web.pages.portal.log import chain_of

router = APIRouter(prefix="/api/v1/catalog", tags=["catalogue"])


class ProviderOut(BaseModel):
    """Who provides a dataset."""

    id: str
    slug: str
    name: dict[str, str]


class FileOut(BaseModel):
    """One file of a release and where it is."""

    name: str
    media_type: str
    size: int
    sha256: str
    url: str


class ReleaseOut(BaseModel):
    """A version of a dataset. `withdrawn_at` and `withdrawn_because` are set when it is served no more."""

    id: str
    version: str
    published_at: datetime
    rows: int
    manifest_hash: str = Field(description="SHA-256 of manifest.json: the hash that the officers approved.")
    content_hash: str
    files: list[FileOut]
    withdrawn_at: datetime | None = None
    withdrawn_because: str | None = None


class DatasetOut(BaseModel):
    """A published dataset in short."""

    id: str
    slug: str
    url: str
    title: dict[str, str]
    description: dict[str, str]
    provider: ProviderOut
    themes: list[str]
    keywords: list[dict[str, str]]
    openness: str
    data_class: str
    licence: str
    update_frequency: str
    release: ReleaseOut


class DatasetDetail(DatasetOut):
    """A published dataset with its contract, public report and plans."""

    fields: list[dict[str, Any]] = Field(description="Columns of the release in force, as its data contract has them.")
    privacy_report: dict[str, Any]
    plans: list[PlanTerms]


class Found(BaseModel):
    """A page of results; `facets` counts what each value would leave."""

    total: int
    offset: int
    results: list[DatasetOut]
    facets: dict[str, dict[str, int]]


class LineOut(BaseModel):
    """One line of the transparency log."""

    number: int = Field(description="Its place in the audit chain.")
    at: datetime
    kind: str = Field(description="`published`, `withdrawn`, `approve`, `send_back` or `reject`.")
    dataset: str = Field(description="Short name of the dataset.")
    version: str | None
    request: str | None
    reason: str | None
    hash: str = Field(description="Of the release's manifest, or of the artifact decided on.")
    chain_hash: str = Field(description="Of the audit entry.")


class LogOut(BaseModel):
    """A page of the log, newest first, and the state of the chain."""

    chain_intact: bool
    chain_entries: int
    checked_at: datetime
    lines: list[LineOut]
    before: int | None = Field(description="Give it as `before` for the next page; null at the end.")


class LicenceOut(BaseModel):
    """A licence."""

    id: str
    title: dict[str, str]
    summary: dict[str, str]
    permissions: list[str]
    prohibitions: list[str]
    duties: list[str]
    hash: str


@router.get("/datasets", summary="Search published datasets")
def search_datasets(
    request: Request,
    session: Read,
    services: ServicesOf,
    chosen: finding.Chosen,
    q: str = "",
    sort: str = "",
    offset: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Found:
    """As the search page: words all of which must be found; within a facet any value fits, across facets all must.
    `provider` takes short names; `sort` is `fit`, `newest` or `title`."""
    index = finding.index_of(request)
    results = finding.find(session, index, q.strip()[:200], chosen, sort=sort, offset=offset, limit=limit)
    providers = parties.organisations_by_id(session, set(results.facets["provider"]))
    base = services.settings.base_url.rstrip("/")
    facets = {name: dict(counts.most_common()) for name, counts in results.facets.items()}
    facets["provider"] = {providers[key].slug: count for key, count in facets["provider"].items()}
    return Found(
        total=results.total,
        offset=offset,
        results=[
            DatasetOut(**_dataset(hit.dataset, hit.release, providers[hit.dataset.provider_id], base))
            for hit in results.hits
        ],
        facets=facets,
    )


@router.get("/datasets/{id_or_slug}", summary="One published dataset")
def dataset(session: Read, services: ServicesOf, id_or_slug: str) -> DatasetDetail:
    """With the release in force, its contract and public report, and the plans on offer. 410 when withdrawn."""
    found, history = _published(session, id_or_slug)
    withdrawn = releases.withdrawals(session, history)
    current = next((release for release in history if release.id not in withdrawn), None)
    if current is None:
        current = releases.get_release(session, history[0].id)  # raises, with the reason
    offering = products.offering_for_dataset(session, found.id)
    plans = products.plans(session, offering.id) if offering and offering.status == OfferingStatus.LISTED else []
    provider = parties.get_organisation(session, found.provider_id)
    return DatasetDetail(
        **_dataset(found, current, provider, services.settings.base_url.rstrip("/")),
        fields=current.contract["fields"],
        privacy_report=current.public_report,
        plans=list(products.terms_of_plans(session, plans).values()),
    )


@router.get("/datasets/{id_or_slug}/releases", summary="All versions of a dataset")
def releases_of_dataset(session: Read, services: ServicesOf, id_or_slug: str) -> list[ReleaseOut]:
    """Newest first; withdrawn ones with the reason and without files."""
    found, history = _published(session, id_or_slug)
    withdrawn = releases.withdrawals(session, history)
    base = services.settings.base_url.rstrip("/")
    return [_release(release, found, base, withdrawn.get(release.id)) for release in history]


@router.get("/providers/{id_or_slug}/datasets", summary="Datasets of a provider and everybody below it")
def datasets_of_provider(request: Request, session: Read, services: ServicesOf, id_or_slug: str) -> list[DatasetOut]:
    """Published datasets, newest release first."""
    organisation = parties.get_organisation(session, id_or_slug)
    below = parties.descendant_ids(session, organisation.id)
    current = releases.current_releases(session)
    providers = parties.organisations_by_id(session, below)
    found = [one for one in datasets.list_datasets(session, provider_ids=below) if one.id in current]
    found.sort(key=lambda one: current[one.id].published_at, reverse=True)
    base = services.settings.base_url.rstrip("/")
    return [DatasetOut(**_dataset(one, current[one.id], providers[one.provider_id], base)) for one in found]


@router.get("/licences", summary="Licences that datasets are under")
def licences() -> list[LicenceOut]:
    """Each with the hash of its canonical document."""
    return [LicenceOut(**terms.model_dump(), hash=terms.hash()) for terms in LICENCES.values()]


@router.get("/transparency", summary="The public log")
def log(
    request: Request,
    session: Read,
    kind: Annotated[list[str], Query(default_factory=list, description="`published`, `decided` or `withdrawn`.")],
    before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> LogOut:
    """Decisions, releases and withdrawals, newest first, with the state of the chain they stand in."""
    lines = transparency.log(session, before=before, limit=limit + 1, kinds=kind)
    checked = chain_of(request).status(session)
    return LogOut(
        chain_intact=checked.status.intact,
        chain_entries=checked.status.entries,
        checked_at=checked.at,
        lines=[
            LineOut(
                number=line.number,
                at=line.at,
                kind=line.kind,
                dataset=line.dataset.slug,
                version=line.version,
                request=line.request_number,
                reason=line.reason,
                hash=line.hash,
                chain_hash=line.chain_hash,
            )
            for line in lines[:limit]
        ],
        before=lines[limit - 1].number if len(lines) > limit else None,
    )


def _published(session: Session, id_or_slug: str) -> tuple[Dataset, list[Release]]:
    found = datasets.get_dataset(session, id_or_slug)
    history = releases.releases_of(session, found.id)
    if not history:
        raise DatasetNotFound(f"There is no dataset {id_or_slug}.")
    return found, history


def _dataset(found: Dataset, release: Release, provider: Organisation, base: str) -> dict[str, Any]:
    return {
        "id": found.id,
        "slug": found.slug,
        "url": f"{base}/dataset/{found.slug}",
        "title": found.title,
        "description": found.description,
        "provider": ProviderOut(id=provider.id, slug=provider.slug, name=provider.name),
        "themes": found.themes,
        "keywords": found.keywords,
        "openness": found.openness,
        "data_class": found.data_class,
        "licence": found.licence_id,
        "update_frequency": found.update_frequency,
        "release": _release(release, found, base, None),
    }


def _release(release: Release, found: Dataset, base: str, withdrawal: Withdrawal | None) -> ReleaseOut:
    place = f"{base}/dataset/{found.slug}/download/{release.version}"
    return ReleaseOut(
        id=release.id,
        version=release.version,
        published_at=release.published_at,
        rows=release.rows,
        manifest_hash=release.manifest_hash,
        content_hash=release.content_hash,
        files=[]
        if withdrawal
        else [
            FileOut(
                name=entry["name"],
                media_type=entry["media_type"],
                size=entry["size"],
                sha256=entry["sha256"],
                url=f"{place}/{entry['name']}",
            )
            for entry in release.files
        ],
        withdrawn_at=withdrawal.withdrawn_at if withdrawal else None,
        withdrawn_because=withdrawal.reason if withdrawal else None,
    )
