"""Web processes under the supervisor: one that is killed is known to be dead at once, whatever was asked of it."""

import os
import signal
import threading

import uvicorn

from web.supervision import WebProcess


class KilledWhenAsked(WebProcess):
    """Dies between the question whether it runs and its sign of life."""

    def ping(self, timeout: float = 5) -> bool:
        assert self.pid is not None
        os.kill(self.pid, signal.SIGKILL)
        return super().ping(timeout)


def test_a_process_killed_while_it_is_asked_for_a_sign_of_life_is_dead() -> None:
    process = KilledWhenAsked(uvicorn.Config("no.such:app"), [])
    process.start()
    found: list[bool] = []
    asking = threading.Thread(target=lambda: found.append(process.is_alive(timeout=3600)), daemon=True)
    asking.start()
    asking.join(timeout=60)
    process.kill()
    process.join()
    assert found == [False]
