"""What the demo city promises about itself."""

from __future__ import annotations

import pytest

from web.demo.city import Semantic, plan

DEPARTMENTS = plan().departments


def test_it_has_nine_departments_or_more_in_two_districts() -> None:
    assert len(DEPARTMENTS) >= 9
    assert {department.district for department in DEPARTMENTS} == {"440304", "440305"}
    assert {district.code for district in plan().districts} == {"440304", "440305"}


def test_it_holds_200_000_rows_of_which_120_000_are_about_persons() -> None:
    rows = [department.dataset.rows for department in DEPARTMENTS]
    personal = [d.dataset.rows for d in DEPARTMENTS if d.dataset.about_persons]
    assert sum(rows) >= 200_000
    assert sum(personal) >= 120_000
    assert min(personal) >= 5_000


def test_every_kind_of_delivery_occurs() -> None:
    kinds = {department.dataset.delivery.format for department in DEPARTMENTS}
    assert kinds == {"csv", "xlsx", "xls", "parquet", "jsonl"}
    encodings = {department.dataset.delivery.encoding for department in DEPARTMENTS}
    assert "gb18030" in encodings


def test_codes_slugs_and_file_names_are_distinct() -> None:
    for values in (
        [d.code for d in DEPARTMENTS],
        [d.dataset.slug for d in DEPARTMENTS],
        [d.dataset.delivery.file_name for d in DEPARTMENTS],
    ):
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("department", DEPARTMENTS, ids=lambda d: d.code)
class TestDataset:
    def test_every_text_is_there_in_both_languages(self, department) -> None:
        dataset = department.dataset
        texts = [department.name, dataset.title, dataset.description, dataset.theme_title, dataset.spatial.name]
        texts += [field.title for field in dataset.fields] + [field.description for field in dataset.fields]
        texts += [one.name for one in dataset.plans]
        for text in texts:
            assert set(text) == {"zh-CN", "en"}
            assert all(part.strip() for part in text.values())
        assert set(dataset.keywords) == {"zh-CN", "en"}

    def test_open_data_costs_nothing_and_holds_no_person(self, department) -> None:
        dataset = department.dataset
        if dataset.openness == "unconditional":
            assert all(one.is_free for one in dataset.plans)
            assert dataset.subject is None
            assert not any(field.personal for field in dataset.fields)
        else:
            assert any(one.monthly_fee_fen > 0 and one.overage_fen_per_call > 0 for one in dataset.plans)
            assert dataset.subject is not None

    def test_a_table_about_persons_names_subject_identifiers_and_quasi_identifiers(self, department) -> None:
        dataset = department.dataset
        if dataset.subject is None:
            return
        assert dataset.field(dataset.subject).role == "direct_identifier"
        assert dataset.quasi_identifiers
        assert any(field.role == "direct_identifier" for field in dataset.fields)

    def test_free_text_is_marked_by_meaning_and_role_alike(self, department) -> None:
        for field in department.dataset.fields:
            assert (field.semantic is Semantic.FREE_TEXT) == (field.role == "free_text")

    def test_coordinate_fields_named_for_the_map_exist(self, department) -> None:
        spatial = department.dataset.spatial
        for name in (spatial.longitude_field, spatial.latitude_field):
            if name is not None:
                assert department.dataset.field(name).semantic is Semantic.COORDINATES


def test_an_unknown_department_or_field_is_named_in_the_error() -> None:
    with pytest.raises(KeyError, match="nowhere"):
        plan().department("nowhere")
    with pytest.raises(KeyError, match="nothing"):
        DEPARTMENTS[0].dataset.field("nothing")
