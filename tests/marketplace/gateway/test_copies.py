"""A copy holds what the release holds: as JSON text and, for filters and selection, as values."""

import hashlib
import io
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.schema import ContractField, DataContract
from marketplace.gateway.copies import Copies, Copy, Source
from marketplace.gateway.representations import shown

SCHEMA = pa.schema(
    [
        ("text", pa.string()),
        ("whole", pa.int64()),
        ("number", pa.float64()),
        ("truth", pa.bool_()),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", tz="UTC")),
        ("local", pa.timestamp("us")),
        ("abroad", pa.timestamp("ms", tz="Asia/Shanghai")),
    ]
)
CONTRACT = DataContract(fields=[ContractField(name=name, type="string") for name in SCHEMA.names])
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 30))  # noqa: DTZ001 - the zone comes with the type
ROWS = st.fixed_dictionaries(
    {
        "text": st.none() | st.text(max_size=12) | st.sampled_from(["a\nb", '"', "\\", "\u2028", "停车"]),
        "whole": st.none() | st.integers(-(2**63), 2**63 - 1),
        "number": st.none() | st.floats(),
        "truth": st.none() | st.booleans(),
        "day": st.none() | st.dates(date(1, 1, 1)),
        "moment": st.none() | MOMENTS,
        "local": st.none() | MOMENTS,
        "abroad": st.none() | MOMENTS.map(lambda moment: moment.replace(microsecond=0)),
    }
)


def _copy(folder: Path, rows: list[dict[str, Any]], most_rows: int | None = None) -> Copy:
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), file)
    data = file.getvalue()
    name = hashlib.sha256(data).hexdigest()
    return Copies(folder).get(Source(f"{name}-{most_rows}", name, CONTRACT, lambda: io.BytesIO(data), most_rows))


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    told = dict(row)
    for name in ("moment", "local", "abroad"):
        if row[name] is not None:
            told[name] = row[name].isoformat() + ("" if name == "local" else "Z")
    if row["number"] is not None and not math.isfinite(row["number"]):
        told["number"] = None
    if row["day"] is not None:
        told["day"] = row["day"].isoformat()
    return told


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=6))
def test_whole_rows_and_selected_columns_say_what_the_release_says(
    tmp_path_factory: Any, rows: list[dict[str, Any]]
) -> None:
    copy = _copy(tmp_path_factory.getbasetemp() / "copies", rows)
    expected = [_as_json(row) for row in rows]
    stored = copy.query("SELECT * FROM rows ORDER BY _id", [])
    assert [row[0] for row in stored] == list(range(1, len(rows) + 1))
    assert [orjson.loads(row[1]) for row in stored] == expected
    selected = [dict(zip(SCHEMA.names, shown(row[2:], copy.columns), strict=True)) for row in stored]
    assert [orjson.loads(orjson.dumps(row)) for row in selected] == expected


def test_a_sample_holds_the_first_rows(tmp_path: Path) -> None:
    zone = ZoneInfo("UTC")
    rows = [dict.fromkeys(SCHEMA.names) | {"whole": i, "moment": datetime.now(zone)} for i in range(30)]
    copy = _copy(tmp_path, rows, most_rows=12)
    assert copy.rows == 12
    assert [row[0] for row in copy.query("SELECT c1 FROM rows ORDER BY _id", [])] == list(range(12))


def test_times_of_another_zone_are_told_in_utc(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 28, 16, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    copy = _copy(tmp_path, [dict.fromkeys(SCHEMA.names) | {"abroad": moment}])
    [[text]] = copy.query("SELECT _json FROM rows", [])
    assert orjson.loads(text)["abroad"] == "2026-11-28T08:30:00Z"
    assert shown((copy.query("SELECT c7 FROM rows", [])[0][0],), copy.columns[7:8]) == ("2026-11-28T08:30:00Z",)
    assert moment.astimezone(UTC).hour == 8
