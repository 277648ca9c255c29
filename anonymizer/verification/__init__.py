"""Checking a release again from its files alone. Imports nothing of the searches and models that made it."""

from anonymizer.verification.verify import verify

__all__ = ["verify"]
