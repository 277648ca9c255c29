"""Webhooks that come in. Stripe's are verified, kept once, and followed by the worker."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from contracts.errors import TooLarge
from marketplace.payments import service as payments
from marketplace.payments.provider import Provider
from web.context import Services

router = APIRouter(prefix="/stripe", tags=["webhooks"])

MAX_BYTES = 512 * 1024


@router.post("/webhook", status_code=204, summary="Take a webhook from Stripe", include_in_schema=False)
async def stripe(request: Request) -> Response:
    """204 once the event is stored, also when it was stored before; 400 when its signature does not hold."""
    payload = b""
    async for chunk in request.stream():
        payload += chunk
        if len(payload) > MAX_BYTES:
            raise TooLarge("A webhook is at most 512 KiB.")
    await run_in_threadpool(_receive, request.app.state.services, payload, request.headers.get("stripe-signature", ""))
    return Response(status_code=204)


def _receive(services: Services, payload: bytes, signature: str) -> None:
    notification = Provider.from_settings(services.settings).read_webhook(payload, signature)
    with services.database.transaction() as session:
        payments.receive(session, notification)
