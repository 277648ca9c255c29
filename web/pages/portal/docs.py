"""The API documentation, made from the OpenAPI description: a page of our own that reads without script."""

from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from web.dependencies import ServicesOf
from web.i18n import gettext as _
from web.pages.portal import api_description
from web.pages.portal.api_description import Operation, told
from web.rendering import render

router = APIRouter(include_in_schema=False)


@router.get("/docs")
def docs_page(request: Request, services: ServicesOf) -> Response:
    return render(
        request,
        "portal/docs.html",
        groups=api_description.groups(request.app.openapi()),
        base_url=services.settings.base_url.rstrip("/"),
        told=told,
        breakable=breakable,
        rows=rows,
    )


def breakable(path: str) -> Markup:
    """A path that may go on in the next line after each of its parts."""
    return Markup("/<wbr>").join(path.split("/"))


def rows(operation: Operation) -> list[list[Any]]:
    """A row a parameter: name with description, place, type, whether it must come. Types stay English."""
    code = Markup('<code lang="en">{}</code>')
    return [
        [
            {"text": code.format(one.name), "sub": told(one.description)},
            told(one.place),
            code.format(one.type),
            _("yes") if one.required else _("no"),
        ]
        for one in operation.parameters
    ]
