"""Which handlers follow which event, and what a handler is given."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ParamSpec, Protocol, TypeVar

from contracts.events import Event
from contracts.kit.database import Database
from contracts.kit.settings import Settings
from contracts.kit.store import ObjectStore

P = ParamSpec("P")
R = TypeVar("R")

MAX_RESULT = 4096


class Steps(Protocol):
    """Where results of finished steps are kept."""

    def get(self, name: str) -> tuple[bool, Any]:
        """Whether the step has finished, and its result."""
        ...

    def keep(self, name: str, result: Any) -> None:
        """Write the result; raises `JobLost` when another worker has the job by now."""
        ...


@dataclass(frozen=True)
class JobContext:
    """What a handler works with. Handlers and steps run at least once, so each re-reads its rows under lock and does
    nothing where its work is already there."""

    database: Database
    store: ObjectStore
    settings: Settings
    job_id: str
    attempt: int
    steps: Steps
    _seen: set[str] = field(default_factory=set)

    def step(self, name: str, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Run one durable step. Its result is kept, and given back without running it when the job is taken up again
        after a crash, an error or by another worker. The result is small JSON of ids, counts and states (else
        TypeError or ValueError); a name is used once in a job, so a loop numbers its steps."""
        if name in self._seen:
            raise ValueError(f"the step {name!r} is used twice in one job")
        self._seen.add(name)
        finished, result = self.steps.get(name)
        if finished:
            return result  # type: ignore[no-any-return]  # it is what the function returned, once through JSON
        fresh = function(*args, **kwargs)
        if len(json.dumps(fresh)) > MAX_RESULT:
            raise ValueError(f"the result of step {name!r} is too large: keep data in tables, ids in results")
        self.steps.keep(name, fresh)
        return fresh


Handler = Callable[[JobContext, dict[str, str]], None]
FailureHandler = Callable[[JobContext, dict[str, str], str], None]


@dataclass(frozen=True)
class Registration:
    """One handler; `on_failure(context, payload, message)` runs, at least once, before its job is given up. A `long`
    one lets others go first."""

    name: str
    handler: Handler
    on_failure: FailureHandler | None = None
    long: bool = False


@dataclass(frozen=True)
class Periodic(Registration):
    """A handler that runs each `interval`, on one worker of all."""

    interval: timedelta = timedelta(hours=1)


class Registry:
    """Handlers by event. `web` fills one at start; every worker must be given the same."""

    def __init__(self) -> None:
        self._by_event: dict[str, list[Registration]] = {}
        self._by_name: dict[str, Registration] = {}

    def every(self, interval: timedelta, name: str) -> Callable[[Handler], Handler]:
        """Have a handler run each `interval` (first at the first start), with an empty payload. It does not overlap
        with itself, and turns that were missed while no worker ran are made up for by one."""

        def add(handler: Handler) -> Handler:
            self._add(Periodic(name, handler, interval=interval))
            return handler

        return add

    def on(
        self, event: Event, name: str, *, on_failure: FailureHandler | None = None, long: bool = False
    ) -> Callable[[Handler], Handler]:
        """Have a handler run for each `event`, as `registry.on(event, name)(handler)` or as a decorator. `name` is
        unique and lasting (`domain.verb`): jobs in the database refer to it. `long` ones, which may take minutes, let
        all others go first."""

        def add(handler: Handler) -> Handler:
            registration = Registration(name, handler, on_failure, long)
            self._add(registration)
            self._by_event.setdefault(str(event), []).append(registration)
            return handler

        return add

    def _add(self, registration: Registration) -> None:
        if registration.name in self._by_name or not 0 < len(registration.name) <= 80:
            raise ValueError(f"the handler name {registration.name!r} is taken, empty or too long")
        self._by_name[registration.name] = registration

    def periodic(self) -> list[Periodic]:
        """The handlers that run by the clock."""
        return [registration for registration in self._by_name.values() if isinstance(registration, Periodic)]

    def handlers(self, event: str) -> list[Registration]:
        """The handlers that follow an event, in the order of registration."""
        return self._by_event.get(event, [])

    def get(self, name: str) -> Registration:
        """The handler of this name; KeyError when there is none."""
        return self._by_name[name]

    def long_names(self) -> list[str]:
        """Names of the handlers that may take minutes."""
        return [name for name, registration in self._by_name.items() if registration.long]

    def names(self) -> Iterator[str]:
        """Names of all handlers."""
        return iter(self._by_name)
