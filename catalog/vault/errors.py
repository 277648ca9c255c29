"""What can go wrong in the vault."""

from contracts.errors import Conflict, Gone, NotFound, ShuyiError, TooLarge


class UploadNotFound(NotFound):
    """No such upload, or not one the asker may know of."""

    code = "upload-not-found"


class UploadDestroyed(Gone):
    """The upload's key was destroyed on its retention date."""

    code = "upload-destroyed"
    title = "Destroyed on its retention date"


class UploadNotReady(Conflict):
    """The upload is not in a state that allows this."""

    code = "upload-not-ready"


class UploadTooLarge(TooLarge):
    """The file is larger than accepted."""

    code = "upload-too-large"
    title = "The file is too large"


class SealBroken(ShuyiError):
    """A sealed object was cut, reordered, altered, or belongs elsewhere. Nothing of it is used."""

    code = "seal-broken"
    title = "A stored file failed its integrity check"
