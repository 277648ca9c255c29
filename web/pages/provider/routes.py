"""The provider's overview and datasets; uploads, policies and requests have their own modules."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.datasets import service as datasets
from catalog.datasets.vocabulary import DATA_CLASSES, FREQUENCIES, OPENNESS, THEMES
from catalog.parties import service as parties
from catalog.releases import policies
from catalog.releases import service as releases
from catalog.releases.states import OPEN_STATES
from catalog.vault import service as vault
from contracts.access import Actor, Permission
from contracts.errors import Conflict, Forbidden, InvalidInput
from contracts.licence import LICENCES
from web import forms
from web.dependencies import Read, SignedIn, Tx
from web.i18n import current_locale, localized
from web.pages.provider import offerings as offering_pages
from web.pages.provider import policies as policy_pages
from web.pages.provider import requests as request_pages
from web.pages.provider import uploads as upload_pages
from web.pages.provider import words
from web.pages.provider.frame import own_dataset, require_provider
from web.rendering import render

router = APIRouter(include_in_schema=False)
router.include_router(upload_pages.router)
router.include_router(policy_pages.router)
router.include_router(request_pages.router)
router.include_router(offering_pages.router)
Text = Annotated[str, Form()]
ListOf = Annotated[list[str], Form()]


@router.get("/provider")
def overview(request: Request, session: Read, actor: SignedIn) -> Response:
    require_provider(actor)
    mine = datasets.list_datasets(session, provider_ids=actor.organisations(Permission.RELEASE_SUBMIT))
    ids = [dataset.id for dataset in mine]
    uploads = vault.uploads_of(session, ids, limit=8)
    asked = releases.requests_of(session, ids, limit=100)
    return render(
        request,
        "provider/overview.html",
        datasets=mine,
        by_id={dataset.id: dataset for dataset in mine},
        providers=parties.organisations_by_id(session, {dataset.provider_id for dataset in mine}),
        current=releases.current_releases(session, ids),
        uploads=uploads,
        requests=[found for found in asked if found.state in OPEN_STATES],
        done=[found for found in asked if found.state not in OPEN_STATES][:8],
        income=bool(actor.organisations(Permission.INCOME_READ)),
        w=words,
    )


def _choices(session: Session, actor: Actor) -> dict[str, Any]:
    organisations = parties.organisations_by_id(session, actor.organisations(Permission.CATALOG_WRITE))
    return {
        "providers": [(found.id, localized(found.name)) for found in organisations.values()],
        "themes": [{"value": key, "label": localized(name)} for key, name in THEMES.items()],
        "frequencies": [(key, localized(name)) for key, name in FREQUENCIES.items()],
        "openness": [{"value": key, "label": localized(name)} for key, name in OPENNESS.items()],
        "classes": [{"value": key, "label": localized(name)} for key, name in DATA_CLASSES.items() if key != "core"],
        "licences": [(terms.id, localized(terms.title)) for terms in LICENCES.values()],
    }


@router.get("/provider/datasets/new")
def new_page(request: Request, session: Read, actor: SignedIn) -> Response:
    require_provider(actor)
    values = {"openness": "conditional", "data_class": "general", "update_frequency": "monthly", "themes": []}
    return render(
        request, "provider/dataset_form.html", values=values, errors={}, dataset=None, **_choices(session, actor)
    )


@router.post("/provider/datasets/new")
def new_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    provider_id: Text = "",
    title: Text = "",
    title_other: Text = "",
    description: Text = "",
    description_other: Text = "",
    keywords: Text = "",
    slug: Text = "",
    openness: Text = "conditional",
    data_class: Text = "general",
    update_frequency: Text = "irregular",
    themes: ListOf = [],  # noqa: B006 - FastAPI reads the default, nobody changes it
) -> Response:
    require_provider(actor)
    given = _described(title, title_other, description, description_other, keywords)
    given |= {
        "openness": openness, "data_class": data_class, "update_frequency": update_frequency, "themes": themes,
    }  # fmt: skip
    try:
        with session.begin_nested():
            made = datasets.create_dataset(session, actor, provider_id, slug=slug.strip() or None, **given)
    except (InvalidInput, Conflict, Forbidden) as error:
        values = given | {
            "provider_id": provider_id, "title": title, "title_other": title_other, "description": description,
            "description_other": description_other, "keywords": keywords, "slug": slug,
        }  # fmt: skip
        return forms.again(
            request, "provider/dataset_form.html", error, values, dataset=None, **_choices(session, actor)
        )
    return RedirectResponse(f"/provider/datasets/{made.id}/upload", 303)


def _described(title: str, title_other: str, description: str, description_other: str, keywords: str) -> dict[str, Any]:
    """The fields that are maps by language: first the reader's own, then the other."""
    own = current_locale()
    other = "en" if own == "zh-CN" else "zh-CN"
    words_given = [word.strip() for word in keywords.replace("，", ",").replace("、", ",").split(",")]
    return {
        "title": {own: title, other: title_other},
        "description": {own: description, other: description_other},
        "keywords": [{own: word} for word in words_given if word],
    }


@router.get("/provider/datasets/{dataset_id}/edit")
def edit_page(request: Request, session: Read, actor: SignedIn, dataset_id: str) -> Response:
    dataset = own_dataset(session, actor, dataset_id)
    own = current_locale()
    other = "en" if own == "zh-CN" else "zh-CN"
    values = dataset.model_dump() | {
        "title": dataset.title.get(own, ""),
        "title_other": dataset.title.get(other, ""),
        "description": dataset.description.get(own, ""),
        "description_other": dataset.description.get(other, ""),
        "keywords": ", ".join(localized(word) for word in dataset.keywords),
    }
    return render(
        request, "provider/dataset_form.html", values=values, errors={}, dataset=dataset, **_choices(session, actor)
    )


@router.post("/provider/datasets/{dataset_id}/edit")
def edit_post(
    request: Request,
    session: Tx,
    actor: SignedIn,
    dataset_id: str,
    title: Text = "",
    title_other: Text = "",
    description: Text = "",
    description_other: Text = "",
    keywords: Text = "",
    slug: Text = "",
    openness: Text = "conditional",
    data_class: Text = "general",
    update_frequency: Text = "irregular",
    themes: ListOf = [],  # noqa: B006 - as above
) -> Response:
    dataset = own_dataset(session, actor, dataset_id)
    given = _described(title, title_other, description, description_other, keywords)
    given |= {
        "openness": openness, "data_class": data_class, "update_frequency": update_frequency, "themes": themes,
        "slug": slug.strip() or dataset.slug,
    }  # fmt: skip
    try:
        with session.begin_nested():
            datasets.update_dataset(session, actor, dataset.id, **given)
    except (InvalidInput, Conflict, Forbidden) as error:
        values = given | {
            "title": title, "title_other": title_other, "description": description,
            "description_other": description_other, "keywords": keywords, "slug": slug,
        }  # fmt: skip
        return forms.again(
            request, "provider/dataset_form.html", error, values, dataset=dataset, **_choices(session, actor)
        )
    return RedirectResponse(f"/provider/datasets/{dataset.id}", 303)


@router.get("/provider/datasets/{dataset_id}")
def dataset_page(
    request: Request, session: Read, actor: SignedIn, dataset_id: str, page: Annotated[int, Query(ge=1)] = 1
) -> Response:
    dataset = own_dataset(session, actor, dataset_id)
    published = releases.releases_of(session, dataset.id)
    return render(
        request,
        "provider/dataset.html",
        dataset=dataset,
        provider=parties.get_organisation(session, dataset.provider_id),
        uploads=vault.uploads_of(session, [dataset.id], limit=20),
        requests=releases.requests_of(session, [dataset.id], limit=20),
        releases=published,
        withdrawn=releases.withdrawals(session, published),
        versions=policies.versions(session, dataset.id)[:10],
        themes=[localized(THEMES[theme]) for theme in dataset.themes],
        frequency=localized(FREQUENCIES[dataset.update_frequency]),
        data_class=localized(DATA_CLASSES[dataset.data_class]),
        w=words,
    )
