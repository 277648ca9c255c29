"""Mail: queued with the transaction, sent once by the worker, to a real SMTP server or into files."""

import email
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from sqlmodel import select

from contracts import clock
from contracts.errors import InvalidInput
from contracts.kit import mail
from contracts.kit.database import Database
from contracts.kit.jobs import JobRunner, Registry
from contracts.kit.mail import Mail
from contracts.kit.settings import Settings
from contracts.kit.store import FolderStore

Deliver = Callable[..., list[str]]


class Inbox:
    """What an SMTP server took, and what it is to answer next."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answers: list[str] = []
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # aiosmtpd calls it so
        if self.answers:
            return self.answers.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"p@ss", handled=False)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def smtp(inbox: Inbox) -> Iterator[str]:
    """A real SMTP server on this machine; its address as `SHUYI_MAIL` has it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        inbox, hostname="127.0.0.1", port=port, authenticator=inbox.authenticate, auth_require_tls=False
    )
    controller.start()
    yield f"127.0.0.1:{port}"
    controller.stop()


@pytest.fixture
def deliver(registry: Registry, database: Database, folder_store: FolderStore, settings: Settings) -> Deliver:
    mail.register(registry)

    def run(address: str = "") -> list[str]:
        chosen = settings.model_copy(update={"mail": address})
        summary = JobRunner(registry, database=database, store=folder_store, settings=chosen).run_until_idle()
        return summary.failed + summary.waiting

    return run


def queue(database: Database, subject: str = "登录链接", **extra: str) -> None:
    with database.transaction() as session:
        mail.send(session, "wang@example.cn", subject, "您好:\nhttps://site/sign-in?token=abc", **extra)


def kept(database: Database) -> Mail:
    with database.reading() as session:
        return session.exec(select(Mail)).one()


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def text(message: EmailMessage, kind: str = "plain") -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_without_a_server_mail_is_written_to_files(database: Database, settings: Settings, deliver: Deliver) -> None:
    queue(database, html="<p>您好</p>")
    assert deliver() == []
    (path,) = (settings.home / "mail").iterdir()
    message = parsed(path.read_bytes())
    assert path.suffix == ".eml"
    assert (message["To"], message["From"], message["Subject"]) == (
        "wang@example.cn",
        "no-reply@shuyi.invalid",
        "登录链接",
    )
    assert text(message) == "您好:\nhttps://site/sign-in?token=abc\n"
    assert text(message, "html") == "<p>您好</p>\n"


def test_mail_goes_to_the_smtp_server_once(database: Database, smtp: str, inbox: Inbox, deliver: Deliver) -> None:
    queue(database)
    assert deliver(f"smtp://user:p%40ss@{smtp}") == []
    assert deliver(f"smtp://user:p%40ss@{smtp}") == []
    (envelope,) = inbox.envelopes
    assert envelope.rcpt_tos == ["wang@example.cn"]
    assert inbox.logins == [(b"user", b"p@ss")]
    assert isinstance(envelope.content, bytes)
    message = parsed(envelope.content)
    assert message["Message-ID"] == f"<{kept(database).id}@shuyi.invalid>"
    assert text(message).startswith("您好")


def test_once_sent_its_text_is_forgotten(database: Database, deliver: Deliver) -> None:
    queue(database, html="<p>token=abc</p>")
    assert "token" in kept(database).body
    deliver()
    assert (kept(database).body, kept(database).html) == ("", "")
    assert kept(database).sent_at is not None


def test_a_server_that_says_later_is_asked_again(database: Database, smtp: str, inbox: Inbox, deliver: Deliver) -> None:
    inbox.answers = ["451 try again"]
    queue(database)
    assert deliver(f"smtp://{smtp}") == ["mail.deliver: Unavailable: The mail server asked to try again later."]
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert deliver(f"smtp://{smtp}") == []
    assert len(inbox.envelopes) == 1


def test_a_server_that_is_away_is_asked_again(database: Database, deliver: Deliver) -> None:
    queue(database)
    assert deliver("smtp://127.0.0.1:9") == ["mail.deliver: Unavailable: The mail server cannot be reached."]


def test_a_refusal_fails_the_job_without_telling_the_address(
    database: Database,
    smtp: str,
    inbox: Inbox,
    deliver: Deliver,
) -> None:
    inbox.answers = ["550 no such user wang@example.cn"]
    queue(database)
    assert deliver(f"smtp://{smtp}") == ["mail.deliver: InvalidInput: The mail server refused the mail (code 550)."]


def test_a_wrong_password_fails_the_job(database: Database, smtp: str, deliver: Deliver) -> None:
    queue(database)
    assert "code 535" in deliver(f"smtp://user:wrong@{smtp}")[0]


def test_a_server_without_encryption_is_not_used_where_it_is_required(
    database: Database, smtp: str, inbox: Inbox, deliver
) -> None:  # type: ignore[no-untyped-def]  # see the fixture
    queue(database)
    assert "Unavailable" in deliver(f"smtp://{smtp}?tls=true")[0]
    assert inbox.envelopes == []


@pytest.mark.parametrize("address", ["", "no-at", "a@b\nBcc: c@d", "a@b, c@d", "@b"])
def test_what_is_no_address_is_refused(database: Database, address: str) -> None:
    with database.transaction() as session, pytest.raises(InvalidInput, match="e-mail address"):
        mail.send(session, address, "subject", "body")


def test_a_subject_cannot_smuggle_headers(database: Database) -> None:
    with database.transaction() as session, pytest.raises(InvalidInput, match="one line"):
        mail.send(session, "a@example.cn", "hello\r\nBcc: c@example.cn", "body")
