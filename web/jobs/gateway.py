"""Jobs of the data path."""

from marketplace.gateway.tasks import register

__all__ = ["register"]
