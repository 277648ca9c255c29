"""What can go wrong in disclosure control."""

from __future__ import annotations

from contracts.errors import InvalidInput


class Unreachable(InvalidInput):
    """The policy's models cannot be met within its suppression limit; the detail says why and what would
    help."""

    code = "privacy-unreachable"
    title = "The privacy models cannot be reached"


class SeriesUnreachable(Unreachable):
    """The policy could be kept by the release alone, but not beside earlier releases of the dataset."""

    code = "series-unreachable"
    title = "Earlier releases leave too few candidates"


class ReleaseUnreadable(InvalidInput):
    """A folder is no release, or its papers cannot be read."""

    code = "release-unreadable"
    title = "The release cannot be read"
