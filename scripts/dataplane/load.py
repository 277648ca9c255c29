"""wrk: 32 connections, each request from a list made beforehand."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CONNECTIONS: Final = 32
_SCRIPT: Final = """
local requests, place = {}, 0
function init(arguments)
  local file = io.open(arguments[1], "rb")
  for request in file:read("*a"):gmatch("([^%z]+)%z") do requests[#requests + 1] = request end
  file:close()
end
function request()
  place = place % #requests + 1
  return requests[place]
end
"""


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request."""

    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None

    def raw(self, port: int) -> bytes:
        """As it goes over the wire."""
        lines = [f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        if self.body is not None:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + (self.body or b"")


def need() -> None:
    """Exits when wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed (Debian: apt-get install wrk)")


def prepare(folder: Path, name: str, port: int, requests: Iterable[Request]) -> Path:
    """The list as wrk reads it."""
    (folder / "requests.lua").write_text(_SCRIPT)
    path = folder / f"{name}.requests"
    with path.open("wb") as file:
        for request in requests:
            file.write(request.raw(port) + b"\0")
    return path


@dataclass(frozen=True, slots=True)
class Rate:
    """What wrk saw: answers a second, answers in all, 99th percentile in milliseconds."""

    rate: float
    answers: int
    p99: float


def run(port: int, requests: Path, seconds: float) -> Rate:
    """Load a server. Exits when an answer was no success: a refusal is quicker than an answer."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{max(1, round(seconds))}s", "--latency", "--timeout", "30s"]
    command += ["-s", str(requests.parent / "requests.lua"), f"http://127.0.0.1:{port}", "--", str(requests)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    text = done.stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", text)
    answers = re.search(r"(\d+) requests in", text)
    p99 = re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if done.returncode or not found or not answers or not p99:
        raise SystemExit(f"wrk did not run: {done.stderr or text}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text) or re.search(r"Socket errors: .*", text)
    if bad:
        raise SystemExit(f"answers that are no success at port {port}: {bad.group(0)}")
    unit = {"us": 1e-3, "ms": 1.0, "s": 1e3}[p99.group(2)]
    return Rate(float(found.group(1)), int(answers.group(1)), float(p99.group(1)) * unit)


def cpu_seconds(pids: Iterable[int]) -> float:
    """Seconds on a processor of all threads of these processes."""
    total = 0
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def wait(port: int, path: str, process: subprocess.Popen[bytes], log: Path, seconds: float = 120.0) -> None:
    """Until the server answers anything at all. Exits with what it printed when it stops before."""
    import http.client

    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", path)
            connection.getresponse().read()
            return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit(f"the server at port {port} did not start:\n{log.read_text(errors='replace')[-3000:]}")
