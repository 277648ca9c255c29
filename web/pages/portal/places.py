"""Who provides data, and under which licences."""

import json

from fastapi import APIRouter, Request
from starlette.responses import Response

from catalog.parties import service as parties
from contracts.errors import NotFound
from contracts.licence import LICENCES, LicenceTerms
from web.dependencies import Read, ServicesOf
from web.i18n import localized
from web.pages.portal import lists, words
from web.pages.portal.finding import find, index_of
from web.rendering import render

router = APIRouter(include_in_schema=False)
ALL = 1_000_000


@router.get("/providers")
def providers_page(request: Request, session: Read, services: ServicesOf) -> Response:
    hits = find(session, index_of(request), "", {}, sort="newest", limit=ALL).hits
    calls = lists.recent_calls(session, services.settings, [hit.dataset.id for hit in hits])
    organisations = parties.organisations_by_id(session, {hit.dataset.provider_id for hit in hits})
    above = parties.organisations_by_id(session, {o.parent_id for o in organisations.values() if o.parent_id})
    rows = []
    for key, organisation in organisations.items():
        own = [hit for hit in hits if hit.dataset.provider_id == key]
        rows.append(
            {
                "slug": organisation.slug,
                "name": localized(organisation.name),
                "above": localized(above[organisation.parent_id].name) if organisation.parent_id else "",
                "datasets": len(own),
                "open": sum(hit.dataset.openness == "unconditional" for hit in own),
                "latest": max(hit.release.published_at for hit in own),
                "calls": sum(sum(calls[hit.dataset.id]) for hit in own),
            }
        )
    rows.sort(key=lambda row: (-int(str(row["datasets"])), str(row["name"])))
    return render(request, "portal/providers.html", rows=rows)


@router.get("/organisation/{slug}")
def organisation_page(request: Request, session: Read, services: ServicesOf, slug: str) -> Response:
    """A provider and its data. Organisations that provide nothing are not shown to the public."""
    organisation = parties.get_organisation(session, slug)
    below = parties.descendant_ids(session, organisation.id)
    every = find(session, index_of(request), "", {}, sort="newest", limit=ALL).hits
    hits = [hit for hit in every if hit.dataset.provider_id in below]
    if not hits and organisation.kind not in parties.PUBLIC_KINDS:
        raise NotFound("There is nothing at this address.")
    children = [o for o in parties.list_organisations(session, under=organisation.id) if o.parent_id == organisation.id]
    return render(
        request,
        "portal/organisation.html",
        organisation=organisation,
        ancestors=list(reversed(parties.ancestors(session, organisation.id))),
        children=[
            (o, sum(hit.dataset.provider_id in parties.descendant_ids(session, o.id) for hit in hits)) for o in children
        ],
        cards=lists.cards(session, services.settings, hits),
    )


@router.get("/licences")
def licences_page(request: Request) -> Response:
    return render(
        request, "portal/licences.html", licences=[(one, words.licence_rows(one)) for one in LICENCES.values()]
    )


@router.get("/licences/{name}.jsonld")
def licence_document(services: ServicesOf, name: str) -> Response:
    return _odrl(_licence(name), services.settings.base_url)


@router.get("/licences/{name}")
def licence_page(request: Request, services: ServicesOf, name: str) -> Response:
    """The licence for people; as ODRL where JSON-LD is preferred."""
    terms = _licence(name)
    accepted = request.headers.get("accept", "")
    if "text/html" not in accepted and ("application/ld+json" in accepted or "application/json" in accepted):
        return _odrl(terms, services.settings.base_url)
    return render(
        request,
        "portal/licence.html",
        headers={"Vary": "Accept, Accept-Language, Cookie"},
        licence=terms,
        rows=words.licence_rows(terms),
        canonical=terms.canonical(),
    )


def _licence(name: str) -> LicenceTerms:
    if name not in LICENCES:
        raise NotFound(f"There is no licence {name}.")
    return LICENCES[name]


def _odrl(terms: LicenceTerms, base_url: str) -> Response:
    address = f"{base_url.rstrip('/')}/licences/{terms.id}"
    document = terms.odrl(target=f"{base_url.rstrip('/')}/search?licence={terms.id}", assigner=base_url.rstrip("/"))
    body = json.dumps(document, ensure_ascii=False, indent=2)
    headers = {"Link": f'<{address}>; rel="canonical"', "Access-Control-Allow-Origin": "*", "Vary": "Accept"}
    return Response(body, media_type="application/ld+json", headers=headers)
