"""Worker processes and their journal folders: who is alive, and what becomes of what a dead one left.

A folder `<home>/journal/<worker id>/` holds the segments and a file `lock` that the worker keeps locked (`flock`)
for as long as it lives; the system releases the lock when the process ends, however it ends. So whoever gets the
lock may finish the worker's work: seal its segments, settle its leases by what they prove, remove the folder.
"""

import contextlib
import fcntl
import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
import structlog
from sqlmodel import Session, col, select

from contracts import clock
from contracts.ids import is_id, new_id
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore
from marketplace.metering import leases
from marketplace.metering.models import LiveUsage, Worker
from marketplace.metering.sealing import seal

log = structlog.get_logger()


def journal_root(settings: Settings) -> Path:
    """Where the journals of this machine's workers are."""
    return settings.home / "journal"


@dataclass(slots=True)
class Place:
    """A worker's journal folder, locked by this process."""

    worker_id: str
    folder: Path
    descriptor: int

    def release(self) -> None:
        """Give the lock back."""
        os.close(self.descriptor)

    def remove(self) -> None:
        """Remove the folder, then give the lock back."""
        shutil.rmtree(self.folder)
        self.release()


def occupy(root: Path) -> Place:
    """Make the folder of a new worker; nobody sees it before it is locked."""
    worker_id = new_id()
    hidden = root / f".{worker_id}"
    hidden.mkdir(parents=True, mode=0o700)
    descriptor = os.open(hidden / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder = root / worker_id
    hidden.rename(folder)
    return Place(worker_id, folder, descriptor)


def take_over(folder: Path) -> Place | None:
    """The folder of a worker that is dead, now locked by us; None while its worker lives."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    if not (folder / "lock").exists():  # another process has finished it meanwhile
        os.close(descriptor)
        return None
    return Place(folder.name, folder, descriptor)


def alive_here(root: Path, worker_id: str) -> bool:
    """Whether the worker's folder is on this machine and locked."""
    place = take_over(root / worker_id)
    if place is None:
        return (root / worker_id).exists()
    place.release()
    return False


def register(session: Session, place: Place) -> None:
    """Make a new worker known."""
    moment = clock.now()
    session.add(
        Worker(
            id=place.worker_id,
            host=socket.gethostname(),
            journal=str(place.folder),
            pid=os.getpid(),
            started_at=moment,
            heartbeat_at=moment,
        )
    )
    session.flush()


def segments(folder: Path) -> Iterator[Path]:
    """The segment files of a folder, oldest first."""
    yield from sorted(folder.glob("*.journal"))


def finish(database: Database, store: ObjectStore, settings: Settings, place: Place) -> None:
    """Seal all that is left of a worker, settle or hold its leases, forget it. Locks must be held; can be repeated."""
    damage = None
    for path in segments(place.folder):
        damage = seal(database, store, settings, place.worker_id, path) or damage
    with database.transaction() as session:
        if damage is None:
            leases.settle_worker(session, place.worker_id)
        else:
            held = leases.hold_worker(session, place.worker_id)
            log.error("journal_damaged", worker=place.worker_id, place=str(damage), leases_held=held)
        forget(session, place.worker_id)
    place.remove()


def forget(session: Session, worker_id: str) -> None:
    """Remove the rows of a worker that has nothing left to do."""
    session.connection().execute(sa.delete(LiveUsage).where(col(LiveUsage.worker_id) == worker_id))
    session.connection().execute(sa.delete(Worker).where(col(Worker.id) == worker_id))


def recover(database: Database, store: ObjectStore, settings: Settings) -> list[str]:
    """Finish every dead worker whose journal lies on this machine; the ids of those finished.

    A worker of this machine whose folder is gone has a journal that cannot be read: its leases are held.
    """
    root = journal_root(settings)
    finished = []
    for folder in sorted(root.iterdir()) if root.is_dir() else []:
        if not is_id(folder.name):
            continue
        place = take_over(folder)
        if place is None:
            continue
        try:
            finish(database, store, settings, place)
        except BaseException:
            with contextlib.suppress(OSError):
                place.release()
            raise
        finished.append(folder.name)
        log.info("worker_recovered", worker=folder.name)
    with database.reading() as session:
        ours = session.exec(select(Worker).where(Worker.host == socket.gethostname())).all()
    lost = [row.id for row in ours if Path(row.journal).parent == root and not Path(row.journal).exists()]
    for worker_id in lost:
        with database.transaction() as session:
            if session.get(Worker, worker_id) is None:
                continue
            held = leases.hold_worker(session, worker_id)
            forget(session, worker_id)
        log.error("journal_missing", worker=worker_id, leases_held=held)
    return finished
