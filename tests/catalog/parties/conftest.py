"""Mail as it would be sent."""

import pytest

from catalog.parties import service, sign_in


@pytest.fixture
def sent_mail(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """Recipient, subject, body of every mail queued."""
    sent: list[tuple[str, str, str]] = []

    def send(_session: object, to: str, subject: str, body: str) -> None:
        sent.append((to, subject, body))

    monkeypatch.setattr(service.mail, "send", send)
    monkeypatch.setattr(sign_in.mail, "send", send)
    return sent
