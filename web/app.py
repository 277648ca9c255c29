"""The composition root of the site: one FastAPI app of pages, management API, CKAN face and the metered data path."""

import asyncio
import importlib
import importlib.util
import pkgutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import ModuleType
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI, Request, Response
from sqlalchemy import text

import web.api.v1
import web.pages
from catalog.parties import service as parties
from catalog.search import SearchIndex
from contracts.kit import logging
from contracts.kit.settings import Settings
from marketplace.gateway import metrics as gateway_metrics
from marketplace.gateway.app import gateway_app
from web import assets, migrations, names, problems, rendering
from web.api.tags import openapi_tags
from web.ckan.routes import router as ckan_router
from web.context import Services
from web.data_path import DataPath
from web.i18n import LocaleMiddleware
from web.middleware import ActorMiddleware, RequestIdMiddleware
from web.starting import once_there
from web.webhooks import router as webhooks_router


def create_app(settings: Settings | None = None) -> FastAPI:
    """The site for one process. The database must be migrated (`shuyi db upgrade`)."""
    settings = settings or Settings()
    logging.configure(settings)
    services = Services.from_settings(settings)
    gateway = gateway_app(services.database, settings, services.store)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loop = asyncio.get_running_loop()

        async def start() -> None:
            await loop.run_in_executor(None, migrations.check, settings.database)
            with services.database.reading() as session:
                cities = parties.list_organisations(session, kinds=("city",))
            app.state.city_name = cities[0].name if cities else None
            await loop.run_in_executor(None, gateway.start)

        await once_there(start)
        try:
            yield
        finally:
            await loop.run_in_executor(None, gateway.stop)
        services.close()

    app = FastAPI(
        title="Shuyi 数易",
        version="1",
        summary="Open data and data exchange of a city",
        openapi_tags=openapi_tags(),
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.services = services
    app.state.gateway = gateway
    app.state.search_index = SearchIndex()
    app.state.test_mode = services.test_mode
    app.state.templates = rendering.site_environment(ZoneInfo(settings.timezone))
    app.state.templates.filters["role_name"] = names.role_name
    problems.install(app)
    for router in (*_routers(web.pages, "routes"), *_routers(web.api.v1), ckan_router, webhooks_router, _health()):
        app.include_router(router)
    app.mount(assets.PREFIX, assets.StaticAssets())
    # Outermost last: the id is there before anything can fail.
    app.add_middleware(ActorMiddleware, services=services)
    app.add_middleware(LocaleMiddleware)
    app.add_middleware(RequestIdMiddleware)
    app.add_middleware(DataPath, gateway=gateway)
    return app


def _routers(package: ModuleType, module: str | None = None) -> list[APIRouter]:
    """The `router` of every area under `package`: a page folder's `routes.py`, an API module itself."""
    names = sorted(found.name for found in pkgutil.iter_modules(package.__path__))
    paths = [f"{package.__name__}.{name}" + (f".{module}" if module else "") for name in names]
    return [importlib.import_module(path).router for path in paths if importlib.util.find_spec(path)]


def _health() -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/healthz", summary="The process answers")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    def metrics() -> Response:
        return Response(gateway_metrics.exposition(), media_type=gateway_metrics.CONTENT_TYPE)

    @router.get("/readyz", summary="Database and object store answer")
    def readyz(request: Request, response: Response) -> dict[str, str]:
        services: Services = request.app.state.services
        found = {"database": "ok", "object_store": "ok"}
        try:
            with services.database.reading() as session:
                session.connection().execute(text("SELECT 1"))
        except Exception:  # whatever the driver raises, the answer is the same
            found["database"] = "unavailable"
        try:
            services.store.exists("readyz")
        except Exception:  # as above
            found["object_store"] = "unavailable"
        if set(found.values()) != {"ok"}:
            response.status_code = 503
        return found

    return router
