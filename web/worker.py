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


def runner(services: Services) -> JobRunner:
    """A runner over the process's services."""
    return JobRunner(registry(), services.database, services.store, services.settings)


def run(settings: Settings) -> None:
    """Work until told to stop (SIGTERM, SIGINT)."""
    logging.configure(settings)
    migrations.check(settings.database)
    services = Services.from_settings(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        runner(services).run_forever(stop)
    finally:
        services.close()
