"""Short honest texts: terms of use, privacy, accessibility; and the style guide."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from contracts.errors import NotFound
from web import styleguide
from web.dependencies import ServicesOf
from web.middleware import SESSION_COOKIE
from web.rendering import render

router = APIRouter(include_in_schema=False)
TEXTS = ("terms", "privacy", "accessibility")


@router.get("/about/{name}")
def about(request: Request, services: ServicesOf, name: str) -> Response:
    if name not in TEXTS:
        raise NotFound("There is nothing at this address.")
    return render(
        request,
        f"portal/about_{name}.html",
        retention_days=services.settings.raw_retention_days,
        session_cookie=SESSION_COOKIE,
    )


@router.get("/styleguide")
def style_guide(request: Request) -> Response:
    return styleguide.page(request)
