"""Running the stand-in: beside the site in test mode, and inside tests."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn

from contracts.kit.settings import Settings
from marketplace.payments.config import LiveKeyMisused, StripeConfig, is_live
from web.demo.stripe_standin.app import create_app
from web.demo.stripe_standin.webhooks import Deliverer

WEBHOOK_PATH = "/stripe/webhook"


def refuse_live_key(settings: Settings) -> None:
    """Raise `LiveKeyMisused` when real money could be meant."""
    key = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    if is_live(key):
        raise LiveKeyMisused("The stand-in for Stripe does not run beside a live key.")


def serve(settings: Settings) -> None:
    """Serve the stand-in where the settings look for Stripe, until told to stop."""
    refuse_live_key(settings)
    config = StripeConfig.from_settings(settings)
    address = urlsplit(config.api_base or "")
    if address.hostname not in ("127.0.0.1", "localhost") or address.port is None:
        raise LiveKeyMisused("The stand-in serves this machine only; SHUYI_STRIPE_API_BASE points elsewhere.")
    app = create_app(settings.home / "stripe-standin.db", public_url=config.api_base or "")
    deliverer = Deliverer(app.state.storage, settings.base_url.rstrip("/") + WEBHOOK_PATH, config.webhook_secret or "")
    deliverer.start()
    try:
        uvicorn.run(app, host=address.hostname, port=address.port, log_config=None, access_log=False)
    finally:
        deliverer.stop()
        app.state.storage.close()


def standin_command() -> None:
    """Run the stand-in for Stripe that test mode uses. It moves no money and refuses live keys."""
    serve(Settings())


@contextmanager
def running(path: Path, *, port: int = 0, webhook_url: str | None = None, webhook_secret: str = "") -> Iterator[str]:
    """The stand-in in a thread of this process while the block runs; gives its address."""
    config = uvicorn.Config(lambda: None, host="127.0.0.1", port=port, log_config=None, access_log=False)
    socket = config.bind_socket()
    url = f"http://127.0.0.1:{socket.getsockname()[1]}"
    app = create_app(path, public_url=url)
    config.app = app
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]}, name="stripe-standin", daemon=True)
    thread.start()
    deliverer = Deliverer(app.state.storage, webhook_url, webhook_secret) if webhook_url else None
    try:
        while not server.started:
            if not thread.is_alive():
                raise RuntimeError("the stand-in did not start")
            time.sleep(0.01)
        if deliverer:
            deliverer.start()
        yield url
    finally:
        if deliverer:
            deliverer.stop()
        server.should_exit = True
        thread.join(timeout=10)
        socket.close()
        app.state.storage.close()
