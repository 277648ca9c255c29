"""Ids, texts, errors, roles, licences and data contracts: the words that every part shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from contracts import errors
from contracts.access import ANONYMOUS, GRANTS, SYSTEM, Actor, Grant, Permission, Role
from contracts.events import Event
from contracts.ids import is_id, is_slug, new_id
from contracts.licence import CONDITIONAL, LICENCES, OPEN
from contracts.schema import ContractField, DataContract
from contracts.text import Text, pick

ID = "01a20bc5-3b2f-76b7-b8a7-1e0b742069fb"


class TestIds:
    def test_ids_are_distinct_and_sort_by_age(self) -> None:
        ids = [new_id() for _ in range(1000)]
        assert len(set(ids)) == 1000
        assert sorted(ids) == ids
        assert all(is_id(one) for one in ids)

    @pytest.mark.parametrize("text", ["", "x", "0" * 36, ID.upper(), ID + "\n"])
    def test_what_is_no_id(self, text: str) -> None:
        assert not is_id(text)

    @pytest.mark.parametrize(
        ("text", "good"),
        [
            ("a-b_1", True),
            ("ab", True),
            ("a", False),
            ("-ab", False),
            ("A1", False),
            ("a" * 101, False),
            ("ab\n", False),
        ],
    )
    def test_slugs(self, text: str, good: bool) -> None:
        assert is_slug(text) is good


class TestText:
    def test_a_text_has_at_least_one_known_language(self) -> None:
        adapter: TypeAdapter[dict[str, str]] = TypeAdapter(Text)
        assert adapter.validate_python({"zh-CN": " 停车 ", "en": " "}) == {"zh-CN": "停车"}
        for wrong in ({}, {"zh-CN": " "}, {"de": "Parken"}):
            with pytest.raises(ValidationError):
                adapter.validate_python(wrong)

    def test_the_readers_language_is_picked_or_another(self) -> None:
        assert pick({"zh-CN": "停车", "en": "Parking"}, "en") == "Parking"
        assert pick({"zh-CN": "停车"}, "en") == "停车"
        assert pick(None, "en") == ""


def leaves(kind: type[errors.ShuyiError]) -> list[type[errors.ShuyiError]]:
    return [kind, *(leaf for sub in kind.__subclasses__() for leaf in leaves(sub))]


class TestErrors:
    def test_a_problem_has_what_rfc_9457_asks_for(self) -> None:
        problem = errors.RateLimited("The quota is used up.", retry_after=5, quota=10).problem("/data/v1/x")
        assert problem == {
            "type": "/problems/rate-limited",
            "title": "Too many requests",
            "status": 429,
            "detail": "The quota is used up.",
            "instance": "/data/v1/x",
            "quota": 10,
        }

    def test_a_wrong_field_is_pointed_at(self) -> None:
        error = errors.InvalidInput.at("email", "This is not an e-mail address.")
        assert error.problem()["errors"] == [{"pointer": "#/email", "detail": "This is not an e-mail address."}]

    def test_a_rejected_file_says_where(self) -> None:
        assert errors.FileRejected("Too many columns.", place="line 3").problem()["place"] == "line 3"

    def test_every_error_has_a_stable_code_and_a_status(self) -> None:
        for kind in leaves(errors.ShuyiError):
            assert kind.code == kind.code.lower().replace("_", "-").strip("-")
            assert 400 <= kind.status <= 599


class TestAccess:
    def actor(self, role: Role, *scope: str) -> Actor:
        return Actor("p1", "P", (Grant(role, scope[0], frozenset(scope)),))

    def test_a_role_counts_for_its_subtree_only(self) -> None:
        officer = self.actor(Role.DATA_OFFICER, "district", "department")
        assert officer.may(Permission.RELEASE_DECIDE, "department")
        assert not officer.may(Permission.RELEASE_DECIDE, "elsewhere")
        assert officer.may(Permission.RELEASE_DECIDE)
        assert officer.organisations(Permission.RELEASE_DECIDE) == {"district", "department"}

    def test_who_is_unknown_is_asked_to_sign_in_and_who_is_known_is_refused(self) -> None:
        with pytest.raises(errors.NotSignedIn):
            ANONYMOUS.require(Permission.INVOICE_PAY, "o")
        with pytest.raises(errors.Forbidden):
            self.actor(Role.DEVELOPER, "o").require(Permission.INVOICE_PAY, "o")
        self.actor(Role.OWNER, "o").require(Permission.INVOICE_PAY, "o")

    def test_nobody_who_submits_a_release_by_role_decides_on_it_by_the_same_role(self) -> None:
        for granted in GRANTS.values():
            assert not {Permission.RELEASE_SUBMIT, Permission.RELEASE_DECIDE} <= granted

    @given(st.sampled_from(list(Permission)))
    def test_the_system_may_all_and_nobody_nothing(self, permission: Permission) -> None:
        assert SYSTEM.may(permission, "anywhere")
        assert not ANONYMOUS.may(permission)


class TestLicences:
    def test_a_licence_is_what_its_hash_says(self) -> None:
        assert OPEN.hash() != CONDITIONAL.hash()
        assert OPEN.model_copy().hash() == OPEN.hash()
        assert OPEN.model_copy(update={"duties": ()}).hash() != OPEN.hash()
        assert set(LICENCES) == {OPEN.id, CONDITIONAL.id}

    def test_an_offer_becomes_an_agreement_when_someone_takes_it(self) -> None:
        offer = CONDITIONAL.odrl("urn:d", "urn:department")
        agreement = CONDITIONAL.odrl("urn:d", "urn:department", "urn:company")
        assert (offer["@type"], agreement["@type"]) == ("Offer", "Agreement")
        assert {rule["assignee"] for rule in agreement["permission"] + agreement["prohibition"]} == {"urn:company"}
        assert "reidentify" in {rule["action"] for rule in agreement["prohibition"]}


class TestDataContract:
    def test_it_is_told_as_an_open_data_contract(self) -> None:
        contract = DataContract(
            fields=[
                ContractField(name="age_low", type="integer", role="quasi_identifier", range_of="age", bound="low"),
                ContractField(name="at", type="timestamp", nullable=False),
            ],
            primary_key="at",
        )
        told = contract.odcs(id="d1", name="trips", version="2026.11")
        assert (told["kind"], told["apiVersion"], told["version"]) == ("DataContract", "v3.0.2", "2026.11")
        first, second = told["schema"][0]["properties"]
        assert (first["logicalType"], first["required"], first["classification"]) == (
            "integer",
            False,
            "quasi_identifier",
        )
        assert (second["required"], second["primaryKey"]) == (True, True)
        assert contract.field("at") is contract.fields[1]
        assert contract.field("none") is None

    def test_unknown_words_are_refused(self) -> None:
        with pytest.raises(ValidationError):
            ContractField(name="x", type="integer", secret=1)  # type: ignore[call-arg]  # that is the point


def test_events_are_named_noun_past_participle() -> None:
    for event in Event:
        noun, _, verb = event.value.partition(".")
        assert noun.replace("_", "").isalpha()
        assert verb.replace("_", "").isalpha()
