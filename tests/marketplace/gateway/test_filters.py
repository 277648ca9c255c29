"""Every filter finds the rows that DuckDB finds with the same condition."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.gateway import aggregates, query
from marketplace.gateway.columns import Columns
from tests.factories.filtering import ROWS, ZONE, Filter, filters, in_both
from tests.quick import examples

RELEASE = "01a20b79-3d8c-7620-8c0a-5b69b34f7a62"


@settings(max_examples=examples(300), deadline=None)
@given(rows=ROWS, asked=st.lists(filters(), min_size=1, max_size=3))
def test_records_counts_and_groups_are_of_the_rows_that_duckdb_finds(
    tmp_path_factory: Any, rows: Any, asked: list[Filter]
) -> None:
    condition = " AND ".join(condition for _, condition in asked)
    parameters = [parameter for parameter, _ in asked]
    with in_both(tmp_path_factory.getbasetemp() / "filters", rows) as (copy, fields, duck):
        expected = [row[0] for row in duck.execute(f"SELECT _id FROM released WHERE {condition}").fetchall()]
        wanted = query.parse([*parameters, ("limit", "1000"), ("count", "true")], fields, RELEASE)
        assert [row[0] for row in copy.query(*wanted.sql())] == expected
        assert copy.query(*wanted.counting_sql()) == [(len(expected),)]
        groups, _ = aggregates.compute(aggregates.parse(parameters, fields), Columns(copy, ZONE))
        assert groups == [[len(expected)]]
