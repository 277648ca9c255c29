"""Jobs of the ground floor: mail, and keeping the tables of jobs and keys small."""

from contracts.kit import housekeeping, mail
from contracts.kit.jobs import Registry


def register(registry: Registry) -> None:
    """Have them done by the worker."""
    mail.register(registry)
    housekeeping.register(registry)
