"""Addresses for machines: permanent ids, what crawlers may read, the map of the site."""

from urllib.parse import quote
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, RedirectResponse
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.vocabulary import THEMES
from catalog.parties import service as parties
from catalog.releases import service as releases
from contracts.errors import NotFound
from contracts.licence import LICENCES
from web.dependencies import Read, ServicesOf

router = APIRouter(include_in_schema=False)
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
CLOSED = ("/account", "/developer", "/officer", "/operator", "/provider/", "/subscribe", "/data/", "/api/", "/sign-")


@router.get("/id/{kind}/{id}")
def permanent(session: Read, kind: str, id: str) -> Response:
    """Where the thing with a permanent id is now. What nobody may know of is not there."""
    if kind == "dataset":
        dataset = datasets.get_dataset(session, id)
        if releases.releases_of(session, dataset.id):
            return RedirectResponse(f"/dataset/{dataset.slug}", 301)
    elif kind == "release":
        release = releases.find_release(session, id)
        dataset = datasets.get_dataset(session, release.dataset_id)
        return RedirectResponse(f"/dataset/{dataset.slug}/privacy?version={quote(release.version)}", 301)
    elif kind == "organisation":
        return RedirectResponse(f"/organisation/{parties.get_organisation(session, id).slug}", 301)
    elif kind == "theme" and id in THEMES:
        return RedirectResponse(f"/search?theme={id}", 301)
    elif kind == "licence" and id in LICENCES:
        return RedirectResponse(f"/licences/{id}", 301)
    raise NotFound("There is nothing at this address.")


@router.get("/robots.txt")
def robots(services: ServicesOf) -> Response:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED)]
    lines.append(f"Sitemap: {services.settings.base_url.rstrip('/')}/sitemap.xml")
    return PlainTextResponse("\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=3600"})


@router.get("/sitemap.xml")
def sitemap(session: Read, services: ServicesOf, request: Request) -> Response:
    """Every public page in its language-neutral address, datasets with the day of their release."""
    base = services.settings.base_url.rstrip("/")
    current = releases.current_releases(session)
    found = datasets.list_datasets(session, ids=list(current))
    organisations = parties.organisations_by_id(session, {dataset.provider_id for dataset in found})
    pages: list[tuple[str, str | None]] = [
        (path, None) for path in ("/", "/search", "/providers", "/transparency", "/docs", "/problems")
    ]
    pages += [(f"/licences/{name}", None) for name in LICENCES]
    pages += [(f"/organisation/{organisation.slug}", None) for organisation in organisations.values()]
    pages += [(f"/dataset/{d.slug}", f"{current[d.id].published_at:%Y-%m-%d}") for d in found]
    entries = "".join(
        f"<url><loc>{escape(base + path)}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</url>"
        for path, day in pages
    )
    body = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{SITEMAP}">{entries}</urlset>'
    return Response(body, media_type="application/xml", headers={"Cache-Control": "public, max-age=3600"})
