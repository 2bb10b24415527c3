"""The application: `uvicorn project.main:app`."""

import gc
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, nullcontext
from operator import attrgetter

from asgi_correlation_id import correlation_id
from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from tortoise.contrib.fastapi import RegisterTortoise

from project import __version__, logs
from project.delivery.dispatch import Dispatcher
from project.errors import DatabaseUnavailable, SettingsError
from project.ingest.background import BackgroundLoads
from project.jobs.heartbeat_log import last_beat, last_check
from project.jobs.log_location import log_file
from project.jobs.scheduler import check_job_settings, running_jobs
from project.settings import Settings, get_settings
from project.store.postgres.connections import serving_config
from project.store.postgres.embedded import EmbeddedPostgres, kept_up
from project.store.warehouse.snapshot import admission, snapshot
from project.web.api import charts, docs, metrics
from project.web.api.catalog.routes import router as catalog
from project.web.api.changes.routes import router as changes
from project.web.api.dimensions.routes import router as dimensions
from project.web.api.health.routes import router as health
from project.web.api.ingests.routes import router as ingests
from project.web.api.loads.routes import router as loads
from project.web.api.reports.routes import router as reports
from project.web.api.rows.routes import router as rows
from project.web.api.views.routes import edits as edits_of_views
from project.web.api.views.routes import router as views
from project.web.dashboard import changes_page, problem_pages, saved_views
from project.web.dashboard import routes as dashboard
from project.web.dashboard.errors import error_of_address
from project.web.middleware import stack
from project.web.response.problems import OVERSIZED, answer_errors, documented
from project.web.security.authorization import Access
from project.web.server.telemetry import telemetry_of
from project.web.server.uvicorn_limits import limit_connections
from project.web.state import AppState


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application. Without settings it reads them from the environment and `.env`."""
    settings = settings or get_settings()
    embedded = None if settings.database_url else EmbeddedPostgres(settings.embedded_postgres_dir)
    if embedded:
        # With its address, no job and no request starts the server that an operator stopped.
        settings = settings.model_copy(update={"database_url": embedded.url()})
    limit_connections()
    app: FastAPI = FastAPIOffline(
        **docs.INFO,
        version=__version__,
        lifespan=_lifespan,
        middleware=stack(settings),
        # A redirect would hide a typing error.
        redirect_slashes=False,
        # The names that generated clients give their methods.
        generate_unique_id_function=attrgetter("name"),
        docs_url=None,
        redoc_url=None,
    )
    app.state.ad_metrics = AppState(
        settings,
        last_beat=lambda: last_beat(log_file(settings)),
        last_check=lambda: last_check(log_file(settings)),
        loads=BackgroundLoads(settings) if settings.ingest_http else None,
        embedded_postgres=embedded,
    )
    answer_errors(app)
    app.add_exception_handler(HTTPException, error_of_address)
    access = Access(settings)
    refusals = documented(*OVERSIZED, *access.refusals)
    for router in (rows, reports, changes, loads, dimensions, catalog, views):
        app.include_router(router, dependencies=access.to("read"), responses=refusals)
    app.include_router(
        edits_of_views, dependencies=access.to("edit"), responses=documented(*OVERSIZED, *access.refusals_of_edits)
    )
    # Metrics must say that the database is away.
    app.include_router(metrics.router, dependencies=access.to("read", grace_period=86_400), responses=refusals)
    if settings.ingest_http:
        app.include_router(ingests, dependencies=access.to("ingest"), responses=refusals)
    for router in (dashboard.router, changes_page.router, saved_views.router):
        app.include_router(router, dependencies=access.to("read"))
    if settings.api_auth == "required":
        app.include_router(dashboard.keys, dependencies=access.anonymous())
    app.include_router(problem_pages.router, dependencies=access.anonymous())
    app.include_router(charts.router)
    app.mount("/static", StaticFiles(directory=dashboard.STATIC_FILES), "static")
    app.include_router(health)
    app.include_router(docs.router)
    docs.describe(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state: AppState = app.state.ad_metrics
    settings = state.settings
    logs.configure(settings.log_level, settings.log_format, correlation_id.get)
    config = serving_config(settings)
    deliveries = Dispatcher(settings, state.renderer)
    async with (
        kept_up(state.embedded_postgres) if state.embedded_postgres else nullcontext(),
        RegisterTortoise(app, config=config),
        aclosing(deliveries),
        running_jobs(settings, deliveries.send_due),
    ):
        state.admission = admission()
        state.telemetry = telemetry_of(settings)
        state.telemetry.watch(state.admission)
        state.telemetry.watch_answers(state.answers)
        for sentence in config["connections"]["default"]["credentials"]["address"].ignored:
            logger.warning("{}", sentence)
        try:
            async with snapshot() as current:
                logger.info("Serving data version {} ({}).", current.version.number, __version__)
        except DatabaseUnavailable as error:
            logger.warning("Serving without the database for now: {} ({})", error, error.cause)
        # What exists now stays, and a page of rows makes no garbage in cycles. To look for some at every 700 objects
        # costs a tenth of a request, and a full collection tens of milliseconds.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000)
        yield
        await state.renderer.close()


def __getattr__(name: str) -> FastAPI:
    # The application is made when uvicorn asks for it: importing this module reads no settings.
    if name == "app":
        try:
            check_job_settings(get_settings())
            return create_app()
        except SettingsError as error:
            sys.exit(str(error))
    raise AttributeError(name)
