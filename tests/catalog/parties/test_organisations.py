"""The tree of organisations and the roles people hold in it."""

from datetime import timedelta

import pytest

from catalog.parties import service as parties
from catalog.parties.errors import EmailTaken, LastOperator, LinkExpired, OrganisationNotFound, SlugTaken
from contracts import clock
from contracts.access import ANONYMOUS, SYSTEM, Permission, Role
from contracts.errors import Forbidden, InvalidInput, NotSignedIn
from contracts.kit.database import Database
from tests.factories.people import make_city


def test_a_role_counts_for_everything_below_its_organisation(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        officer = city.actor(session, "officer")
        assert officer.may(Permission.RELEASE_DECIDE, city.department.id)
        assert not officer.may(Permission.RELEASE_DECIDE, city.company.id)
        provider = city.actor(session, "provider")
        assert provider.may(Permission.CATALOG_WRITE, city.department.id)
        assert not provider.may(Permission.CATALOG_WRITE, city.district.id)


def test_the_tree_is_read_upwards_and_downwards(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        above = [found.slug for found in parties.ancestors(session, city.department.id)]
        assert above == ["futian", "shenzhen"]
        assert parties.descendant_ids(session, city.city.id) == {city.city.id, city.district.id, city.department.id}
        under = parties.list_organisations(session, under=city.district.id, kinds=("department",))
        assert [found.slug for found in under] == ["futian-transport"]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"slug": "Mit Leerzeichen"}, "#/slug"),
        ({"name": {"zh-CN": " "}}, "#/name"),
        ({"parent_id": None}, "#/parent_id"),
        ({"contact_email": "nobody"}, "#/email"),
    ],
)
def test_a_wrong_organisation_is_refused_at_its_field(
    database: Database, change: dict[str, object], pointer: str
) -> None:
    with database.transaction() as session:
        city = make_city(session)
        given = {"kind": "department", "slug": "water", "name": {"zh-CN": "水务局"}, "parent_id": city.city.id} | change
        with pytest.raises(InvalidInput) as caught:
            parties.create_organisation(session, SYSTEM, **given)  # type: ignore[arg-type]  # wrong on purpose
        assert caught.value.errors[0]["pointer"] == pointer


def test_a_short_name_is_given_once(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        with pytest.raises(SlugTaken):
            parties.create_organisation(
                session, SYSTEM, kind="department", slug="futian", name={"en": "x"}, parent_id=city.city.id
            )


def test_an_unknown_organisation_is_told(database: Database) -> None:
    with database.reading() as session, pytest.raises(OrganisationNotFound, match="nowhere"):
        parties.get_organisation(session, "nowhere")


def test_only_operators_add_organisations_and_people(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        for who in ("officer", "provider", "owner", "developer"):
            with pytest.raises(Forbidden):
                parties.create_person(session, city.actor(session, who), email="new@example.com", name="New")
        with pytest.raises(NotSignedIn):
            parties.create_person(session, ANONYMOUS, email="new@example.com", name="New")
        made = parties.create_person(session, city.actor(session, "operator"), email="New@Example.com", name="New")
        assert made.email == "new@example.com"


def test_an_owner_cannot_make_anybody_an_officer_or_provider(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        owner = city.actor(session, "owner")
        person = city.people["developer"]
        with pytest.raises(Forbidden):
            parties.grant(session, owner, person.id, city.department.id, Role.PROVIDER)
        with pytest.raises(Forbidden):
            parties.grant(session, owner, person.id, city.company.id, Role.PROVIDER)
        with pytest.raises(InvalidInput):
            parties.grant(session, SYSTEM, person.id, city.company.id, Role.DATA_OFFICER)


def test_a_revoked_role_ends_at_once_and_is_kept_as_history(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        operator = city.actor(session, "operator")
        ((membership, _),) = [
            found
            for found in parties.list_members(session, operator, city.department.id)
            if found[0].role == "provider"
        ]
        parties.revoke(session, operator, membership.id)
        session.flush()
        assert not city.actor(session, "provider").may(Permission.CATALOG_WRITE)
        assert membership.until_at is not None


def test_the_last_operator_stays(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        operator = city.actor(session, "operator")
        ((membership, _),) = [
            found for found in parties.list_members(session, operator, city.city.id) if found[0].role == "operator"
        ]
        with pytest.raises(LastOperator):
            parties.revoke(session, operator, membership.id)


def test_signing_up_makes_a_company_and_its_owner(database: Database) -> None:
    with database.transaction() as session:
        person, company = parties.sign_up_company(
            session, email="a@example.com", name="甲", password="long enough 1", company_name="深蓝数据"
        )
        owner = parties.actor_for(session, person.id)
        assert owner.may(Permission.SUBSCRIPTION_WRITE, company.id)
        assert company.name == {"zh-CN": "深蓝数据"}
        with pytest.raises(EmailTaken):
            parties.sign_up_company(
                session, email="A@example.com", name="乙", password="long enough 1", company_name="x"
            )


def _token(body: str) -> str:
    return body.split("token=")[1].split(maxsplit=1)[0]


def test_an_invitation_is_mailed_and_accepted_once(database: Database, sent_mail: "list[tuple[str, str, str]]") -> None:
    with database.transaction() as session:
        city = make_city(session)
        owner = city.actor(session, "owner")
        parties.invite(
            session,
            owner,
            organisation_id=city.company.id,
            email="new@example.com",
            role=Role.DEVELOPER,
            base_url="http://x",
        )
    recipient, _, body = sent_mail[0]
    assert recipient == "new@example.com"
    with database.transaction() as session:
        joined = parties.accept_invitation(session, _token(body), name="新人", password="long enough 1")
        assert parties.actor_for(session, joined.id).may(Permission.CREDENTIAL_WRITE, city.company.id)
        with pytest.raises(LinkExpired):
            parties.accept_invitation(session, _token(body), name="新人", password="long enough 1")


def test_an_invitation_ends_after_a_week_or_when_withdrawn(
    database: Database, sent_mail: "list[tuple[str, str, str]]"
) -> None:
    with database.transaction() as session:
        city = make_city(session)
        owner = city.actor(session, "owner")
        for address in ("one@example.com", "two@example.com"):
            parties.invite(
                session,
                owner,
                organisation_id=city.company.id,
                email=address,
                role=Role.DEVELOPER,
                base_url="http://x",
            )
        first = parties.invitations(session, city.company.id)[0]
        parties.revoke_invitation(session, owner, first.id)
        session.flush()
        with pytest.raises(LinkExpired):
            parties.find_invitation(session, _token(sent_mail[0][2]))
        with clock.frozen(clock.now() + timedelta(days=7, seconds=1)), pytest.raises(LinkExpired):
            parties.find_invitation(session, _token(sent_mail[1][2]))


def test_a_notice_is_shown_once_until_read(database: Database) -> None:
    with database.transaction() as session:
        city = make_city(session)
        person = city.people["owner"]
        for _ in range(2):
            parties.notify(session, [person], reference="invoice:1", text={"en": "An invoice"}, link="/billing")
        (notice,) = parties.notices(session, person.id)
        assert parties.read_notice(session, city.people["developer"].id, notice.id) is None
        assert parties.read_notice(session, person.id, notice.id) is not None
        session.flush()
        assert parties.notices(session, person.id) == []
