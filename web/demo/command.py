"""`shuyi demo`: the site comes up, and while it does the demo city is made and walks the road.

The worker and the site start before anything else is imported: they need seconds to do the same.
"""

import signal
import socket
import threading

from contracts.errors import Conflict
from contracts.kit.settings import Settings
from marketplace.payments.config import is_live
from web import serving

LOG = "demo.log"


def run(settings: Settings, *, serve_afterwards: bool, as_json: bool, scale: float = 1.0) -> None:
    """The whole command; errors are `ShuyiError`s that the command line tells in one line. `scale` multiplies the
    rows of each table."""
    if settings.stripe_api_key is not None and is_live(settings.stripe_api_key.get_secret_value()):
        raise Conflict("The demo pays with play money and will not run beside a live Stripe key.")
    _refuse_taken_port(settings)
    _refuse_another_city(settings)
    settings.home.mkdir(parents=True, exist_ok=True)
    log = settings.home / LOG
    with serving.companions(("worker",), log=log):
        from web import migrations

        migrations.upgrade(settings.database)
        with serving.companions(("serve", "--no-worker"), log=log):
            from web.demo.performance import Performance

            with Performance.of(settings, as_json=as_json) as performance:
                performance.walk(scale)
                performance.show()
                if serve_afterwards:
                    performance.invite()
                    _wait_for_signal()


def _refuse_another_city(settings: Settings) -> None:
    """Before anything is started or changed there. A city that does not exist yet costs no look."""
    if settings.database_url or settings.embedded_database.exists():
        from web.demo import stage

        stage.refuse_another_city(settings)


def _refuse_taken_port(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((settings.host, settings.port)) == 0:
            raise Conflict(
                f"Something else listens on {settings.host}:{settings.port}; stop it, or set SHUYI_PORT to a free port."
            )


def _wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    while not stop.wait(3600):
        pass
