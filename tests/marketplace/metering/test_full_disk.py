"""A disk that is really full (a limit of the system on the size of files): nothing is answered that cannot be recorded,
and nothing that was recorded is lost."""

import subprocess
import sys
from pathlib import Path

from sqlmodel import select

from contracts.ids import new_id
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.metering.models import Allowance, Lease, Segment, Usage
from marketplace.metering.sealing import from_parquet

ROOT = Path(__file__).parents[3]
PROGRAM = """
import resource, sys
from pathlib import Path
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore
from marketplace.metering.errors import JournalUnwritable
from marketplace.metering.leases import Terms
from marketplace.metering.meter import Meter
from marketplace.metering.purses import Account

url, home, subscription = sys.argv[1:]
settings = Settings(home=Path(home), database_url=url)
meter = Meter(Database(url), FolderStore(settings.home / "objects"), settings)
meter.start()
account, terms = Account(subscription, "organisation", "key", "dataset", "release", "live"), Terms(1_000_000, 1_000_000)

def answer():
    receipt = meter.charge(account, terms, status=200, rows=1, size=10, fingerprint=1, request_id="")
    print(receipt, flush=True)

while meter._purses.get(subscription) is None or meter._purses[subscription].leases[0].left < 50:
    answer()
refused = 0
[journal] = (settings.home / "journal").glob("*/*.journal")
for room in (0, 1, 30, 100, 333):
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size + room, resource.RLIM_INFINITY))
    try:
        while True:
            answer()
    except JournalUnwritable as error:
        assert error.status == 503 and error.retry_after > 0
        refused += 1
    try:
        answer()
    except JournalUnwritable:
        refused += 1
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    answer()
meter.stop()
print("refused", refused)
"""


def test_a_full_disk_refuses_and_loses_nothing(
    database: Database, settings: Settings, folder_store: FolderStore
) -> None:
    subscription_id = new_id()
    command = [sys.executable, "-c", PROGRAM, settings.database, str(settings.home), subscription_id]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    *received, told = done.stdout.split("\n")[:-1]
    received = [line for line in received if len(line) == 32]
    assert told == "refused 10"
    recorded: list[str] = []
    with database.reading() as session:
        for segment in session.exec(select(Segment)):
            with folder_store.open(segment.object_key) as stream:
                recorded += [one.receipt for one in from_parquet(stream.read()) if hasattr(one, "units")]
        assert sum(session.exec(select(Usage.units))) == len(received)
        assert sum(session.exec(select(Allowance.granted))) == len(received)
        assert {lease.state for lease in session.exec(select(Lease))} == {"settled"}
    assert sorted(recorded) == sorted(received)
