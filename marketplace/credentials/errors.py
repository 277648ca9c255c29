"""What can be wrong with keys."""

from contracts.errors import Conflict, NotFound


class KeyNotFound(NotFound):
    """No such key, or the asker may not know of it."""

    code = "key-not-found"
    title = "There is no such key"


class KeyNotActive(Conflict):
    """The key was revoked or has expired."""

    code = "key-not-active"
    title = "The key is no longer active"


class TooManyKeys(Conflict):
    """A subscription may have only so many active keys."""

    code = "too-many-keys"
    title = "Too many keys"
