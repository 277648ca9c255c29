"""What a release says of its columns together: places, and the key that tells rows apart."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import anonymizer
from anonymizer.identifying import contract_faults, key_fault
from contracts.privacy import Policy
from contracts.schema import Coordinates, DataContract

SECRET = b"0123456789abcdef"
KEEP = {"role": "plain", "operator": {"kind": "keep"}}


def released(table: dict[str, list[Any]], **columns: dict[str, Any]) -> tuple[pl.DataFrame, DataContract]:
    """The table and contract of a release; columns not named are kept."""
    treated = {name: columns.get(name, KEEP) for name in table}
    grouped = any(column["role"] == "quasi-identifier" for column in treated.values())
    models = [{"kind": "k-anonymity", "k": 2}] if grouped else []
    policy = Policy.from_mapping({"columns": treated, "models": models})
    result = anonymizer.anonymize(pl.DataFrame(table), policy, secret=SECRET, release_id="r1")
    return result.table, result.contract


def pairs(contract: DataContract) -> list[tuple[str, str]]:
    return [(pair.longitude, pair.latitude) for pair in contract.coordinates]


def test_places_are_told_by_names_and_start_goes_with_start() -> None:
    trip = {"end_lat": [22.5], "start_lng": [113.9], "start_lat": [22.6], "end_lng": [114.1], "fee": [3]}
    assert pairs(released(trip)[1]) == [("end_lng", "end_lat"), ("start_lng", "start_lat")]
    assert pairs(released({"经度": [113.9, None], "纬度": [22.5, 22.6]})[1]) == [("经度", "纬度")]
    assert pairs(released({"stationLongitude": [113.9], "y_latitude": [22.5]})[1]) == [
        ("stationLongitude", "y_latitude")
    ]


@pytest.mark.parametrize(
    "table",
    [
        {"lat": [22.5, 2200.5], "lon": [114.0, 114.1]},  # not on the globe
        {"lat": [22.5], "plate": [114.0]},  # the other side is missing
        {"lat": ["22.5 N"], "lon": ["114 E"]},  # no numbers
        {"a_lat": [22.5], "b_lat": [22.5], "c_lon": [114.0], "d_lon": [114.0]},  # which with which?
        {"lat": [None, None], "lon": [114.0, 114.1]},
    ],
)
def test_what_is_not_surely_a_place_is_none(table: dict[str, list[Any]]) -> None:
    assert pairs(released(table)[1]) == []


def test_cells_of_a_grid_are_places_whatever_they_are_called() -> None:
    grid = {"kind": "geo-grid", "longitude": "x", "cells": [0.01, 0.1]}
    table, contract = released(
        {"y": [22.51, 22.515, 22.512], "x": [113.91, 113.915, 113.912]},
        y={"role": "quasi-identifier", "operator": {"kind": "generalise", "hierarchy": grid}},
        x={"role": "quasi-identifier", "operator": {"kind": "with", "column": "y"}},
    )
    assert pairs(contract) == [("x", "y")]
    assert contract_faults(table, contract) == []


def test_a_number_of_records_or_a_pseudonym_is_the_key() -> None:
    parks = {"name": ["甲", "乙", "丙"], "park_id": ["P1", "P2", "P3"], "spaces": [10, 20, 30]}
    assert released(parks)[1].primary_key == "park_id"
    assert released({"序号": [3, 1, 2], "街道": ["粤海", "沙河", "粤海"]})[1].primary_key == "序号"
    pseudonym = {"role": "direct-identifier", "operator": {"kind": "pseudonymise"}}
    assert released({"spaces": [1, 2], "holder": ["张三", "李四"]}, holder=pseudonym)[1].primary_key == "holder"


@pytest.mark.parametrize(
    "table",
    [
        {"id": ["a", "b", "a"]},
        {"id": ["a", None, "b"]},
        {"id": ["a", "", "b"]},
        {"id": ["a/b", "c", "d"]},
        {"id": ["..", "c", "d"]},
        {"id": [1.5, 2.5, 3.5]},
        {"spaces": [10, 20, 30]},  # a figure that happens not to repeat
    ],
)
def test_what_repeats_is_empty_or_cannot_stand_in_an_address_is_no_key(table: dict[str, list[Any]]) -> None:
    assert released(table)[1].primary_key is None


def test_what_tells_of_persons_is_no_key() -> None:
    sensitive = {"role": "sensitive", "operator": {"kind": "keep"}}
    assert released({"disease_code": ["J18", "I10"]}, disease_code=sensitive)[1].primary_key is None


@given(values=st.lists(st.none() | st.integers(0, 5000) | st.sampled_from([0, 1]), max_size=3000))
@settings(max_examples=20, deadline=None)
def test_a_key_is_never_empty_and_never_repeats(values: list[int | None]) -> None:
    holds = bool(values) and None not in values and len(set(values)) == len(values)
    assert (key_fault(pl.Series(values, dtype=pl.Int64)) is None) == holds


def test_a_repeat_after_many_rows_is_found() -> None:
    assert key_fault(pl.Series([*range(5000), 3])) == "repeats"


def test_verify_sees_a_key_that_repeats_and_places_off_the_globe(tmp_path: Any) -> None:
    table, contract = released({"id": ["a", "b"], "lat": [22.5, 22.6], "lon": [114.0, 114.1]})
    assert (contract.primary_key, pairs(contract), contract_faults(table, contract)) == ("id", [("lon", "lat")], [])
    assert contract_faults(table.with_columns(id=pl.lit("a")), contract) == ["the key id repeats"]
    assert contract_faults(table.drop("id"), contract) == ["the key id is no column"]
    assert contract_faults(table.with_columns(lat=pl.lit(91.0)), contract) == ["lat holds no coordinates"]
    contract.coordinates.append(Coordinates(longitude="x", latitude="y"))
    assert len(contract_faults(table, contract)) == 2
