"""Pages under /developer: subscriptions, usage, keys, console, reasons."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.responses import Response

from catalog.releases import service as releases
from contracts import clock
from contracts.access import Actor, Permission
from contracts.errors import Conflict, InvalidInput, NotFound
from contracts.kit.settings import Settings
from contracts.schema import DataContract
from marketplace.credentials import service as credentials
from marketplace.credentials.models import Key
from marketplace.credentials.secret import Mode
from marketplace.gateway.app import Gateway
from marketplace.gateway.callers import InPerson
from marketplace.gateway.calls import Call
from web import forms
from web.api.v1.usage import month_named, usage_csv
from web.dependencies import CurrentActor, Read, ServicesOf, SignedIn, Tx
from web.forms import field_errors
from web.i18n import gettext as _
from web.pages.developer import console, overview, why
from web.pages.developer.overview import Held
from web.rendering import render

router = APIRouter(prefix="/developer", include_in_schema=False)
Text = Annotated[str, Form()]


@router.get("")
def index(request: Request, session: Read, services: ServicesOf, actor: SignedIn, ended: bool = False) -> Response:
    found = overview.all_held(session, actor, ended=ended)
    quotas = {one.id: overview.quota(session, services.settings, one) for one in found}
    return render(request, "developer/index.html", subscriptions=found, quotas=quotas, ended=ended)


@router.get("/subscriptions/{id}")
def usage(
    request: Request, session: Read, services: ServicesOf, actor: SignedIn, id: str, month: str | None = None
) -> Response:
    one = overview.held(session, actor, id)
    return render(request, "developer/usage.html", **_usage(session, services.settings, one, month))


@router.get("/subscriptions/{id}/live")
def live(request: Request, session: Read, services: ServicesOf, actor: SignedIn, id: str) -> Response:
    """The part of the page that changes by itself, for htmx."""
    one = overview.held(session, actor, id)
    return render(request, "developer/_usage.html", **_usage(session, services.settings, one, None))


def _usage(session: Session, settings: Settings, one: Held, month: str | None) -> dict[str, Any]:
    start, end = month_named(month, settings.timezone)
    running = start <= clock.now() < end
    days = overview.daily(session, settings, one, start, end)
    earlier = clock.month_name(start - (end - start) / 2, settings.timezone)
    later = clock.month_name(end + (end - start) / 2, settings.timezone)
    return {
        "one": one,
        "tab": "usage",
        "quota": overview.quota(session, settings, one) if running else None,
        "days": days,
        "chart": overview.daily_chart(days, one, settings),
        "statuses": overview.statuses(session, one, start, end),
        "reasons": why.BY_CODE,
        "counted": why.COUNTED,
        "month": clock.month_name(start, settings.timezone),
        "earlier": earlier if one.subscription.created_at < start else None,
        "later": None if running or start > clock.now() else later,
        "running": running,
    }


@router.get("/subscriptions/{id}/usage.csv")
def usage_file(session: Read, services: ServicesOf, actor: SignedIn, id: str, month: str | None = None) -> Response:
    one = overview.held(session, actor, id)
    start, end = month_named(month, services.settings.timezone)
    name = f"usage-{one.dataset.slug}-{clock.month_name(start, services.settings.timezone)}.csv"
    return usage_csv(overview.daily(session, services.settings, one, start, end), name)


# ---------------------------------------------------------------- keys


@router.get("/subscriptions/{id}/keys")
def keys(request: Request, session: Read, actor: SignedIn, id: str) -> Response:
    one = overview.held(session, actor, id)
    return render(request, "developer/keys.html", **_keys(session, actor, one), values={}, errors={})


@router.post("/subscriptions/{id}/keys")
def create_key(
    request: Request,
    session: Tx,
    services: ServicesOf,
    actor: SignedIn,
    id: str,
    name: Text = "",
    mode: Text = "live",
    networks: Text = "",
) -> Response:
    one = overview.held(session, actor, id)
    chosen: Mode = "test" if mode == "test" else "live"
    try:
        allowed = _listed(networks)
        key, secret = credentials.create_key(session, actor, services.settings, id, name, chosen, networks=allowed)
    except (InvalidInput, Conflict) as error:
        values = {"name": name, "mode": chosen, "networks": networks}
        return forms.again(request, "developer/keys.html", error, values, **_keys(session, actor, one))
    return _shown_once(request, session, actor, one, key, secret, _("The key “%(name)s” is ready", name=key.name))


@router.get("/keys/{id}/rotate")
def rotate_page(request: Request, session: Read, actor: SignedIn, id: str) -> Response:
    key = credentials.get(session, actor, id)
    return render(request, "developer/rotate.html", key=key, one=overview.held(session, actor, key.subscription_id))


@router.post("/keys/{id}/rotate")
def rotate(request: Request, session: Tx, services: ServicesOf, actor: SignedIn, id: str) -> Response:
    key, secret = credentials.rotate(session, actor, services.settings, id)
    one = overview.held(session, actor, key.subscription_id)
    heading = _("“%(name)s” has a new key; the old one works for 24 more hours", name=key.name)
    return _shown_once(request, session, actor, one, key, secret, heading)


@router.get("/keys/{id}/networks")
def networks_page(request: Request, session: Read, actor: SignedIn, id: str) -> Response:
    key = credentials.get(session, actor, id)
    one = overview.held(session, actor, key.subscription_id)
    values = {"networks": "\n".join(key.networks)}
    return render(request, "developer/networks.html", key=key, one=one, values=values, errors={})


@router.post("/keys/{id}/networks")
def restrict(request: Request, session: Tx, actor: SignedIn, id: str, networks: Text = "") -> Response:
    try:
        key = credentials.restrict(session, actor, id, _listed(networks))
    except InvalidInput as error:
        key = credentials.get(session, actor, id)
        one = overview.held(session, actor, key.subscription_id)
        return forms.again(request, "developer/networks.html", error, {"networks": networks}, key=key, one=one)
    return RedirectResponse(f"/developer/subscriptions/{key.subscription_id}/keys#keys", 303)


def _listed(text: str) -> list[str]:
    """What was written into a field one a line, or with commas or spaces between."""
    return text.replace(",", " ").replace("，", " ").split()


@router.get("/keys/{id}/revoke")
def revoke_page(request: Request, session: Read, actor: SignedIn, id: str) -> Response:
    key = credentials.get(session, actor, id)
    return render(request, "developer/revoke.html", key=key, one=overview.held(session, actor, key.subscription_id))


@router.post("/keys/{id}/revoke")
def revoke(session: Tx, actor: SignedIn, id: str) -> Response:
    key = credentials.revoke(session, actor, id)
    return RedirectResponse(f"/developer/subscriptions/{key.subscription_id}/keys?revoked={key.id}#keys", 303)


def _keys(session: Session, actor: Actor, one: Held) -> dict[str, Any]:
    moment = clock.now()
    found = [(key, key.state(moment)) for key in credentials.keys_of(session, one.id)]
    return {
        "one": one,
        "tab": "keys",
        "active": [(key, state) for key, state in found if state in ("active", "expiring")],
        "stopped": [(key, state) for key, state in found if state in ("revoked", "expired")],
        "may_write": actor.may(Permission.CREDENTIAL_WRITE, one.subscription.organisation_id),
        "unused_since": {key.id: (moment - key.last_used_at).days if key.last_used_at else None for key, _ in found},
    }


def _shown_once(
    request: Request, session: Session, actor: Actor, one: Held, key: Key, secret: str, heading: str
) -> Response:
    base_url = request.app.state.services.settings.base_url
    first = console.read({"endpoint": "records", "limit": "2"})
    return render(
        request,
        "developer/key_made.html",
        headers={"Cache-Control": "no-store"},
        one=one,
        tab="keys",
        key=key,
        secret=secret,
        heading=heading,
        samples=console.samples(base_url, one.dataset.slug, first),
    )


# ---------------------------------------------------------------- console


@router.get("/subscriptions/{id}/console")
def try_it(request: Request, session: Read, services: ServicesOf, actor: SignedIn, id: str) -> Response:
    one = overview.held(session, actor, id)
    values = {name: value for name, value in request.query_params.multi_items() if len(value) <= 500}
    asked = console.read(values)
    release = releases.current_release(session, one.dataset.id)
    contract = DataContract.model_validate(release.contract) if release else DataContract(fields=[])
    answer = body = None
    if "endpoint" in values and release is not None:
        gateway: Gateway = request.app.state.gateway
        call = Call(
            dataset=one.dataset.slug,
            operation=asked.operation,
            caller=InPerson(actor, one.id, sandbox=True),
            parameters=asked.parameters,
            name=asked.name if asked.endpoint == "record" else "",
            instance=asked.path(one.dataset.slug),
        )
        answer = gateway.deliver(call)
        body = answer.read()
    return render(
        request,
        "developer/console.html",
        one=one,
        tab="console",
        release=release,
        asked=asked,
        endpoints=console.ENDPOINTS,
        operators=console.operators(contract),
        filters=range(1, console.FILTERS + 1),
        fields=console.fields(contract),
        columns=[field.name for field in contract.fields],
        samples=console.samples(services.settings.base_url, one.dataset.slug, asked),
        answer=answer,
        answer_size=len(body or b""),
        answer_body=console.shown(answer, body) if answer is not None and body is not None else "",
        answer_headers=console.headers(answer) if answer is not None else [],
    )


# ---------------------------------------------------------------- for everybody


@router.get("/why")
def reasons(request: Request) -> Response:
    return render(request, "developer/why.html", reasons=why.REASONS)


@router.get("/why/{code}")
def reason(request: Request, code: str) -> Response:
    found = why.BY_CODE.get(code)
    if found is None:
        raise NotFound("There is nothing at this address.")
    return render(request, "developer/reason.html", reason=found)


@router.get("/leaked")
def leaked_page(request: Request, done: Annotated[bool, Query()] = False) -> Response:
    return render(request, "developer/leaked.html", done=done, errors={})


@router.post("/leaked")
def leaked(request: Request, session: Tx, services: ServicesOf, actor: CurrentActor, secret: Text = "") -> Response:
    try:
        credentials.revoke_leaked(session, services.settings, actor, secret.strip())
    except NotFound as error:
        errors = {"secret": field_errors(error)[""]}
        return render(request, "developer/leaked.html", status_code=422, done=False, errors=errors)
    return RedirectResponse("/developer/leaked?done=true", 303)
