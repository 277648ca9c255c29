"""Organisations and people for tests: a small city with one of everybody."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, SQLModel, select

from catalog.parties import service as parties
from catalog.parties.models import Organisation, Person
from contracts.access import SYSTEM, Actor, Role

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class City:
    """Ids of a small city; `actor(session, "officer")` gives somebody of it."""

    city: Organisation
    district: Organisation
    department: Organisation
    company: Organisation
    people: dict[str, Person]

    def actor(self, session: Session, who: str) -> Actor:
        return parties.actor_for(session, self.people[who].id)


PLACES = ("city", "district", "department", "company")
ROLES = {
    "operator": ("city", Role.OPERATOR),
    "officer": ("city", Role.DATA_OFFICER),
    "second_officer": ("city", Role.DATA_OFFICER),
    "provider": ("department", Role.PROVIDER),
    "owner": ("company", Role.OWNER),
    "developer": ("company", Role.DEVELOPER),
}


_rows: dict[frozenset[str], tuple[dict[str, str], list[tuple[sa.Table, list[dict[str, Any]]]]]] = {}
"""By the tables known: the ids of the first city of this process, and all that it left in a database."""


def make_city(session: Session) -> City:
    """A city with a district, a department in it, a company, and one person in each role.

    The first of a process is made by the services; a later one in an empty SQLite gets the same rows, which is ten
    times quicker and would else be a good part of the tests' time.
    """
    tables = frozenset(SQLModel.metadata.tables)
    copied = session.get_bind().dialect.name == "sqlite" and session.exec(select(Organisation.id)).first() is None
    if copied and tables in _rows:
        ids, left = _rows[tables]
        for table, rows in left:
            session.connection().execute(table.insert(), rows)
        return _city(session, ids)
    city = _make_city(session)
    session.flush()
    if copied:
        ids = {place: getattr(city, place).id for place in PLACES} | {who: p.id for who, p in city.people.items()}
        found = [
            (table, [dict(row) for row in session.connection().execute(table.select()).mappings()])
            for table in SQLModel.metadata.sorted_tables
        ]
        _rows[tables] = ids, [(table, rows) for table, rows in found if rows]
    return city


def _city(session: Session, ids: dict[str, str]) -> City:
    places = [session.get_one(Organisation, ids[place]) for place in PLACES]
    return City(*places, people={who: session.get_one(Person, ids[who]) for who in ROLES})


def _make_city(session: Session) -> City:
    city = parties.create_organisation(
        session, SYSTEM, kind="city", slug="shenzhen", name={"zh-CN": "深圳市", "en": "Shenzhen"}
    )
    district = parties.create_organisation(
        session, SYSTEM, kind="district", slug="futian", name={"zh-CN": "福田区", "en": "Futian"}, parent_id=city.id
    )
    department = parties.create_organisation(
        session,
        SYSTEM,
        kind="department",
        slug="futian-transport",
        name={"zh-CN": "福田区交通局", "en": "Futian Transport"},
        parent_id=district.id,
    )
    company = parties.create_organisation(
        session, SYSTEM, kind="company", slug="cloud-map", name={"zh-CN": "云图科技", "en": "Cloud Map"}
    )
    at = {"city": city, "department": department, "company": company}
    people: dict[str, Person] = {}
    for who, (place, role) in ROLES.items():
        people[who] = parties.create_person(
            session, SYSTEM, email=f"{who}@example.com", name=who.replace("_", " ").title(), password=None
        )
        parties.grant(session, SYSTEM, people[who].id, at[place].id, role)
    return City(city, district, department, company, people)
