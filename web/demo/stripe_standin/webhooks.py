"""Delivery of webhooks: signed as Stripe signs them, at least once, again later when they are not accepted."""

import hashlib
import hmac
import json
import threading

import httpx

from contracts.clock import now
from contracts.kit import logging
from web.demo.stripe_standin.storage import Storage

log = logging.get(__name__)

POLL_SECONDS = 0.2
GIVE_UP_AFTER = 12  # attempts; with doubling pauses that is about an hour


def sign(payload: bytes, secret: str, timestamp: int) -> str:
    """The value of the `Stripe-Signature` header."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


class Deliverer(threading.Thread):
    """Posts due events to one address until told to stop."""

    def __init__(self, storage: Storage, url: str, secret: str) -> None:
        super().__init__(name="stripe-standin-webhooks", daemon=True)
        self._storage, self._url, self._secret = storage, url, secret
        self._stop_asked = threading.Event()

    def run(self) -> None:
        with httpx.Client(timeout=10) as client:
            while not self._stop_asked.wait(POLL_SECONDS):
                for event_id, attempts in self._storage.due_deliveries(now().timestamp()):
                    self._deliver(client, event_id, attempts)

    def stop(self) -> None:
        """End after the delivery under way."""
        self._stop_asked.set()
        self.join(timeout=15)

    def _deliver(self, client: httpx.Client, event_id: str, attempts: int) -> None:
        payload = json.dumps(self._storage.get("event", event_id)).encode()
        headers = {
            "Content-Type": "application/json",
            "Stripe-Signature": sign(payload, self._secret, int(now().timestamp())),
        }
        try:
            accepted = client.post(self._url, content=payload, headers=headers).is_success
        except httpx.HTTPError:
            accepted = False
        if accepted or attempts >= GIVE_UP_AFTER:
            if not accepted:
                log.warning("stripe_standin.webhook_given_up", event_id=event_id)
            self._storage.delivered(event_id)
        else:
            self._storage.postpone(event_id, now().timestamp() + min(600, 2**attempts))
