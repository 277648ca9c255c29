"""What can go wrong with requests and releases."""

from contracts.errors import Conflict, Forbidden, Gone, NotFound, ShuyiError


class RequestNotFound(NotFound):
    """No such request, or not one the asker may know of."""

    code = "release-request-not-found"


class ReleaseNotFound(NotFound):
    """No such release."""

    code = "release-not-found"
    title = "There is no such release"


class ReleaseWithdrawn(Gone):
    """The release was withdrawn and is served no more."""

    code = "release-withdrawn"
    title = "The release was withdrawn"


class WrongState(Conflict):
    """The request's state does not allow this; `state` names it."""

    code = "release-request-state"


class HashMismatch(Conflict):
    """The decision was about other bytes than the artifact under review."""

    code = "artifact-hash-mismatch"


class SeriesChanged(Conflict):
    """Another release of the dataset appeared since the artifact was built beside the earlier ones."""

    code = "series-changed"


class AlreadyDecided(Conflict):
    """The officer has decided on this artifact before."""

    code = "already-decided"


class NotYours(Forbidden):
    """Who submitted, or works for the provider, cannot decide."""

    code = "not-independent"


class ReleaseDamaged(ShuyiError):
    """A stored file differs from what was approved. It is not served."""

    code = "release-damaged"
    title = "A release file failed its integrity check"
