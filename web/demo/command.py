"""`shuyi demo`: the site comes up, and while it does the demo city is made and walks the road.

The site's processes start before anything else is imported: they need seconds to do the same.
"""

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from catalog.parties import service as parties
from contracts.errors import Conflict
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from marketplace.payments.config import is_live
from web import migrations, serving
from web.demo import STARTUP_SLUG

LOG = "demo.log"


def run(settings: Settings, *, serve_afterwards: bool, as_json: bool, scale: float = 1.0) -> None:
    """The whole command; errors are `ShuyiError`s that the command line tells in one line. `scale` multiplies the
    rows of each table."""
    if settings.stripe_api_key is not None and is_live(settings.stripe_api_key.get_secret_value()):
        raise Conflict("The demo pays with play money and will not run beside a live Stripe key.")
    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database)
    _refuse_other_city(settings)
    with _site(settings):
        from web.demo.performance import Performance  # after the site's processes were started

        with Performance.of(settings, as_json=as_json) as performance:
            performance.walk(scale)
            performance.show()
            if serve_afterwards:
                performance.invite()
                _wait_for_signal()


def _refuse_other_city(settings: Settings) -> None:
    database = Database(settings.database)
    try:
        with database.reading() as session:
            known = {
                organisation.slug for organisation in parties.list_organisations(session, kinds=("city", "company"))
            }
    finally:
        database.close()
    if known and STARTUP_SLUG not in known:
        raise Conflict(f"{settings.home} holds another city already; set SHUYI_HOME to an empty folder for the demo.")


@contextmanager
def _site(settings: Settings) -> Iterator[None]:
    """The site, its worker and the payment stand-in, until the block ends. They start while the block runs."""
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((settings.host, settings.port)) == 0:
            raise Conflict(
                f"Something else listens on {settings.host}:{settings.port}; stop it, or set SHUYI_PORT to a free port."
            )
    # The worker is not left to `serve` to start: it has the most to do.
    with serving.companions(("worker",), ("serve", "--no-worker"), log=settings.home / LOG):
        yield


def _wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(3600):
        pass
