"""Requests that come again under the id that their client chose: within a day they are answered for nothing."""

import threading
import time
from collections import OrderedDict

from marketplace.gateway.calls import Call
from marketplace.gateway.errors import RequestIdReused
from marketplace.metering.purses import Account

REPEAT_SECONDS = 24 * 3600
MOST_REQUEST_IDS = 200_000


class Repeats:
    """What this process remembers of request ids; the roll-up gives back what another process charged. Thread-safe."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], tuple[int, str, float]] = OrderedDict()
        self._lock = threading.Lock()

    def receipt_of(self, call: Call, account: Account, fingerprint: int) -> str | None:
        """The receipt of the answer that this call repeats. Raises `RequestIdReused` where another request had the
        id."""
        if not call.request_id:
            return None
        with self._lock:
            seen = self._seen.get(_name(call, account))
        if seen is None or time.monotonic() - seen[2] > REPEAT_SECONDS:
            return None
        if seen[0] != fingerprint:
            raise RequestIdReused("This request id came with another request before. Use a new id for a new request.")
        return seen[1]

    def remember(self, call: Call, account: Account, fingerprint: int, receipt: str) -> None:
        """Keep a receipt under the call's request id; the oldest go when there are too many."""
        with self._lock:
            self._seen[_name(call, account)] = (fingerprint, receipt, time.monotonic())
            while len(self._seen) > MOST_REQUEST_IDS:
                self._seen.popitem(last=False)


def _name(call: Call, account: Account) -> tuple[str, str]:
    return account.key_id or account.subscription_id, call.request_id
