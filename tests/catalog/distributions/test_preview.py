"""The public preview: what it shows of a released table, and what it keeps to itself."""

import datetime as dt
import json
from typing import Any

import polars as pl

from catalog.distributions import preview
from contracts.schema import ContractField, Coordinates, DataContract


def built(table: pl.DataFrame, contract: DataContract, k: int = 1, *, open_data: bool = True) -> dict[str, Any]:
    return dict(json.loads(preview.build(table, contract, k=k, open_data=open_data)))


def plain(table: pl.DataFrame, types: dict[str, str]) -> DataContract:
    return DataContract(fields=[ContractField(name=name, type=types[name]) for name in table.columns])  # type: ignore[arg-type]  # names of types


def test_at_most_a_thousand_rows_in_the_release_s_own_order() -> None:
    table = pl.DataFrame({"n": list(range(1500))})
    shown = built(table, plain(table, {"n": "integer"}))
    assert shown["rows"] == [[n] for n in range(1000)]
    assert shown["rows_total"] == 1500


def test_the_sample_of_data_that_is_not_open_is_a_small_part_of_it() -> None:
    for rows, shown in ((1500, 150), (30_000, 1000), (60, 20), (10, 5), (1, 0)):
        table = pl.DataFrame({"n": list(range(rows))})
        found = built(table, plain(table, {"n": "integer"}), open_data=False)
        assert len(found["rows"]) == shown
        assert found["rows_total"] == rows


def test_a_range_is_shown_as_one_column_and_counted_in_order() -> None:
    contract = DataContract(
        fields=[
            ContractField(name="age_low", type="integer", range_of="age", bound="low", treatment="generalise"),
            ContractField(name="age_high", type="integer", range_of="age", bound="high", treatment="generalise"),
        ]
    )
    table = pl.DataFrame({"age_low": [30] * 6 + [20] * 9 + [None], "age_high": [39] * 6 + [29] * 9 + [None]})
    shown = built(table, contract, k=5)
    assert [column["name"] for column in shown["columns"]] == ["age"]
    assert shown["rows"][0] == ["30–39"]
    [ages] = shown["statistics"]
    assert ages["bars"] == [{"label": "20–29", "count": 9}, {"label": "30–39", "count": 6}]
    assert (ages["missing"], ages["other"]) == (1, 0)


def test_categories_that_fewer_than_k_share_are_counted_together() -> None:
    table = pl.DataFrame({"kind": ["a"] * 10 + ["b"] * 6 + ["c"] * 2})
    [found] = built(table, plain(table, {"kind": "string"}), k=5)["statistics"]
    assert found["bars"] == [{"label": "a", "count": 10}, {"label": "b", "count": 6}]
    assert found["other"] == 2


def test_extremes_of_figures_are_not_told_where_the_table_is_about_people() -> None:
    table = pl.DataFrame({"fee": [*range(1000), 1_000_000]})
    contract = plain(table, {"fee": "integer"})
    told = built(table, contract, k=5)["statistics"][0]
    assert max(bar["high"] for bar in told["bars"]) < 1000
    assert sum(bar["count"] for bar in told["bars"]) == 1001
    mild = pl.DataFrame({"fee": [*range(1000), 1_200]})
    assert max(bar["high"] for bar in built(mild, contract)["statistics"][0]["bars"]) == 1_200


def test_a_stray_figure_does_not_flatten_the_picture_and_the_cut_is_said() -> None:
    table = pl.DataFrame({"celsius": [*range(1000), 1_000_000]})
    told = built(table, plain(table, {"celsius": "integer"}))["statistics"][0]
    assert told["cut"]
    assert max(bar["high"] for bar in told["bars"]) < 1000
    assert sum(bar["count"] for bar in told["bars"]) == 1001


def test_dates_are_counted_by_month_and_names_not_at_all() -> None:
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=i) for i in range(90)]
    table = pl.DataFrame({"day": days, "name": [f"n{i}" for i in range(90)]})
    [found] = built(table, plain(table, {"day": "date", "name": "string"}))["statistics"]
    assert [bar["label"] for bar in found["bars"]] == ["2026-01", "2026-02", "2026-03"]


def test_places_become_points_and_cells_their_middles() -> None:
    table = pl.DataFrame({"lat": [22.5, None], "lon": [114.0, 114.1], "x": [1, 2]})
    contract = plain(table, {"lat": "number", "lon": "number", "x": "integer"})
    contract.coordinates = [Coordinates(longitude="lon", latitude="lat")]
    assert built(table, contract)["map"] == {"longitude": "lon", "latitude": "lat", "points": [[114.0, 22.5, 0]]}
    cells = pl.DataFrame({"纬度_low": [22.5], "纬度_high": [22.6], "经度_low": [114.0], "经度_high": [114.2]})
    fields = [
        ContractField(name=f"{name}_{bound}", type="number", range_of=name, bound=bound)  # type: ignore[arg-type]  # low, high
        for name in ("纬度", "经度")
        for bound in ("low", "high")
    ]
    contract = DataContract(fields=fields, coordinates=[Coordinates(longitude="经度", latitude="纬度")])
    assert built(cells, contract)["map"]["points"] == [[114.1, 22.55, 0]]


def test_without_coordinates_in_the_contract_there_is_no_map() -> None:
    table = pl.DataFrame({"lat": [22.5], "lon": [114.0]})
    assert built(table, plain(table, {"lat": "number", "lon": "number"}))["map"] is None
