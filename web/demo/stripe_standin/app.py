"""The stand-in's HTTP face: the part of Stripe's API that this product uses, and the page of a payer's bank."""

import json
import re
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from marketplace.payments.config import is_live
from marketplace.payments.provider import API_VERSION
from web.demo.stripe_standin import objects
from web.demo.stripe_standin.objects import Object
from web.demo.stripe_standin.rules import Bank, StripeFailure, invalid
from web.demo.stripe_standin.storage import Storage

_KNOWN: dict[str, set[str]] = {
    "customers": {"name", "email", "description", "phone", "metadata"},
    "payment_intents": {
        "amount", "currency", "customer", "payment_method", "confirm", "description", "return_url",
        "automatic_payment_methods", "metadata",
    },
    "confirm": {"payment_method", "return_url"},
    "cancel": {"cancellation_reason"},
    "refunds": {"payment_intent", "amount", "metadata"},
    "accounts": {"country", "email", "controller", "capabilities", "business_profile", "metadata"},
    "transfers": {"amount", "currency", "destination", "description", "transfer_group", "metadata"},
}  # fmt: skip
_FILTERS = {
    "payment_intents": ("payment_intent", "customer"),
    "refunds": ("refund", "payment_intent"),
    "transfers": ("transfer", "transfer_group"),
}
_SINGULAR = {
    "customers": "customer",
    "payment_intents": "payment_intent",
    "refunds": "refund",
    "accounts": "account",
    "transfers": "transfer",
    "events": "event",
}


def create_app(storage_path: Path, *, public_url: str) -> FastAPI:
    """The stand-in over one file. `public_url` is where a payer's browser reaches it."""
    storage = Storage(storage_path)
    bank = Bank(storage, public_url, API_VERSION)
    app = FastAPI(title="Stand-in for Stripe (test mode)", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.storage = storage

    def write(request: Request, body: bytes, name: str, act: Callable[[Object], Object]) -> Response:
        """Run one POST in one transaction, or repeat the answer given under its idempotency key."""
        key, path = request.headers.get("idempotency-key"), request.url.path
        params = parse_form(body.decode())
        canonical = json.dumps(params, sort_keys=True)
        try:
            with storage.transaction():
                if key and (before := storage.answered(key)):
                    if before[:2] != (path, canonical):
                        message = "Keys for idempotent requests can only be used with the same parameters."
                        raise StripeFailure(400, "idempotency_error", None, message)
                    return JSONResponse(before[3], before[2], {"Idempotent-Replayed": "true"})
                bank.key = key
                try:
                    status, answer = 200, _checked(name, params, act)
                except StripeFailure as failure:
                    if not failure.kept:
                        raise  # out of the transaction, so that nothing half-done stays
                    status, answer = failure.status, failure.body
                if key:
                    storage.remember(key, path, canonical, status, answer)
        except StripeFailure as failure:
            return _failure(failure)
        return JSONResponse(answer, status)

    @app.middleware("http")
    async def authenticate(request: Request, call_next: Callable[[Request], Any]) -> Response:
        if request.url.path.startswith("/v1/"):
            scheme, _, key = request.headers.get("authorization", "").partition(" ")
            if is_live(key):
                return _failure(StripeFailure(401, "invalid_request_error", None, "This is a stand-in: no live keys."))
            if scheme.lower() != "bearer" or not key.startswith("sk_test_"):
                return _failure(StripeFailure(401, "invalid_request_error", None, "Invalid API Key provided."))
        answer: Response = await call_next(request)
        answer.headers["Request-Id"] = objects.new_id("req")
        return answer

    creators: dict[str, Callable[[Object], Object]] = {
        "customers": bank.create_customer,
        "payment_intents": bank.create_intent,
        "refunds": bank.create_refund,
        "accounts": bank.create_account,
        "transfers": bank.create_transfer,
    }

    @app.post("/v1/payment_intents/{intent_id}/{verb}")
    async def move_intent(request: Request, intent_id: str, verb: str) -> Response:
        verbs = {"confirm": bank.confirm_intent, "cancel": bank.cancel_intent}
        if verb not in verbs:
            return _unknown(request)

        def act(params: Object) -> Object:
            return verbs[verb](bank.find("payment_intent", intent_id), params)

        return await run_in_threadpool(write, request, await request.body(), verb, act)

    @app.post("/v1/{resource}")
    async def create(request: Request, resource: str) -> Response:
        if resource not in creators:
            return _unknown(request)
        return await run_in_threadpool(write, request, await request.body(), resource, creators[resource])

    @app.get("/v1/payment_methods/{method_id}")
    def method(method_id: str) -> Response:
        return _answer(lambda: bank.find_method(method_id))

    @app.get("/v1/balance")
    def balance() -> Response:
        amount = {"amount": bank.available("cny"), "currency": "cny", "source_types": {"card": bank.available("cny")}}
        return JSONResponse(
            {
                "object": "balance",
                "available": [amount],
                "connect_reserved": [{"amount": 0, "currency": "cny"}],
                "livemode": False,
                "pending": [{"amount": 0, "currency": "cny", "source_types": {"card": 0}}],
            }
        )

    @app.get("/v1/{resource}/{object_id}")
    def show(request: Request, resource: str, object_id: str) -> Response:
        if resource not in _SINGULAR:
            return _unknown(request)
        return _answer(lambda: bank.find(_SINGULAR[resource], object_id))

    @app.get("/v1/{resource}")
    def page(request: Request, resource: str) -> Response:
        if resource not in _FILTERS:
            return _unknown(request)
        kind, by = _FILTERS[resource]
        return _answer(lambda: _page(storage.all(kind), by, request))

    @app.get("/test/bank/{intent_id}", response_class=HTMLResponse)
    def bank_page(intent_id: str) -> Response:
        intent = storage.get("payment_intent", intent_id)
        if intent is None:
            return HTMLResponse("<p>There is no such payment.</p>", 404)
        return HTMLResponse(_bank_page(intent), headers=_PAGE_HEADERS)

    @app.post("/test/bank/{intent_id}")
    async def bank_answer(request: Request, intent_id: str) -> Response:
        answer = dict(parse_qsl((await request.body()).decode())).get("answer")
        return await run_in_threadpool(_answered, bank, intent_id, answer == "confirm")

    return app


def parse_form(body: str) -> Object:
    """Stripe's form encoding: `metadata[a]=b` is a map, `expand[0]=x` a list."""
    parsed: Object = {}
    for name, value in parse_qsl(body, keep_blank_values=True):
        parts = [part for part in re.split(r"[\[\]]+", name) if part]
        place = parsed
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return parsed


def _checked(name: str, params: Object, act: Callable[[Object], Object]) -> Object:
    if unknown := sorted(set(params) - _KNOWN[name]):
        raise invalid(f"Received unknown parameter: {unknown[0]}", "parameter_unknown", unknown[0])
    return act(params)


def _page(items: list[Object], by: str, request: Request) -> Object:
    query = parse_form(request.url.query)
    if by in query:
        items = [item for item in items if item[by] == query[by]]
    if since := query.get("created", {}).get("gte"):
        items = [item for item in items if item["created"] >= int(since)]
    if after := query.get("starting_after"):
        ids = [item["id"] for item in items]
        items = items[ids.index(after) + 1 :] if after in ids else []
    limit = min(int(query.get("limit", 10)), 100)
    return objects.listing(request.url.path, items[:limit], len(items) > limit)


def _answer(find: Callable[[], Object]) -> Response:
    try:
        return JSONResponse(find())
    except StripeFailure as failure:
        return _failure(failure)


def _failure(failure: StripeFailure) -> Response:
    return JSONResponse(failure.body, failure.status)


def _unknown(request: Request) -> Response:
    return _failure(invalid(f"Unrecognized request URL ({request.method}: {request.url.path}).", status=404))


_PAGE_HEADERS = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}


def _bank_page(intent: Object) -> str:
    amount = f"{intent['currency'].upper()} {intent['amount'] / 100:,.2f}"
    if intent["status"] != "requires_action":
        return _html(f"<p>This payment is {escape(intent['status'])}. 这笔支付已经结束。</p>")
    return _html(
        f"<p>Confirm the payment of {amount}? No real money moves.</p>"
        f"<p lang='zh-CN'>是否确认支付{amount}？测试模式，不会真的扣款。</p>"
        "<form method='post'><p><button name='answer' value='confirm'>Confirm 确认</button> "
        "<button name='answer' value='refuse'>Refuse 拒绝</button></p></form>"
    )


def _html(body: str) -> str:
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'><title>Test bank</title></head>"
        f"<body><main><h1>Test bank 测试银行</h1>{body}</main></body></html>"
    )


def _answered(bank: Bank, intent_id: str, approved: bool) -> Response:
    bank.key = None
    with bank.storage.transaction():
        intent = bank.storage.get("payment_intent", intent_id)
        if intent is None:
            return HTMLResponse("<p>There is no such payment.</p>", 404)
        action = intent["next_action"]
        intent = bank.authenticate(intent, approved)
    if action is None:
        return HTMLResponse(_bank_page(intent), headers=_PAGE_HEADERS)
    parts = urlsplit(action["redirect_to_url"]["return_url"])
    query = [*parse_qsl(parts.query), ("payment_intent", intent["id"])]
    return RedirectResponse(urlunsplit(parts._replace(query=urlencode(query))), 303)
