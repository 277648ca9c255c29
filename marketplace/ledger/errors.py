"""Errors of the books."""

from contracts.errors import Conflict, NotFound, ShuyiError


class Unbalanced(ShuyiError):
    """An entry whose postings do not sum to zero in each currency: a mistake in the program, never stored."""

    code = "unbalanced-entry"
    title = "The entry does not balance"


class ReferenceReused(Conflict):
    """An entry of this kind and reference is there already, with other postings."""

    code = "reference-reused"
    title = "This was posted before, differently"


class EntryNotFound(NotFound):
    """There is no such journal entry."""

    code = "entry-not-found"
