"""A process that meters as fast as it can and prints every receipt it would have sent. Run by the crash tests:
`python worker_process.py DATABASE_URL HOME SUBSCRIPTION LIMIT`; it stops when the quota is used up."""

import sys
from pathlib import Path

import structlog

from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.metering.errors import QuotaExhausted
from marketplace.metering.leases import Terms
from marketplace.metering.meter import Meter
from marketplace.metering.purses import Account


def main(database_url: str, home: str, subscription_id: str, limit: str) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    settings = Settings(home=Path(home), database_url=database_url)
    meter = Meter(Database(database_url), FolderStore(settings.home / "objects"), settings)
    meter.start()
    account = Account(subscription_id, "organisation", f"key-{meter.worker_id[-12:]}", "dataset", "release", "live")
    terms = Terms(int(limit), int(limit))
    try:
        while True:
            receipt = meter.charge(account, terms, status=200, rows=2, size=100, fingerprint=1, request_id="")
            sys.stdout.write(receipt + "\n")  # the answer leaves
            sys.stdout.flush()
    except QuotaExhausted:
        sys.stdout.write("exhausted\n")
        sys.stdout.flush()
    meter.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
