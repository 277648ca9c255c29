"""Organisations and people for tests: a small city with one of everybody."""

from dataclasses import dataclass

from sqlmodel import Session

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


ROLES = {
    "operator": ("city", Role.OPERATOR),
    "officer": ("city", Role.DATA_OFFICER),
    "second_officer": ("city", Role.DATA_OFFICER),
    "provider": ("department", Role.PROVIDER),
    "owner": ("company", Role.OWNER),
    "developer": ("company", Role.DEVELOPER),
}


def make_city(session: Session) -> City:
    """A city with a district, a department in it, a company, and one person in each role."""
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
