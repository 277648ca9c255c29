"""Errors of billing."""

from contracts.errors import Conflict, NotFound


class InvoiceNotFound(NotFound):
    """There is no such invoice, or the asker may not know of it."""

    code = "invoice-not-found"


class PeriodNotFound(NotFound):
    """There is no period of this name."""

    code = "period-not-found"


class PeriodNotOpen(Conflict):
    """The period has ended already."""

    code = "period-not-open"
    title = "The period has ended"


class InvoiceNotPayable(Conflict):
    """The invoice is paid, void or lapsed."""

    code = "invoice-not-payable"
    title = "Nothing is to be paid here"


class RefundNotFound(NotFound):
    """There is no such refund, or the asker may not know of it."""

    code = "refund-not-found"


class NotRefundable(Conflict):
    """The invoice is not in a state in which money can be asked back."""

    code = "not-refundable"
    title = "Nothing can be given back here"


class RefundDecided(Conflict):
    """The refund has been decided already."""

    code = "refund-decided"
    title = "Already decided"
