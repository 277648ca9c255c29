"""The people and organisations of the demo city. Every step leaves alone what is there already."""

from dataclasses import dataclass
from datetime import timedelta

from sqlmodel import Session

from catalog.parties import service as parties
from catalog.parties import sign_in
from catalog.parties.errors import OrganisationNotFound
from catalog.parties.models import Organisation, OrganisationKind
from contracts.access import SYSTEM, Actor, Role
from web.demo import STARTUP_SLUG
from web.demo.city import CityPlan

LINK_DAYS = 1


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody of the cast: how they are called, and what they are at which organisation."""

    key: str
    name: str
    role: Role
    title: dict[str, str]

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


STARTUP = Part("startup", "何启明", Role.OWNER, {"zh-CN": "创业公司", "en": "Startup"})
DEVELOPER = Part("developer", "林晓峰", Role.DEVELOPER, {"zh-CN": "开发者", "en": "Developer"})
OFFICER = Part("officer", "陈静怡", Role.DATA_OFFICER, {"zh-CN": "数据专员一", "en": "Data officer 1"})
SECOND_OFFICER = Part("officer2", "李文博", Role.DATA_OFFICER, {"zh-CN": "数据专员二", "en": "Data officer 2"})
PROVIDER = Part("provider", "周海燕", Role.PROVIDER, {"zh-CN": "数据提供方", "en": "Provider"})
OPERATOR = Part("operator", "吴志强", Role.OPERATOR, {"zh-CN": "平台运营", "en": "Operator"})
CAST = (STARTUP, DEVELOPER, OFFICER, SECOND_OFFICER, PROVIDER, OPERATOR)


def organisation(session: Session, slug: str) -> Organisation | None:
    """The organisation under a short name, or None."""
    try:
        return parties.get_organisation(session, slug)
    except OrganisationNotFound:
        return None


def _ensure(
    session: Session, kind: OrganisationKind, slug: str, name: dict[str, str], parent: Organisation | None = None
) -> Organisation:
    return organisation(session, slug) or parties.create_organisation(
        session, SYSTEM, kind=kind, slug=slug, name=name, parent_id=parent.id if parent else None
    )


def gather(session: Session, city: CityPlan) -> None:
    """Create the city, its districts and departments, the startup, and everybody in their roles."""
    top = _ensure(session, "city", city.slug, city.name)
    districts = {plan.code: _ensure(session, "district", plan.slug, plan.name, top) for plan in city.districts}
    departments = [
        _ensure(session, "department", plan.code, plan.name, districts[plan.district]) for plan in city.departments
    ]
    startup = _ensure(session, "company", STARTUP_SLUG, {"zh-CN": "南山云图科技", "en": "Nanshan Cloudmap"})
    places = (
        (STARTUP, [startup]),
        (DEVELOPER, [startup]),
        (OFFICER, [top]),
        (SECOND_OFFICER, [top]),
        (PROVIDER, departments),
        (OPERATOR, [top]),
    )
    for part, organisations in places:
        person = parties.person_by_email(session, part.email) or parties.create_person(
            session, SYSTEM, email=part.email, name=part.name
        )
        for place in organisations:
            parties.grant(session, SYSTEM, person.id, place.id, part.role)


def actor(session: Session, part: Part) -> Actor:
    """Somebody of the cast, acting."""
    person = parties.person_by_email(session, part.email)
    if person is None:
        raise LookupError(f"{part.key} has not been cast yet")
    return parties.actor_for(session, person.id)


def sign_in_links(session: Session, base_url: str) -> dict[str, str]:
    """A fresh one-time link for each of the cast, by key; each works for a day."""
    links: dict[str, str] = {}
    for part in CAST:
        person = parties.person_by_email(session, part.email)
        if person is not None:
            token = sign_in.one_time_link(session, person.id, "sign_in", valid=timedelta(days=LINK_DAYS))
            links[part.key] = f"{base_url}/account/link?token={token}"
    return links
