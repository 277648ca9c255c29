"""The public site: finding data, understanding it, getting it."""

from fastapi import APIRouter

from web.pages.portal import about, docs, downloads, finding, home, log, machines, places, product

router = APIRouter()
for part in (home, finding, downloads, product, places, log, about, docs, machines):
    router.include_router(part.router)
