"""The worker: runs what the outbox asks for. Which handler serves which event is decided here and nowhere else."""

import importlib
import pkgutil
import signal
import threading

import web.jobs
from contracts.kit import logging
from contracts.kit.jobs import JobRunner, Registry
from contracts.kit.settings import Settings
from web import migrations
from web.context import Services


def registry() -> Registry:
    """Every handler of every module in `web.jobs`."""
    found = Registry()
    for module in sorted(module.name for module in pkgutil.iter_modules(web.jobs.__path__)):
        importlib.import_module(f"web.jobs.{module}").register(found)
    return found


def runner(services: Services, handlers: Registry | None = None) -> JobRunner:
    """A runner over the process's services, of every handler unless some are given."""
    return JobRunner(handlers or registry(), services.database, services.store, services.settings)


def run(settings: Settings) -> None:
    """Work until told to stop (SIGTERM, SIGINT)."""
    logging.configure(settings)
    handlers = registry()
    migrations.wait(settings.database)
    services = Services.from_settings(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        runner(services, handlers).run_forever(stop)
    finally:
        services.close()
