"""A written release: complete, safe to open, and checked again from its files alone."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

import anonymizer
from anonymizer import release_files, sources
from anonymizer.canonical import content_hash
from anonymizer.errors import ReleaseUnreadable
from contracts.errors import InvalidInput
from contracts.privacy import (
    CategoryHierarchy,
    ColumnPolicy,
    ColumnRole,
    DateHierarchy,
    DateLevel,
    DistinctLDiversity,
    Drop,
    Generalise,
    GeoGridHierarchy,
    HourBandsHierarchy,
    KAnonymity,
    Keep,
    Manifest,
    NumericHierarchy,
    Policy,
    PrefixHierarchy,
    Pseudonymise,
    Round,
    SubjectUnit,
    With,
)

SECRET = b"0123456789abcdef"
at = datetime.fromisoformat
QUASI = ColumnRole.QUASI_IDENTIFIER


def people() -> pl.DataFrame:
    """Forty people with every kind of quasi-identifier, none of them unusual by design."""
    rows = range(40)
    return pl.DataFrame(
        {
            "name": [f"王{i}" for i in rows],
            "age": [20 + i % 20 for i in rows],
            "weight": [50.0 + (i % 8) * 2.5 for i in rows],
            "born": [date(1990 + i % 4, 1 + i % 12, 1 + i % 28) for i in rows],
            "seen": [at(f"2026-11-0{1 + i % 9}T{i % 24:02d}:30") for i in rows],
            "left": [at(f"2026-11-01T{i % 24:02d}:15") for i in rows],
            "kind": ["apple" if i % 2 else "pear" for i in rows],
            "code": [f"4403{i % 3:02d}" for i in rows],
            "lat": [22.5 + (i % 5) * 0.01 for i in rows],
            "lng": [114.0 + (i % 4) * 0.01 for i in rows],
            "note": [["=1+1", "+86 1", "plain", "-x", "@y"][i % 5] for i in rows],
            "amount": [-float(i) for i in rows],
            "illness": [["flu", "cold", "gout"][i % 3] for i in rows],
        }
    )


def policy(algorithm: str = "local") -> Policy:
    """A policy that uses every kind of hierarchy."""

    def generalise(hierarchy: object) -> ColumnPolicy:
        return ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=hierarchy))  # type: ignore[arg-type]  # any kind

    plain = ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep())
    return Policy(
        columns={
            "name": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Drop()),
            "age": generalise(NumericHierarchy(widths=[1, 5, 10])),
            "weight": generalise(NumericHierarchy(cut_points=[[55, 60, 65], [60]])),
            "born": generalise(DateHierarchy(levels=[DateLevel.MONTH, DateLevel.YEAR, DateLevel.DECADE])),
            "seen": generalise(DateHierarchy(levels=[DateLevel.HOUR, DateLevel.DAY])),
            "left": generalise(HourBandsHierarchy(hours=[1, 6])),
            "kind": generalise(CategoryHierarchy(rows=[["apple", "fruit"], ["pear", "fruit"]])),
            "code": generalise(PrefixHierarchy(lengths=[6, 4])),
            "lat": generalise(GeoGridHierarchy(longitude="lng", decimals=[2, 1])),
            "lng": ColumnPolicy(role=QUASI, operator=With(column="lat")),
            "note": plain,
            "amount": plain,
            "illness": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Keep()),
        },
        models=[KAnonymity(k=4), DistinctLDiversity(column="illness", l=2)],
        algorithm=algorithm,  # type: ignore[arg-type]  # pydantic takes the name
    )


@pytest.fixture(params=["local", "full-domain"])
def release(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A release of the people, by each algorithm."""
    folder = tmp_path / "release"
    anonymizer.anonymize(people(), policy(request.param), secret=SECRET, release_id="r1", out=folder)
    return folder


def test_a_release_agrees_with_its_papers(release: Path) -> None:
    result = anonymizer.verify(release)
    assert result.mismatches == []
    assert {"k-anonymity", "l-diversity of illness", "content hash in report", "schema", "CSV"} <= {
        check.name for check in result.checks
    }
    assert "information loss" in result.attested
    assert "k by subject" not in result.attested  # every row is its own subject: recomputed


def test_a_release_holds_every_file_and_is_not_approved(release: Path) -> None:
    assert sorted(p.name for p in release.iterdir()) == [
        "contract.json", "data.csv", "data.parquet", "manifest.json", "policy.yaml", "report.json",
    ]  # fmt: skip
    manifest = Manifest.model_validate_json((release / "manifest.json").read_bytes())
    assert manifest.approved is False
    assert (release / "manifest.json").read_bytes() == manifest.canonical_json()
    assert json.loads((release / "report.json").read_text())["approved"] is False
    assert [p for p in release.parent.iterdir() if p.name.endswith(".part")] == []


def test_no_raw_value_is_in_any_file(release: Path) -> None:
    for file in release.iterdir():
        assert "王".encode() not in file.read_bytes()
    assert not any("王" in value for value in pl.read_parquet(release / "data.parquet").columns)


def test_text_cells_cannot_run_as_formulas_and_numbers_stay_numbers(release: Path) -> None:
    table = pl.read_csv(release / "data.csv", infer_schema=False)
    notes = set(table["note"].to_list())
    assert notes == {"'=1+1", "'+86 1", "plain", "'-x", "'@y"}
    assert "-39.0" in table["amount"].to_list()
    assert (release / "data.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert set(pl.read_parquet(release / "data.parquet")["note"].to_list()) == {"=1+1", "+86 1", "plain", "-x", "@y"}


def test_ranges_are_published_typed_and_readable(release: Path) -> None:
    table = pl.read_parquet(release / "data.parquet")
    assert table.schema["age_low"] == pl.Int64
    assert table.schema["born_low"] == pl.Date
    assert table.schema["seen_high"] == pl.Datetime("us")
    assert table.schema["lat_low"] == pl.Float64
    readable = pl.read_csv(release / "data.csv", infer_schema=False)["age"].to_list()
    expected = [
        str(low) if low == high else f"{low}–{high}" for low, high in table.select("age_low", "age_high").rows()
    ]
    assert readable == expected


def change_byte(release: Path) -> None:
    path = release / "data.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(bytes(content))


def drop_row(release: Path) -> None:
    path = release / "data.parquet"
    pl.read_parquet(path).head(-1).write_parquet(path)


def edit_report(release: Path) -> None:
    path = release / "report.json"
    content = json.loads(path.read_text())
    content["claims"]["recomputable"]["k_by_row"] = 99
    path.write_text(json.dumps(content))


def edit_csv(release: Path) -> None:
    path = release / "data.csv"
    path.write_text(path.read_text(encoding="utf-8-sig").replace("plain", "plane"), encoding="utf-8-sig")


def weaken_policy(release: Path) -> None:
    path = release / "policy.yaml"
    path.write_text(path.read_text().replace("k: 4", "k: 2"))


def remove_csv(release: Path) -> None:
    (release / "data.csv").unlink()


def add_name_column(release: Path) -> None:
    path = release / "data.parquet"
    table = pl.read_parquet(path)
    table.with_columns(pl.Series("name", ["王"] * table.height)).write_parquet(path)


@pytest.mark.parametrize(
    ("tamper", "caught"),
    [
        (drop_row, {"file data.parquet", "content hash in report", "rows published", "CSV"}),
        (edit_report, {"file report.json", "k by row"}),
        (edit_csv, {"file data.csv", "CSV"}),
        (weaken_policy, {"file policy.yaml", "policy in report", "policy in manifest"}),
        (remove_csv, {"file data.csv"}),
        (add_name_column, {"file data.parquet", "schema"}),
    ],
)
def test_tampering_is_caught(tamper, caught: set[str], release: Path) -> None:  # type: ignore[no-untyped-def]
    tamper(release)
    result = anonymizer.verify(release)
    assert not result.ok
    assert caught <= {check.name for check in result.mismatches}


def test_a_changed_byte_is_caught(release: Path) -> None:
    change_byte(release)
    try:
        result = anonymizer.verify(release)
    except ReleaseUnreadable:
        return
    assert "file data.parquet" in {check.name for check in result.mismatches}


def rehash(release: Path) -> None:
    """A forger who also corrects every file hash."""
    from anonymizer.release_files import entry

    manifest = Manifest.model_validate_json((release / "manifest.json").read_bytes())
    files = [entry(release / file.name) for file in manifest.files]
    (release / "manifest.json").write_bytes(manifest.model_copy(update={"files": files}).canonical_json())


def test_a_forged_table_with_corrected_hashes_is_caught(release: Path) -> None:
    path = release / "data.parquet"
    table = pl.read_parquet(path)
    table.with_columns(age_low=pl.lit(21, pl.Int64), age_high=pl.lit(20, pl.Int64)).write_parquet(path)
    rehash(release)
    failed = {check.name for check in anonymizer.verify(release).mismatches}
    assert {"content hash in report", "content hash in manifest", "hierarchy age"} <= failed


@pytest.mark.parametrize(
    ("column", "value"),
    [("kind", "banana"), ("code", "4403001"), ("left", "00:30-01:29")],
)
def test_a_value_outside_its_hierarchy_is_caught(column: str, value: str, tmp_path: Path) -> None:
    folder = tmp_path / "release"
    anonymizer.anonymize(people(), policy(), secret=SECRET, release_id="r1", out=folder)
    path = folder / "data.parquet"
    table = pl.read_parquet(path)
    table.with_columns(
        pl.lit(value).alias(f"{column}_code"), pl.lit(0, pl.Int32).alias(f"{column}_level")
    ).write_parquet(path)
    assert f"hierarchy {column}" in {check.name for check in anonymizer.verify(folder).mismatches}


def test_a_folder_that_is_no_release_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ReleaseUnreadable, match=r"manifest\.json"):
        anonymizer.verify(tmp_path)
    with pytest.raises(ReleaseUnreadable, match="not a folder"):
        anonymizer.verify(tmp_path / "nothing")


def test_a_release_is_never_written_over_another(release: Path) -> None:
    before = (release / "manifest.json").read_bytes()
    with pytest.raises(InvalidInput, match="not empty"):
        anonymizer.anonymize(people(), policy(), secret=SECRET, release_id="r2", out=release)
    assert (release / "manifest.json").read_bytes() == before


def test_nothing_is_left_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("anonymizer.release_files.write_csv", fail)
    with pytest.raises(OSError, match="disk full"):
        anonymizer.anonymize(people(), policy(), secret=SECRET, release_id="r1", out=tmp_path / "release")
    assert list(tmp_path.iterdir()) == []


def test_content_hash_depends_on_content_not_on_row_order() -> None:
    table = people()
    first = anonymizer.anonymize(table, policy(), secret=SECRET, release_id="r1")
    shuffled = anonymizer.anonymize(
        table.sample(fraction=1.0, shuffle=True, seed=7), policy(), secret=SECRET, release_id="r1"
    )
    changed = anonymizer.anonymize(table.with_columns(amount=pl.lit(0.0)), policy(), secret=SECRET, release_id="r1")
    assert shuffled.content_hash == first.content_hash
    assert changed.content_hash != first.content_hash


def test_published_pseudonyms_make_k_by_subject_recomputable(tmp_path: Path) -> None:
    table = pl.DataFrame({"who": [f"p{i % 10}" for i in range(30)], "age": [30 + i % 2 for i in range(30)]})
    columns = {
        "who": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Pseudonymise()),
        "age": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=NumericHierarchy(widths=[1]))),
    }
    rules = Policy(subject="who", subject_unit=SubjectUnit.PERSON, columns=columns, models=[KAnonymity(k=5)])
    folder = tmp_path / "release"
    result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r1", out=folder)
    assert result.public_report.claims.recomputable.k_by_subject == 5
    assert not set(result.table["who"]) & set(table["who"])
    assert anonymizer.verify(folder).ok
    other = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r2")
    assert not set(result.table["who"]) & set(other.table["who"])


def test_a_pseudonym_that_joins_rows_is_warned_of() -> None:
    table = pl.DataFrame({"who": [f"p{i // 2}" for i in range(40)], "age": [20 + (i * 7) % 20 for i in range(40)]})
    columns = {
        "who": ColumnPolicy(role=ColumnRole.DIRECT_IDENTIFIER, operator=Pseudonymise()),
        "age": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=NumericHierarchy(widths=[1, 5]))),
    }
    rules = Policy(subject="who", subject_unit=SubjectUnit.PERSON, columns=columns, models=[KAnonymity(k=3)])
    report = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r1").public_report
    assert report.claims.attested.linked_k is not None
    assert report.claims.attested.linked_k < 3
    assert "linked-rows" in {warning.code for warning in report.warnings}


def test_a_column_that_says_nothing_is_reported() -> None:
    table = pl.DataFrame({"age": list(range(10)), "sex": ["m", "f"] * 5})
    columns = {
        "age": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=NumericHierarchy(widths=[1]))),
        "sex": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=PrefixHierarchy(lengths=[1]))),
    }
    rules = Policy(columns=columns, models=[KAnonymity(k=10)])
    report = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r1").public_report
    assert {w.column for w in report.warnings if w.code == "worse-than-dropping"} == {"age", "sex"}


def test_officer_sees_shapes_and_never_raw_cells() -> None:
    report = anonymizer.anonymize(people(), policy(), secret=SECRET, release_id="r1").officer_report
    assert report.sample
    for row in report.sample:
        assert row.before["name"] in {"某0", "某00"}
    assert report.risk_before.unique_subjects == 40
    assert report.risk_after.smallest_class is not None
    assert report.risk_after.smallest_class >= 4
    assert report.risk_after.attackers[0].highest <= 0.25
    assert sum(bar.subjects for bar in report.risk_after.histogram) == 40


def test_diversity_counts_sensitive_values_as_they_are_published(tmp_path: Path) -> None:
    table = pl.DataFrame({"age": [30] * 4 + [31] * 4, "income": [101, 102, 103, 104, 100, 200, 300, 400]})
    columns = {
        "age": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=NumericHierarchy(widths=[1]))),
        "income": ColumnPolicy(role=ColumnRole.SENSITIVE, operator=Round(step=100)),
    }
    models = [KAnonymity(k=2), DistinctLDiversity(column="income", l=2)]
    folder = tmp_path / "release"
    result = anonymizer.anonymize(
        table, Policy(columns=columns, models=models), secret=SECRET, release_id="r1", out=folder
    )
    assert set(result.table.select("age_low", "age_high").rows()) == {(30, 31)}
    assert anonymizer.verify(folder).ok


@pytest.mark.parametrize("algorithm", ["local", "full-domain"])
def test_a_large_file_read_as_codes_gives_the_release_of_its_table(
    algorithm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "_LARGE", 0)
    file = tmp_path / "people.csv"
    pl.concat([people()] * 3).write_csv(file)
    coded = [n for n, dtype in sources.read(file, coded=True).schema.items() if isinstance(dtype, pl.Categorical)]
    assert {"kind", "illness"} <= set(coded)
    released = anonymizer.anonymize(file, policy(algorithm), secret=SECRET, release_id="r")
    again = anonymizer.anonymize(sources.read(file), policy(algorithm), secret=SECRET, release_id="r")
    assert released.content_hash == again.content_hash
    assert released.table.equals(again.table)


@pytest.mark.parametrize("note", ["=1+1", "a,b", 'say "x"', None, "", "two\nlines"])
def test_rows_alike_are_written_as_if_one_by_one(note: str | None, tmp_path: Path) -> None:
    table = pl.DataFrame({"age": [20, 40] * 200, "note": [note, "plain"] * 200})
    rules = Policy(
        columns={
            "age": ColumnPolicy(role=QUASI, operator=Generalise(hierarchy=NumericHierarchy(widths=[1, 5]))),
            "note": ColumnPolicy(role=ColumnRole.PLAIN, operator=Keep()),
        }
    )
    result = anonymizer.anonymize(table, rules, secret=SECRET, release_id="r", out=tmp_path / "r")
    assert result.repeats is not None
    plainly = io.BytesIO()
    release_files.write_csv(plainly, result.table, result.contract)
    assert (tmp_path / "r" / "data.csv").read_bytes() == plainly.getvalue()
    assert anonymizer.verify(tmp_path / "r").mismatches == []
    assert content_hash(result.table, result.contract) == result.content_hash
