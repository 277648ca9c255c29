"""Web processes as uvicorn's supervisor knows them, whose death it notices at once."""

from uvicorn.supervisors.multiprocess import Process


class WebProcess(Process):
    """uvicorn keeps the child's end of the pipe open in the parent too. So a process that is killed while it is asked
    for a sign of life never hangs up, and the supervisor, waiting for the whole `timeout_worker_healthcheck`, would
    start neither it nor any other again."""

    def start(self) -> None:
        """Start it; from then on the child's end is the child's alone."""
        super().start()
        self.child_conn.close()
