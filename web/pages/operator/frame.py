"""What the operator's pages share: who may see them, and the tabs above them."""

from typing import Any

from contracts.access import Actor, Role
from contracts.errors import Forbidden, NotSignedIn
from web.i18n import gettext as _
from web.pages.billing import words


def require_operator(actor: Actor) -> None:
    """Raise unless the person is an operator."""
    if actor.person_id is None:
        raise NotSignedIn("Sign in to see this.")
    if not actor.has_role(Role.OPERATOR):
        raise Forbidden("This page is for the platform's operators.")


def operator_context(tab: str, /, **values: Any) -> dict[str, Any]:
    """`values` with the vocabulary of money and the tabs, `tab` being the open one."""
    tabs = [
        ("overview", "/operator", _("Overview")),
        ("parties", "/operator/parties", _("Parties")),
        ("periods", "/operator/periods", _("Periods")),
        ("refunds", "/operator/refunds", _("Refunds")),
        ("statements", "/operator/statements", _("Settlement")),
        ("ledger", "/operator/ledger", _("Ledger")),
        ("jobs", "/operator/jobs", _("Jobs")),
        ("audit", "/operator/audit", _("Audit log")),
    ]
    shown = [{"label": label, "href": href, "current": name == tab} for name, href, label in tabs]
    return words.context(tabs=shown, **values)
