"""Errors of settlement."""

from contracts.errors import Conflict, NotFound, ShuyiError


class StatementNotFound(NotFound):
    """There is no such statement, or the asker may not know of it."""

    code = "statement-not-found"


class PeriodNotClosed(Conflict):
    """The period has not ended, or its usage is not all invoiced yet."""

    code = "period-not-closed"
    title = "The period is not closed"


class NothingToPayOut(Conflict):
    """Nothing is held for the department, or it is on its way already."""

    code = "nothing-to-pay-out"
    title = "Nothing to pay out"


class PayoutNotFound(NotFound):
    """There is no such payout."""

    code = "payout-not-found"


class BooksDoNotAgree(ShuyiError):
    """Paid − refunded − fee − tax is not settled + held: nothing may be issued on such books."""

    code = "books-do-not-agree"
    title = "The books do not agree"
