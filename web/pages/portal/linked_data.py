"""The catalogue for programs that read linked data: `/catalog.ttl`, `/dataset/{name}.ttl`, in three forms each."""

import hashlib
from enum import StrEnum

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from catalog.datasets import service as datasets
from catalog.releases import service as releases
from web.dependencies import Read, ServicesOf

router = APIRouter(tags=["catalogue"])


class Form(StrEnum):
    """Turtle, JSON-LD, RDF/XML."""

    TURTLE = "ttl"
    JSON_LD = "jsonld"
    XML = "xml"


@router.get("/catalog.{form}", summary="The catalogue as DCAT-AP", response_class=Response)
def catalogue(request: Request, session: Read, services: ServicesOf, form: Form) -> Response:
    """Every published dataset, with its release, files, provider and licence, in W3C DCAT 3 after DCAT-AP 3."""
    from catalog.dcat import service as dcat  # rdflib takes half a second: only where it is asked for

    graph = dcat.describe_catalogue(session, services.settings.base_url)
    return _answer(request, dcat.serialise(graph, form), dcat.FORMS[form][1])


@router.get("/dataset/{slug}.{form}", summary="A dataset as DCAT-AP", response_class=Response)
def dataset(request: Request, session: Read, services: ServicesOf, slug: str, form: Form) -> Response:
    """One dataset in W3C DCAT 3 after DCAT-AP 3. 410 when all its releases were withdrawn."""
    from catalog.dcat import service as dcat

    found = datasets.get_dataset(session, slug)
    if found.slug != slug:
        return RedirectResponse(f"/dataset/{found.slug}.{form}", 301)
    if releases.current_release(session, found.id) is None:
        for last in releases.releases_of(session, found.id)[:1]:
            releases.get_release(session, last.id)  # says when and why it was withdrawn
    graph = dcat.describe_dataset(session, slug, services.settings.base_url)
    return _answer(request, dcat.serialise(graph, form), dcat.FORMS[form][1])


def _answer(request: Request, body: bytes, media_type: str) -> Response:
    etag = f'W/"{hashlib.sha256(request.url.path.encode()).hexdigest()[:8]}{hashlib.sha256(body).hexdigest()[:24]}"'
    headers = {"ETag": etag, "Cache-Control": "public, no-cache", "Access-Control-Allow-Origin": "*"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)
