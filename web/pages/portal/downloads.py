"""Files of a release. All bytes come from the gateway's delivery service, which admits, meters and records."""

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, StreamingResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.distributions import files
from catalog.releases import service as releases
from catalog.releases.models import Release
from contracts.access import Actor, Permission
from contracts.errors import NotFound
from contracts.kit.store import ObjectStore
from marketplace.gateway.answers import Answer, Pieces
from marketplace.gateway.app import REQUEST_ID, Gateway
from marketplace.gateway.callers import Caller, FromAddress, InPerson, WithKey
from marketplace.gateway.calls import Call
from marketplace.gateway.headers import answer_headers
from marketplace.subscriptions import service as subscriptions
from marketplace.subscriptions.models import SubscriptionState
from web.dependencies import CurrentActor, Read, ServicesOf
from web.pages.portal import preview

router = APIRouter(tags=["downloads"])
SAMPLE_CSV = "sample.csv"


@router.get("/dataset/{slug}/download/{version}/{name}", summary="One file of a release", response_class=Response)
def download(
    request: Request, session: Read, services: ServicesOf, actor: CurrentActor, slug: str, version: str, name: str
) -> Response:
    """A file of a release: `data.csv` and `data.parquet` (open data for everybody, other data with a key as
    `Authorization: Bearer`, or signed in with a subscription), its papers (`report.json`, `manifest.json`,
    `contract.json`, `policy.yaml`) and the sample (`sample.json`, `sample.csv`), which are public and free."""
    dataset = datasets.get_dataset(session, slug)
    release = _release(session, dataset.id, slug, version)
    if dataset.slug != slug:
        return RedirectResponse(f"/dataset/{dataset.slug}/download/{version}/{name}", 301)
    if name == SAMPLE_CSV:
        return _sample(request, session, services.store, release, f"{slug}-{version}-sample.csv")
    caller = _caller(request, session, actor, dataset.id)
    refused_page = isinstance(caller, FromAddress) and dataset.openness != "unconditional" and name in files.DOWNLOADS
    if refused_page and "text/html" in request.headers.get("accept", ""):
        # A person who followed the link: the product page says how to get in, and the way leads back here.
        return RedirectResponse(f"/dataset/{slug}#panel-h", 303)
    gateway: Gateway = request.app.state.gateway
    call = Call(
        dataset=slug,
        operation="file",
        caller=caller,
        parameters=(("release", version),),
        name=name,
        if_none_match=request.headers.get("if-none-match", ""),
        range=request.headers.get("range", ""),
        if_range=request.headers.get("if-range", ""),
        request_id=_chosen_id(request),
        instance=request.url.path,
    )
    return _response(gateway.deliver(call))


def _release(session: Session, dataset_id: str, slug: str, version: str) -> Release:
    found = next((one for one in releases.releases_of(session, dataset_id) if one.version == version), None)
    if found is None:
        if releases.releases_of(session, dataset_id):
            raise NotFound(f"There is no version {version} of this dataset.")
        raise DatasetNotFound(f"There is no dataset {slug}.")
    return releases.get_release(session, found.id)


def _caller(request: Request, session: Session, actor: Actor, dataset_id: str) -> Caller:
    """A key where one is sent; else the subscription of a signed-in person; else the address."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    address = request.client.host if request.client else ""
    if scheme.lower() == "bearer" and not secret.startswith("sy_pat_"):
        return WithKey(secret.strip(), address)
    for organisation_id in sorted(actor.organisations(Permission.USAGE_READ)):
        for one in subscriptions.for_organisation(session, organisation_id):
            if one.dataset_id == dataset_id and one.state == SubscriptionState.ACTIVE:
                return InPerson(actor, one.id)
    return FromAddress(address)


def _chosen_id(request: Request) -> str:
    """The request id, where the caller chose it: a repeat under it is free."""
    given = request.headers.get("x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else ""


def _sample(request: Request, session: Session, store: ObjectStore, release: Release, file_name: str) -> Response:
    sha256 = next(str(entry["sha256"]) for entry in release.files if entry["name"] == files.SAMPLE)
    headers = {
        "ETag": f'"{sha256[:32]}-csv"',
        "Cache-Control": "public, no-cache",
        "Content-Disposition": f'attachment; filename="{file_name}"',
    }
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    content = preview.load(session, store, release).csv()
    return Response(content, media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _response(answer: Answer) -> Response:
    """A delivery as an HTTP answer; refusals as problem details."""
    headers = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
    headers |= {name.decode(): value.decode() for name, value in answer_headers(answer)}
    if answer.pieces is None:
        return Response(answer.body, answer.status, headers, answer.media_type)
    headers["Content-Length"] = str(answer.length)
    headers["Content-Disposition"] = f'attachment; filename="{answer.file_name}"'
    return StreamingResponse(_read(answer.pieces), answer.status, headers, answer.media_type)


def _read(pieces: Pieces) -> Iterator[bytes]:
    try:
        yield from pieces
    finally:
        pieces.close()
