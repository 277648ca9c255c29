"""Settings from `SHUYI_*` environment variables or a `.env` file. README.md lists them all in one table."""

import base64
import contextlib
import os
import secrets
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every field is one `SHUYI_<NAME>` variable."""

    model_config = SettingsConfigDict(env_prefix="SHUYI_", env_file=".env", extra="ignore", frozen=True)

    home: Path = Field(
        default=Path("~/.shuyi"), description="Folder for the embedded database, objects, mail and caches."
    )
    database_url: str = Field(default="", description="SQLAlchemy URL; empty means SQLite under SHUYI_HOME.")
    object_store: str = Field(
        default="",
        description="Empty means a folder under SHUYI_HOME; `s3://KEY:SECRET@host:port/bucket?secure=false`.",
    )
    engine: Literal["embedded"] = Field(
        default="embedded", description="Where tables are worked on; this version has the embedded engine (Polars)."
    )
    master_key: SecretStr | None = Field(
        default=None,
        description="32 bytes in base64 that wrap every dataset key; empty: made once in SHUYI_HOME/master.key.",
    )
    host: str = Field(default="127.0.0.1", description="Address that `serve` listens on.")
    port: int = Field(default=8000, description="Port that `serve` listens on.", ge=0, le=65535)
    base_url: str = Field(
        default_factory=lambda data: f"http://{data.get('host')}:{data.get('port')}",
        description="Where people reach the site, used in links and mail; by default http://HOST:PORT.",
    )
    timezone: str = Field(default="Asia/Shanghai", description="Billing and quota periods are cut in this time zone.")
    mail: str = Field(
        default="", description="Empty: files under SHUYI_HOME/mail; `smtp://user:pass@host:port?tls=true`."
    )
    mail_from: str = Field(default="no-reply@shuyi.invalid", description="Sender address of mail.")
    stripe_api_key: SecretStr | None = Field(
        default=None, description="Secret key of the Stripe account; empty: test mode."
    )
    stripe_api_base: str = Field(
        default="", description="Another base URL for Stripe's API; empty with a live key: Stripe."
    )
    stripe_webhook_secret: SecretStr | None = Field(default=None, description="Signing secret of the Stripe webhook.")
    fee_ppm: int = Field(
        default=100_000, description="Platform fee on income, in parts per million.", ge=0, le=1_000_000
    )
    tax_ppm: int = Field(
        default=60_000, description="VAT contained in prices, in parts per million.", ge=0, le=1_000_000
    )
    currency: str = Field(default="CNY", description="Currency of prices and of the ledger.")
    max_upload_bytes: int = Field(default=2 * 1024**3, description="Largest file taken in.", gt=0)
    raw_retention_days: int = Field(
        default=180, description="Raw uploads are destroyed this many days after upload.", gt=0
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is logged."
    )
    log_format: Literal["console", "json"] = Field(default="json", description="How log lines are written.")
    open_rate_per_minute: int = Field(
        default=120, description="Calls a minute that one address may make to open data without a key.", gt=0
    )
    organisation_rate_per_minute: int = Field(
        default=1_000_000, description="Calls a minute that all keys of one organisation may make together.", gt=0
    )
    trusted_proxies: str = Field(
        default="", description="Addresses whose X-Forwarded-For is believed, comma separated."
    )

    @field_validator("home")
    @classmethod
    def _expand(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @cached_property
    def database(self) -> str:
        """The SQLAlchemy URL in force."""
        return self.database_url or f"sqlite:///{self.embedded_database}"

    @property
    def embedded_database(self) -> Path:
        """The file of the database where no setting names another."""
        return self.home / "shuyi.db"

    @cached_property
    def master_key_bytes(self) -> bytes:
        """The 32-byte master key; made and kept (mode 0600) under `home` when no setting gives one."""
        if self.master_key is not None:
            return _key_of(self.master_key.get_secret_value(), "SHUYI_MASTER_KEY")
        path = self.home / "master.key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            _make_key(path)
        return _key_of(path.read_bytes(), str(path))

    def derived_key(self, purpose: str) -> bytes:
        """A 32-byte key for one purpose, derived from the master key by HKDF (RFC 5869)."""
        return HKDF(SHA256(), 32, salt=None, info=f"shuyi:{purpose}".encode()).derive(self.master_key_bytes)


def _key_of(text: str | bytes, place: str) -> bytes:
    key = base64.b64decode(text)
    if len(key) != 32:
        raise ValueError(f"{place} must be 32 bytes in base64")
    return key


def _make_key(path: Path) -> None:
    """Make a key that is there whole or not at all: another process may start, or this one die, at any moment."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".master.key.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secrets.token_bytes(32)))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):  # another process was first, and its key is everybody's
            os.link(name, path)
    finally:
        os.unlink(name)
