"""`kill -9` while the road is walked."""

import random
import threading
from dataclasses import dataclass, field

from tests.road.site import Site


@dataclass
class Killer:
    """Kills the whole site a moment after chosen steps begin, and starts it again."""

    site: Site
    chance: random.Random
    steps: frozenset[str] | None = None
    share: float = 1.0
    kills: list[str] = field(default_factory=list)
    _busy: "threading.Thread | None" = None

    def on_step(self, name: str) -> None:
        """Called by the road as a step begins."""
        if self.steps is not None and name not in self.steps:
            return
        if self.chance.random() > self.share:
            return
        self.finish()
        self.kills.append(name)
        delay = self.chance.random() * 0.6
        self._busy = threading.Thread(target=self._strike, args=(delay,), daemon=True)
        self._busy.start()

    def _strike(self, delay: float) -> None:
        threading.Event().wait(delay)
        self.site.kill()
        self.site.start()

    def finish(self) -> None:
        """Wait until the last restart is through."""
        if self._busy is not None:
            self._busy.join()
