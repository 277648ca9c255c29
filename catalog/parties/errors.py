"""What can go wrong with people and organisations."""

from contracts.errors import Conflict, Duplicate, NotFound, NotSignedIn, RateLimited


class OrganisationNotFound(NotFound):
    """No organisation under that id or name."""

    code = "organisation-not-found"


class PersonNotFound(NotFound):
    """No such person."""

    code = "person-not-found"


class EmailTaken(Duplicate):
    """The address already has an account."""

    code = "email-taken"


class SlugTaken(Duplicate):
    """The short name is in use."""

    code = "slug-taken"


class WrongCredentials(NotSignedIn):
    """E-mail and password do not fit together."""

    code = "wrong-credentials"


class TooManyAttempts(RateLimited):
    """Wait before the next try."""

    code = "too-many-attempts"


class LinkExpired(Conflict):
    """The link was used, revoked or is too old."""

    code = "link-expired"


class LastOperator(Conflict):
    """The last operator cannot be removed."""

    code = "last-operator"
