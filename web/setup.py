"""Setting up an empty city: database, organisations from a list, the first operator."""

import csv
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

from sqlmodel import Session

from catalog.parties import service as parties
from catalog.parties import sign_in
from catalog.parties.errors import OrganisationNotFound
from catalog.parties.models import Organisation
from contracts.access import SYSTEM, Role
from contracts.errors import FileRejected, ShuyiError
from contracts.kit.settings import Settings
from web import migrations
from web.context import Services

COLUMNS = ("slug", "name_zh", "name_en", "kind", "parent", "contact_email")


class SetupReport(TypedDict):
    """What `shuyi init` did."""

    city: str
    organisations_added: int
    organisations_known: int
    sign_in: str


def initialise(
    settings: Settings,
    *,
    operator_email: str,
    operator_name: str,
    city: dict[str, str],
    slug: str,
    departments: Path | None,
) -> SetupReport:
    """All or nothing, and harmless to repeat: what is there already is left as it is."""
    rows = read_departments(departments) if departments else []
    settings.home.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(settings.database)
    services = Services.from_settings(settings)
    added = known = 0
    try:
        with services.database.transaction() as session:
            top, is_new = _ensure(session, slug, "city", city, None, None)
            for line, row in rows:
                try:
                    parent = parties.get_organisation(session, row["parent"] or slug)
                    name = {"zh-CN": row["name_zh"], **({"en": row["name_en"]} if row["name_en"] else {})}
                    _, new = _ensure(session, row["slug"], row["kind"], name, parent.id, row["contact_email"] or None)
                except ShuyiError as error:
                    raise FileRejected(f"Line {line} of the list: {error.detail}", place=f"line {line}") from error
                added, known = added + new, known + (not new)
            person = parties.person_by_email(session, operator_email) or parties.create_person(
                session, SYSTEM, email=operator_email, name=operator_name
            )
            parties.grant(session, SYSTEM, person.id, top.id, Role.OPERATOR)
            token = sign_in.one_time_link(session, person.id, "sign_in", valid=timedelta(days=1))
    finally:
        services.close()
    return {
        "city": slug,
        "organisations_added": added + is_new,
        "organisations_known": known + (not is_new),
        "sign_in": f"{settings.base_url}/account/link?token={token}",
    }


def _ensure(
    session: Session, slug: str, kind: str, name: dict[str, str], parent_id: str | None, contact_email: str | None
) -> tuple[Organisation, bool]:
    try:
        return parties.get_organisation(session, slug), False
    except OrganisationNotFound:
        created = parties.create_organisation(
            session,
            SYSTEM,
            kind="city" if kind == "city" else "district" if kind == "district" else "department",
            slug=slug,
            name=name,
            parent_id=parent_id,
            contact_email=contact_email,
        )
        return created, True


def read_departments(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of the list with their line numbers; `FileRejected` names the line that is wrong."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [column for column in ("slug", "name_zh", "kind") if column not in (reader.fieldnames or [])]
            if missing:
                raise FileRejected(f"The list has no column {missing[0]}; it needs {', '.join(COLUMNS)}.")
            rows = [
                (reader.line_num, {column: (row.get(column) or "").strip() for column in COLUMNS}) for row in reader
            ]
    except UnicodeDecodeError as error:
        raise FileRejected("The list is not UTF-8; save it as CSV UTF-8.") from error
    for line, row in rows:
        if row["kind"] not in ("district", "department"):
            raise FileRejected(f"Line {line} of the list: kind must be district or department.", place=f"line {line}")
    return rows
