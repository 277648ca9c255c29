"""The states of a release request and the moves between them."""

from enum import StrEnum


class RequestState(StrEnum):
    """Where a request is. The state lies in the table: waiting for a person is no running job."""

    SUBMITTED = "submitted"  # waiting for the worker
    ANONYMISING = "anonymising"  # the worker makes the artifact
    IN_REVIEW = "in_review"  # the artifact is sealed; officers decide on exactly its bytes
    APPROVED = "approved"  # enough officers approved; waiting for the worker
    PUBLISHING = "publishing"  # the worker writes the release
    PUBLISHED = "published"
    SENT_BACK = "sent_back"  # the provider changes something and submits again
    REJECTED = "rejected"
    FAILED = "failed"  # the artifact cannot be made; `failure` says why
    CANCELLED = "cancelled"  # the provider took it back


_S = RequestState
MOVES: dict[RequestState, frozenset[RequestState]] = {
    _S.SUBMITTED: frozenset({_S.ANONYMISING, _S.CANCELLED}),
    _S.ANONYMISING: frozenset({_S.IN_REVIEW, _S.FAILED, _S.CANCELLED}),
    _S.IN_REVIEW: frozenset({_S.APPROVED, _S.SENT_BACK, _S.REJECTED, _S.CANCELLED}),
    _S.APPROVED: frozenset({_S.PUBLISHING}),
    _S.PUBLISHING: frozenset({_S.PUBLISHED, _S.FAILED}),
    _S.SENT_BACK: frozenset({_S.SUBMITTED, _S.CANCELLED}),
    _S.FAILED: frozenset({_S.SUBMITTED, _S.CANCELLED}),
    _S.PUBLISHED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
}
OPEN_STATES = frozenset(state for state, following in MOVES.items() if following)
EDITABLE_STATES = frozenset({_S.SENT_BACK, _S.FAILED})
