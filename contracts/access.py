"""Who acts, in which roles, on which part of the tree of parties, and what a role may do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from contracts.errors import Forbidden, NotSignedIn


class Role(StrEnum):
    """A role is held at one organisation and counts for the subtree below it."""

    OPERATOR = "operator"  # runs the platform: organisations, people, periods, disputes, settlement
    DATA_OFFICER = "data_officer"  # decides on release requests of the subtree
    PROVIDER = "provider"  # uploads data, submits release requests, makes offerings, sees income
    OWNER = "owner"  # of a consumer organisation: invites members, subscribes, pays, plus all of DEVELOPER
    DEVELOPER = "developer"  # keys, usage, console


class Permission(StrEnum):
    """What a role may do; `domain:noun:verb`, alphabetical."""

    AUDIT_READ = "audit:log:read"
    CATALOG_WRITE = "catalog:dataset:write"
    CREDENTIAL_WRITE = "credentials:key:write"
    INCOME_READ = "settlement:income:read"
    INVOICE_PAY = "billing:invoice:pay"
    INVOICE_READ = "billing:invoice:read"
    MEMBER_WRITE = "parties:member:write"
    OFFERING_WRITE = "products:offering:write"
    ORGANISATION_WRITE = "parties:organisation:write"
    PERIOD_CLOSE = "billing:period:close"
    RAW_REVEAL = "vault:raw:reveal"
    REFUND_DECIDE = "billing:refund:decide"
    RELEASE_DECIDE = "releases:request:decide"
    RELEASE_SUBMIT = "releases:request:submit"
    RELEASE_WITHDRAW = "releases:release:withdraw"
    SETTLEMENT_WRITE = "settlement:statement:write"
    SUBSCRIPTION_WRITE = "subscriptions:subscription:write"
    USAGE_READ = "metering:usage:read"


_P = Permission
GRANTS: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(
        {
            _P.AUDIT_READ,
            _P.INCOME_READ,
            _P.INVOICE_READ,
            _P.MEMBER_WRITE,
            _P.ORGANISATION_WRITE,
            _P.PERIOD_CLOSE,
            _P.REFUND_DECIDE,
            _P.RELEASE_WITHDRAW,
            _P.SETTLEMENT_WRITE,
            _P.USAGE_READ,
        }
    ),
    Role.DATA_OFFICER: frozenset({_P.AUDIT_READ, _P.RAW_REVEAL, _P.RELEASE_DECIDE, _P.RELEASE_WITHDRAW}),
    Role.PROVIDER: frozenset(
        {
            _P.CATALOG_WRITE,
            _P.INCOME_READ,
            _P.OFFERING_WRITE,
            _P.RAW_REVEAL,
            _P.RELEASE_SUBMIT,
            _P.RELEASE_WITHDRAW,
        }
    ),
    Role.OWNER: frozenset(
        {
            _P.CREDENTIAL_WRITE,
            _P.INVOICE_PAY,
            _P.INVOICE_READ,
            _P.MEMBER_WRITE,
            _P.SUBSCRIPTION_WRITE,
            _P.USAGE_READ,
        }
    ),
    Role.DEVELOPER: frozenset({_P.CREDENTIAL_WRITE, _P.INVOICE_READ, _P.USAGE_READ}),
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held at an organisation; `scope` holds the ids of that organisation and all below it."""

    role: Role
    organisation_id: str
    scope: frozenset[str]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a signed-in person with the grants valid now, or the system itself."""

    person_id: str | None
    name: str
    grants: tuple[Grant, ...] = field(default=())
    is_system: bool = False

    def may(self, permission: Permission, organisation_id: str | None = None) -> bool:
        """Whether a grant allows `permission`, at `organisation_id` when one is named, else anywhere."""
        if self.is_system:
            return True
        return any(
            permission in GRANTS[grant.role] and (organisation_id is None or organisation_id in grant.scope)
            for grant in self.grants
        )

    def require(self, permission: Permission, organisation_id: str | None = None) -> None:
        """Raise `NotSignedIn` or `Forbidden` unless `may(...)`."""
        if self.may(permission, organisation_id):
            return
        if self.person_id is None:
            raise NotSignedIn("Sign in to do this.")
        raise Forbidden("Your roles do not allow this.", permission=str(permission))

    def organisations(self, permission: Permission) -> frozenset[str]:
        """Ids of every organisation at which `permission` is held."""
        scopes: Iterable[frozenset[str]] = (g.scope for g in self.grants if permission in GRANTS[g.role])
        return frozenset().union(*scopes)

    def has_role(self, role: Role) -> bool:
        """Whether any grant carries `role`."""
        return any(grant.role == role for grant in self.grants)


ANONYMOUS = Actor(person_id=None, name="anonymous")
SYSTEM = Actor(person_id=None, name="system", is_system=True)
