"""Who calls, and what they may do: from a key, an address or a signed-in person to terms of access."""

import ipaddress
import secrets
from dataclasses import dataclass
from hashlib import blake2b

from contracts.access import Actor, Permission
from contracts.errors import NotFound
from contracts.kit.settings import Settings
from marketplace.credentials.networks import contains
from marketplace.credentials.secret import Shape, digest, shape
from marketplace.gateway.directory import Directory, KeyCard, Product, expired
from marketplace.gateway.errors import (
    KeyExpired,
    KeyFromElsewhere,
    KeyMalformed,
    KeyMissing,
    KeyMistyped,
    KeyOfOtherData,
    KeyRevoked,
    KeyUnknown,
    PaymentDue,
    PaymentOverdue,
    SubscriptionEnded,
)
from marketplace.metering.leases import Terms
from marketplace.metering.purses import Account
from marketplace.subscriptions.entitlement import Entitlement


@dataclass(frozen=True, slots=True)
class WithKey:
    """A program that sent a key, and the address it called from."""

    secret: str
    address: str


@dataclass(frozen=True, slots=True)
class FromAddress:
    """Nobody we know: only open data is answered, with a limit per address."""

    address: str


@dataclass(frozen=True, slots=True)
class InPerson:
    """A signed-in person who uses a subscription of an organisation of theirs through our own pages. `sandbox` calls
    read the approved sample and cost nothing."""

    actor: Actor
    subscription_id: str
    sandbox: bool = False


MOST_HASHES = 100_000
Caller = WithKey | FromAddress | InPerson


@dataclass(frozen=True, slots=True)
class Access:
    """What a call may do. `terms` None: nothing is charged. `sample`: only the approved sample is read. `variant`: part
    of the tags of answers, different where the same request is answered with other rows or fields."""

    account: Account
    terms: Terms | None
    rate_name: str
    rate_per_minute: int
    fields: frozenset[str] | None
    sample: bool
    variant: str = ""


class Admission:
    """Turns a caller into an access, or a refusal with its reason."""

    def __init__(self, directory: Directory, settings: Settings) -> None:
        self._directory = directory
        self._hash_key = settings.derived_key("credentials")
        self._open_rate = settings.open_rate_per_minute
        # OpenSSL's HMAC takes far longer than a lookup. So a known key is found by a quicker keyed hash, under a key
        # that only this process has; neither table holds a secret.
        self._shortcut_key = secrets.token_bytes(32)
        self._hashes: dict[bytes, str] = {}
        self._accesses: dict[str, tuple[KeyCard, Product, str, Access]] = {}

    def identify(self, caller: Caller, *, may_block: bool) -> KeyCard | Entitlement | None:
        """The key or subscription behind a caller; None for an address. Raises `NotInMemory` where it may not block."""
        if isinstance(caller, FromAddress):
            return None
        if isinstance(caller, InPerson):
            found = self._directory.entitlement(caller.subscription_id)
            if found is None or not caller.actor.may(Permission.USAGE_READ, found.organisation_id):
                raise NotFound("There is no such subscription among yours.")
            return found
        short = blake2b(caller.secret.encode(), key=self._shortcut_key, digest_size=16).digest()
        hashed = self._hashes.get(short) or self._hash(caller.secret)
        card = self._directory.key(hashed) if may_block else self._directory.peek_key(hashed)
        if card is None:
            raise KeyUnknown("We know no such key. Was it made on another installation?")
        if len(self._hashes) > MOST_HASHES:
            self._hashes.clear()
        self._hashes[short] = hashed
        return card

    def _hash(self, secret: str) -> str:
        match shape(secret):
            case Shape.NO_KEY:
                raise KeyMalformed("A key begins with sy_live_ or sy_test_. Send it as `Authorization: Bearer <key>`.")
            case Shape.MISTYPED:
                raise KeyMistyped("The key's checksum does not fit: a character is wrong or missing. Copy it again.")
        return digest(secret, self._hash_key)

    def access(self, caller: Caller, found: KeyCard | Entitlement | None, product: Product, release_id: str) -> Access:
        """What the identified caller may do with a product. Raises the refusals of 401, 402 and 403."""
        if isinstance(caller, FromAddress):
            if product.openness != "unconditional":
                raise KeyMissing(
                    "This data is open under conditions: subscribe, make a key, and send it as "
                    "`Authorization: Bearer <key>`."
                )
            account = Account("", "", "", product.dataset_id, release_id, "open")
            return Access(account, None, f"address:{network(caller.address)}", self._open_rate, None, sample=False)
        if isinstance(caller, InPerson):
            assert isinstance(found, Entitlement), "identify gave it"
            return _entitled(found, "", "test" if caller.sandbox else "live", product, release_id)
        assert isinstance(found, KeyCard), "identify gave it"
        if found.revoked:
            raise KeyRevoked("This key was revoked. Make another one on your keys page.")
        if expired(found):
            raise KeyExpired("This key has expired. Make another one on your keys page.")
        if found.networks and not contains(found.networks, caller.address):
            raise KeyFromElsewhere(
                f"This key does not work from {caller.address or 'here'}. Its owner says on the keys page from which "
                "networks it does."
            )
        # The same card, product and release allow the same: the directory makes new ones when anything changed.
        known = self._accesses.get(found.key_id)
        if known is not None and known[0] is found and known[1] is product and known[2] == release_id:
            return known[3]
        access = _entitled(found.entitlement, found.key_id, found.mode, product, release_id)
        if len(self._accesses) > MOST_HASHES:
            self._accesses.clear()
        self._accesses[found.key_id] = (found, product, release_id, access)
        return access

    def public(self, caller: Caller, found: KeyCard | Entitlement | None, product: Product, release_id: str) -> Access:
        """What anybody may do: read the papers of a release, at the rate of an address or of the key given."""
        if found is None:
            account = Account("", "", "", product.dataset_id, release_id, "open")
            name = f"address:{network(caller.address)}" if isinstance(caller, FromAddress) else "address:"
            return Access(account, None, name, self._open_rate, None, sample=False)
        account = account_of(found, product) or Account("", "", "", product.dataset_id, release_id, "open")
        entitlement = found.entitlement if isinstance(found, KeyCard) else found
        name = f"key:{account.key_id or account.subscription_id}:{account.mode}"
        return Access(account, None, name, entitlement.rate_per_minute, None, sample=False)


def account_of(found: KeyCard | Entitlement | None, product: Product | None) -> Account | None:
    """To whom a refusal is counted; None where nobody is known."""
    if product is None or found is None:
        return None
    entitlement = found.entitlement if isinstance(found, KeyCard) else found
    key_id, mode = (found.key_id, found.mode) if isinstance(found, KeyCard) else ("", "live")
    return Account(entitlement.subscription_id, entitlement.organisation_id, key_id, product.dataset_id, "", mode)


def _entitled(entitlement: Entitlement, key_id: str, mode: str, product: Product, release_id: str) -> Access:
    if entitlement.dataset_id != product.dataset_id:
        raise KeyOfOtherData("This key belongs to a subscription of other data. Use a key of this data's subscription.")
    sample = mode == "test"
    if entitlement.reason == "ended":
        raise SubscriptionEnded("The subscription has ended. Subscribe again to go on.")
    if not sample and entitlement.reason == "pending_payment":
        raise PaymentDue("Pay the first invoice and calls are answered at once. Test keys read the sample until then.")
    if not sample and entitlement.reason == "suspended_unpaid":
        raise PaymentOverdue("Pay the overdue invoice and calls are answered again at once.")
    account = Account(
        entitlement.subscription_id, entitlement.organisation_id, key_id, product.dataset_id, release_id, mode
    )
    return Access(
        account=account,
        terms=None if sample else Terms(entitlement.quota_per_month, entitlement.calls_limit_per_month),
        rate_name=f"key:{key_id or entitlement.subscription_id}:{mode}",
        rate_per_minute=entitlement.rate_per_minute,
        fields=entitlement.fields,
        sample=sample,
        variant=_variant(entitlement.fields, sample),
    )


def _variant(fields: frozenset[str] | None, sample: bool) -> str:
    if fields is None:
        return "s" if sample else ""
    named = "\0".join(sorted(fields)).encode()
    return ("s" if sample else "") + blake2b(named, digest_size=6).hexdigest()


def network(address: str) -> str:
    """What a limit per address counts by: the address, or the /64 it lies in."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)
