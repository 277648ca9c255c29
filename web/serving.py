"""Running the site: web processes on one socket, and beside them a worker (and in test mode the stand-in for Stripe),
each started again when it dies."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from contracts.kit.settings import Settings
from marketplace.payments.config import TEST_KEY, StripeConfig, standin_base

if TYPE_CHECKING:
    from fastapi import FastAPI

RESTART_PAUSE_SECONDS = 1.0
PARENT = "SHUYI_PARENT_PID"
HEALTHCHECK_SECONDS = 60
"""A web process that gives no sign for so long is replaced. On a busy machine one needs several seconds to start."""


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "web.cli", *arguments]


class Companion:
    """A process kept running beside the site until `stop`."""

    def __init__(self, *arguments: str, log: Path | None = None) -> None:
        self._arguments = arguments
        self._log = log
        self._stopping = threading.Event()
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name=f"keep-{arguments[0]}", daemon=True)
        self._thread.start()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = os.environ | {PARENT: str(os.getpid())}
        with open(self._log or os.devnull, "ab") as file:
            output = file if self._log else None
            return subprocess.Popen(
                _command(*self._arguments), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )

    def _watch(self) -> None:
        while not self._stopping.is_set():
            self._process.wait()
            # A pause, so that a process which cannot start does not take the machine with it.
            if self._stopping.wait(RESTART_PAUSE_SECONDS):
                return
            self._process = self._start()

    def stop(self) -> None:
        """End the process and wait for it."""
        self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def end_with_parent() -> None:
    """In a companion or one of several web processes: stop when the process that started it is gone, however it
    went. Else it would go on answering on the old socket, and the site could not be started again."""
    parent = int(os.environ.get(PARENT, "0"))
    if not parent or parent == os.getpid():
        return

    def watch() -> None:
        never = threading.Event()
        while not never.wait(1.0):
            if os.getppid() != parent:
                os.kill(os.getpid(), signal.SIGTERM)
                return

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


@contextmanager
def companions(*commands: tuple[str, ...], log: Path | None = None) -> Iterator[None]:
    """Keep `commands` running while the block runs; what they print goes to `log`, or where ours goes."""
    running = [Companion(*command, log=log) for command in commands]
    try:
        yield
    finally:
        for companion in running:
            companion.stop()


def app() -> "FastAPI":
    """The site in one of the web processes."""
    from web.app import create_app  # the companions need none of it

    end_with_parent()
    return create_app()


def serve(settings: Settings, *, workers: int, with_worker: bool = True) -> None:
    """Serve until told to stop. Settings reach the processes through the environment."""
    import uvicorn  # nor this
    from uvicorn.supervisors import multiprocess

    from web.supervision import WebProcess

    multiprocess.Process = WebProcess  # type: ignore[misc]  # uvicorn has no setting for it
    os.environ[PARENT] = str(os.getpid())
    config = StripeConfig.from_settings(settings)
    standin = config.api_key == TEST_KEY and config.api_base == standin_base(settings)
    with companions(*([("worker",)] if with_worker else []), *([("stripe-standin",)] if standin else [])):
        uvicorn.run(
            "web.serving:app",
            factory=True,
            host=settings.host,
            port=settings.port,
            workers=workers if workers > 1 else None,
            log_config=None,
            access_log=False,
            server_header=False,
            forwarded_allow_ips=settings.trusted_proxies or None,
            proxy_headers=bool(settings.trusted_proxies),
            timeout_graceful_shutdown=10,
            timeout_worker_healthcheck=HEALTHCHECK_SECONDS,
        )
