"""The worker: runs what the outbox asks for. Which handler serves which event is decided here and nowhere else."""

import importlib
import pkgutil
import signal
import threading

import structlog

import web.jobs
from contracts.kit import logging
from contracts.kit.jobs import JobRunner, Registry
from contracts.kit.settings import Settings
from marketplace.metering import workers
from web import migrations
from web.context import Services

RECOVERY_SECONDS = 5.0

log = structlog.get_logger()


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
    recovering = threading.Thread(target=_recover, args=(services, stop), name="recovery")
    recovering.start()
    try:
        runner(services, handlers).run_forever(stop)
    finally:
        stop.set()
        recovering.join()
        services.close()


def _recover(services: Services, stop: threading.Event) -> None:
    """Finish web processes of this machine that died, as those that live do: where none does, what the dead had leased
    would else be away until the first is up again."""
    failing = False
    while not stop.wait(RECOVERY_SECONDS):
        try:
            workers.recover(services.database, services.store, services.settings)
            failing = False
        except Exception as error:  # the thread must outlive a database that is away
            if not failing:
                log.warning("recovery_failed", error=type(error).__name__)
            failing = True
