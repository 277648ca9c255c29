"""Datasets: described from closed lists, found by every short name they ever had."""

from typing import Any

import pytest
from sqlmodel import select

from catalog.datasets import service as datasets
from catalog.datasets.errors import CoreDataRefused, DatasetNotFound, SlugTaken
from contracts.errors import Forbidden, InvalidInput
from contracts.kit.outbox import OutboxRow
from contracts.licence import CONDITIONAL, OPEN
from tests.factories.catalog import CatalogWorld


def change(world: CatalogWorld, dataset_id: str, who: str = "provider", **changes: Any) -> None:
    with world.database.transaction() as session:
        datasets.update_dataset(session, world.actor(who), dataset_id, **changes)


class TestCreate:
    def test_the_short_name_comes_from_the_english_title_and_stays_unique(self, world: CatalogWorld) -> None:
        first, second = world.dataset(), world.dataset()
        assert first.slug == "clinic-visits"
        assert second.slug.startswith("clinic-visits-")
        assert world.dataset(title={"zh-CN": "水表读数"}).slug.startswith("dataset-")

    def test_the_licence_follows_the_openness(self, world: CatalogWorld) -> None:
        assert world.dataset(openness="unconditional").licence_id == OPEN.id
        assert world.dataset(openness="conditional").licence_id == CONDITIONAL.id

    def test_core_data_are_refused_when_made_and_when_changed(self, world: CatalogWorld) -> None:
        with pytest.raises(CoreDataRefused):
            world.dataset(data_class="core")
        with pytest.raises(CoreDataRefused):
            change(world, world.dataset().id, data_class="core")

    @pytest.mark.parametrize(
        ("wrong", "pointer"),
        [
            ({"title": {"zh-CN": "  "}}, "#/title"),
            ({"title": {"fr": "Visites"}}, "#/title"),
            ({"themes": ["magic"]}, "#/themes"),
            ({"openness": "half"}, "#/openness"),
            ({"update_frequency": "often"}, "#/update_frequency"),
            ({"licence_id": "mine"}, "#/licence_id"),
            ({"slug": "Bad Slug"}, "#/slug"),
            ({"fields": {"a": {"colour": "red"}}}, "#/fields/a"),
        ],
    )
    def test_mistakes_name_their_field(self, world: CatalogWorld, wrong: dict[str, Any], pointer: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            world.dataset(**wrong)
        assert caught.value.errors[0]["pointer"] == pointer

    @pytest.mark.parametrize("who", ["officer", "owner", "developer", "operator"])
    def test_only_the_provider_describes(self, world: CatalogWorld, who: str) -> None:
        dataset = world.dataset()
        with pytest.raises(Forbidden):
            change(world, dataset.id, who, title={"en": "Mine"})


class TestShortNames:
    def test_a_former_short_name_keeps_leading_there_and_is_given_to_nobody_else(self, world: CatalogWorld) -> None:
        dataset = world.dataset(slug="visits")
        change(world, dataset.id, slug="clinic")
        for name in ("visits", "clinic", dataset.id):
            assert world.find(lambda session, name=name: datasets.get_dataset(session, name)).id == dataset.id
        with pytest.raises(SlugTaken):
            world.dataset(slug="visits")
        with pytest.raises(SlugTaken):
            world.dataset(slug="clinic")

    def test_a_dataset_may_go_back_to_its_former_short_name(self, world: CatalogWorld) -> None:
        dataset = world.dataset(slug="visits")
        change(world, dataset.id, slug="clinic")
        change(world, dataset.id, slug="visits")
        assert world.find(lambda session: datasets.get_dataset(session, "clinic")).slug == "visits"

    def test_an_unknown_name_is_not_found(self, world: CatalogWorld) -> None:
        with pytest.raises(DatasetNotFound):
            world.find(lambda session: datasets.get_dataset(session, "nothing"))


def test_every_change_is_told(world: CatalogWorld) -> None:
    dataset = world.dataset()
    change(world, dataset.id, description={"en": "One row a visit."})
    with world.database.reading() as session:
        rows = session.exec(select(OutboxRow).where(OutboxRow.event == "dataset.changed")).all()
    assert [row.payload for row in rows] == [{"dataset_id": dataset.id}] * 2
