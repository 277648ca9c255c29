"""Names of what happens: `noun.past_participle`. A service writes an event to the outbox in the transaction that
made it happen; the worker then runs the handlers that `web` registered under that name. Payloads hold ids only."""

from enum import StrEnum


class Event(StrEnum):
    """Every event there is, with the ids its payload carries."""

    UPLOAD_RECEIVED = "upload.received"  # upload_id: bytes are in the vault; intake and profile are to run
    REQUEST_SUBMITTED = "release_request.submitted"  # request_id: anonymise, then wait for the officers
    ARTIFACT_MADE = "artifact.made"  # artifact_id: officers may judge it; work out what other choices would give
    REQUEST_APPROVED = "release_request.approved"  # request_id: enough officers approved; write the release
    RELEASE_PUBLISHED = "release.published"  # release_id, dataset_id
    RELEASE_WITHDRAWN = "release.withdrawn"  # release_id, dataset_id
    DATASET_CHANGED = "dataset.changed"  # dataset_id: search index and catalogue feeds follow
    SUBSCRIPTION_ACTIVATED = "subscription.activated"  # subscription_id
    SUBSCRIPTION_SUSPENDED = "subscription.suspended"  # subscription_id: an invoice is overdue
    SUBSCRIPTION_ENDED = "subscription.ended"  # subscription_id
    CREDENTIAL_CHANGED = "credential.changed"  # credential_id: created, rotated or revoked
    USAGE_SEALED = "usage.sealed"  # segment_id
    PERIOD_CLOSED = "period.closed"  # period_id: rate, invoice
    PERIOD_INVOICED = "period.invoiced"  # period_id: every invoice is out; statements may be issued
    PAYMENT_REQUESTED = "payment.requested"  # payment_id: collect it from the payment provider
    PAYMENT_REPORTED = "payment.reported"  # webhook_id: the payment provider says that something changed
    INVOICE_ISSUED = "invoice.issued"  # invoice_id
    INVOICE_PAID = "invoice.paid"  # invoice_id
    REFUND_APPROVED = "refund.approved"  # refund_id: pay back
    REFUND_MADE = "refund.made"  # refund_id
    STATEMENT_ISSUED = "statement.issued"  # statement_id
    PAYOUT_REQUESTED = "payout.requested"  # payout_id: send it through the payment provider
    PAYOUT_MADE = "payout.made"  # payout_id
    MAIL_QUEUED = "mail.queued"  # mail_id: to be handed to the mail server
