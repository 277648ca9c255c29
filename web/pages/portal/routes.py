"""The public site: finding data, understanding it, getting it."""

from fastapi import APIRouter

from web.pages.portal import (
    about,
    docs,
    downloads,
    finding,
    home,
    linked_data,
    log,
    machines,
    places,
    problems,
    product,
)

router = APIRouter()
# Linked data before products: `/dataset/{name}.ttl` is no short name.
for part in (home, finding, downloads, linked_data, product, places, log, about, docs, problems, machines):
    router.include_router(part.router)
