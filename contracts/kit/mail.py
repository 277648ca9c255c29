"""Mail: queued in the caller's transaction, sent by the worker through SMTP, or written as `.eml` files.

A queued mail keeps its text only until it is sent, because it may carry a link that signs someone in.
"""

import os
import smtplib
import ssl
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import sqlalchemy as sa
from sqlmodel import Field, Session, SQLModel

from contracts import clock
from contracts.errors import InvalidInput, Unavailable
from contracts.events import Event
from contracts.ids import new_id
from contracts.kit.database import UtcDateTime
from contracts.kit.jobs import JobContext, Registry
from contracts.kit.outbox import emit
from contracts.kit.settings import Settings


class Mail(SQLModel, table=True):
    """One mail. `queued_at`: when it was asked for; `sent_at`: when the server took it, from then on without text."""

    __tablename__ = "kit_mail"

    id: str = Field(default_factory=new_id, primary_key=True, max_length=36)
    to_address: str = Field(max_length=320)
    subject: str = Field(max_length=200)
    body: str = Field(sa_type=sa.Text)
    html: str = Field(default="", sa_type=sa.Text)
    queued_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def send(session: Session, to: str, subject: str, body: str, *, html: str = "") -> Mail:
    """Queue one mail to one address, as plain text and, where given, HTML too. Raises InvalidInput when the address
    or the subject could not stand in a header."""
    try:
        Address(addr_spec=to)
    except (ValueError, IndexError, HeaderParseError):
        raise InvalidInput.at("email", "This is not an e-mail address.") from None
    if any(character in subject for character in "\r\n\0"):
        raise InvalidInput.at("subject", "A subject is one line.")
    mail = Mail(to_address=to, subject=subject[:200], body=body, html=html)
    session.add(mail)
    session.flush()
    emit(session, Event.MAIL_QUEUED, mail_id=mail.id)
    return mail


def register(registry: Registry) -> None:
    """Have queued mail sent by the worker."""
    registry.on(Event.MAIL_QUEUED, "mail.deliver")(deliver)


def deliver(context: JobContext, payload: dict[str, str]) -> None:
    """Job: hand the mail over. Run twice after a crash it carries the same Message-ID, which receivers know it by."""
    with context.database.reading() as session:
        mail = session.get(Mail, payload["mail_id"])
    if mail is None or mail.sent_at is not None:
        return
    context.step("hand over", _hand_over, mail, context.settings)
    with context.database.transaction() as session:
        sent = session.get(Mail, mail.id, with_for_update=True)
        if sent is not None and sent.sent_at is None:
            sent.sent_at, sent.body, sent.html = clock.now(), "", ""
            session.add(sent)


def _message(mail: Mail, settings: Settings) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    domain = settings.mail_from.rpartition("@")[2]
    message["From"], message["To"], message["Subject"] = settings.mail_from, mail.to_address, mail.subject
    message["Date"] = format_datetime(mail.queued_at)
    message["Message-ID"] = f"<{mail.id}@{domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    return message


def _hand_over(mail: Mail, settings: Settings) -> None:
    message = _message(mail, settings)
    if settings.mail:
        _send_smtp(message, settings.mail)
    else:
        _write_file(message, settings.home / "mail", mail)


def _write_file(message: EmailMessage, folder: Path, mail: Mail) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own: what a process that died here left is written over when the mail is tried again.
    part = folder / f".{mail.id}.part"
    with open(part, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(message.as_bytes())
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, folder / f"{mail.queued_at:%Y%m%dT%H%M%S}-{mail.id}.eml")


def _send_smtp(message: EmailMessage, url: str) -> None:
    """`smtp://user:pass@host:port?tls=true` (STARTTLS) or `smtps://…`. A server that is away or says "later" (4xx)
    raises Unavailable, so that the job is tried again; a refusal (5xx) raises InvalidInput."""
    parts = urlsplit(url)
    tls = parse_qs(parts.query).get("tls", ["false"])[-1] == "true"
    host = parts.hostname or "localhost"
    try:
        if parts.scheme == "smtps":
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                host, parts.port or 465, timeout=20, context=ssl.create_default_context()
            )
        else:
            client = smtplib.SMTP(host, parts.port or 25, timeout=20)
        with client:
            if tls:
                client.starttls(context=ssl.create_default_context())
            if parts.username:
                client.login(unquote(parts.username), unquote(parts.password or ""))
            client.send_message(message)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        codes = (
            [code for code, _ in error.recipients.values()]
            if isinstance(error, smtplib.SMTPRecipientsRefused)
            else [error.smtp_code]
        )
        if any(400 <= code < 500 for code in codes):
            raise Unavailable("The mail server asked to try again later.", retry_after=60) from None
        raise InvalidInput(f"The mail server refused the mail (code {codes[0]}).") from None
    except (OSError, smtplib.SMTPException):
        raise Unavailable("The mail server cannot be reached.", retry_after=30) from None
