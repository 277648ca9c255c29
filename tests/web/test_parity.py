"""What a page can do, the management API can do too: each form's address has its counterpart, or a reason for none."""

from collections.abc import Iterable, Iterator
from typing import Any

from contracts.kit.settings import Settings
from web.app import create_app

IN_BROWSER = "a browser's own session; programs use access tokens"
COUNTERPARTS = {
    "/account/forgot": "POST /api/v1/password-resets",
    "/account/join": "POST /api/v1/invitations/accept",
    "/account/link": "POST /api/v1/sign-in-links/use",
    "/account/members/{organisation_id}/invitations/{invitation_id}/revoke": (
        "DELETE /api/v1/invitations/{invitation_id}"
    ),
    "/account/members/{organisation_id}/invite": "POST /api/v1/organisations/{organisation_id}/invitations",
    "/account/members/{organisation_id}/{membership_id}/revoke": "DELETE /api/v1/memberships/{membership_id}",
    "/account/notices/{notice_id}": "POST /api/v1/me/notices/{notice_id}/read",
    "/account/reset": "POST /api/v1/password-resets/use",
    "/account/tokens": "POST /api/v1/me/tokens",
    "/account/tokens/{token_id}/revoke": "DELETE /api/v1/me/tokens/{token_id}",
    "/billing/invoices/{invoice_id}/pay": "POST /api/v1/invoices/{invoice_id}/payments",
    "/billing/invoices/{invoice_id}/refund": "POST /api/v1/invoices/{invoice_id}/refunds",
    "/billing/subscriptions/{subscription_id}/cancel": "POST /api/v1/subscriptions/{subscription_id}/cancel",
    "/billing/subscriptions/{subscription_id}/keep": "POST /api/v1/subscriptions/{subscription_id}/keep",
    "/developer/keys/{id}/revoke": "DELETE /api/v1/keys/{id}",
    "/developer/keys/{id}/networks": "PATCH /api/v1/keys/{id}",
    "/developer/keys/{id}/rotate": "POST /api/v1/keys/{id}/rotate",
    "/developer/leaked": "POST /api/v1/keys/leaked",
    "/developer/subscriptions/{id}/keys": "POST /api/v1/subscriptions/{id}/keys",
    "/officer/requests/{request_id}/comments": "POST /api/v1/requests/{id_or_number}/comments",
    "/officer/requests/{request_id}/decision": "POST /api/v1/requests/{id_or_number}/decisions",
    "/officer/requests/{request_id}/findings/column": "POST /api/v1/requests/{id_or_number}/findings/columns",
    "/officer/requests/{request_id}/findings/reveal": "POST /api/v1/requests/{id_or_number}/findings/reveal",
    "/officer/requests/{request_id}/findings/texts": "POST /api/v1/requests/{id_or_number}/findings/texts",
    "/officer/requests/{request_id}/findings/{correction_id}/undo": "POST /api/v1/corrections/{correction_id}/undo",
    "/officer/requests/{request_id}/reveal": "POST /api/v1/uploads/{upload_id}/reveal",
    "/operator/jobs/{failure_id}/retry": "POST /api/v1/jobs/failures/{failure_id}/retry",
    "/operator/parties": "POST /api/v1/organisations",
    "/operator/periods/{period_id}/close": "POST /api/v1/periods/{period}/close",
    "/operator/refunds/{refund_id}": "POST /api/v1/refunds/{refund_id}/decision",
    "/provider/datasets/new": "POST /api/v1/datasets",
    "/provider/datasets/{dataset_id}/edit": "PATCH /api/v1/datasets/{id_or_slug}",
    "/provider/datasets/{dataset_id}/offering/list": "POST /api/v1/offerings/{offering_id}/list",
    "/provider/datasets/{dataset_id}/offering/plans": "POST /api/v1/offerings/{offering_id}/plans",
    "/provider/datasets/{dataset_id}/offering/plans/{plan_id}/retire": "POST /api/v1/plans/{plan_id}/retire",
    "/provider/datasets/{dataset_id}/offering/retire": "POST /api/v1/offerings/{offering_id}/retire",
    "/provider/datasets/{dataset_id}/upload": "POST /api/v1/datasets/{dataset_id}/uploads",
    "/provider/releases/{release_id}/withdraw": "POST /api/v1/releases/{release_id}/withdraw",
    "/provider/requests/{request_id}/cancel": "POST /api/v1/requests/{id_or_number}/cancel",
    "/provider/requests/{request_id}/comments": "POST /api/v1/requests/{id_or_number}/comments",
    "/provider/uploads/{upload_id}/destroy": "DELETE /api/v1/uploads/{upload_id}",
    "/provider/uploads/{upload_id}/format": "POST /api/v1/uploads/{upload_id}/corrections",
    "/provider/uploads/{upload_id}/policy": "PUT /api/v1/uploads/{upload_id}/policy",
    "/provider/uploads/{upload_id}/policy/effect": "POST /api/v1/uploads/{upload_id}/effect",
    "/provider/uploads/{upload_id}/policy/yaml": "PUT /api/v1/uploads/{upload_id}/policy",
    "/provider/uploads/{upload_id}/submit": "POST /api/v1/requests",
    "/settlement/statements/{statement_id}/pay-out": "POST /api/v1/settlement/statements/{statement}/payouts",
    "/sign-in": "POST /api/v1/tokens",
    "/sign-in/link": "POST /api/v1/sign-in-links",
    "/sign-up": "POST /api/v1/sign-up",
    "/subscribe/orders/{order_id}/agreement": "POST /api/v1/subscriptions",
    "/subscribe/orders/{order_id}/check": "POST /api/v1/subscriptions",
    "/subscribe/orders/{order_id}/done": "POST /api/v1/subscriptions/{id}/keys",
    "/subscribe/orders/{order_id}/pay": "POST /api/v1/invoices/{invoice_id}/payments",
    "/subscribe/orders/{order_id}/use": "POST /api/v1/subscriptions",
    "/subscribe/{offering_id}": "POST /api/v1/subscriptions",
}
WITHOUT = {"/sign-out": IN_BROWSER}


def routes(found: Iterable[Any]) -> Iterator[tuple[str, str]]:
    """Method and address of every route, however deep its router lies."""
    for route in found:
        inner = getattr(route, "original_router", route)
        if methods := getattr(route, "methods", None):
            yield from ((method, route.path) for method in methods)
        else:
            yield from routes(getattr(inner, "routes", None) or ())


def test_every_form_has_its_counterpart(settings: Settings) -> None:
    known = set(routes(create_app(settings).routes))
    ours = ("/api", "/data", "/stripe")
    forms = {path for method, path in known if method == "POST" and not path.startswith(ours)}
    assert forms == COUNTERPARTS.keys() | WITHOUT.keys()
    missing = {form: there for form, there in COUNTERPARTS.items() if tuple(there.split()) not in known}
    assert not missing
