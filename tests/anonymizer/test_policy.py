"""Policies: what people write, and how they are told what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import anonymizer
from anonymizer.results import ColumnFinding, ScanResult
from contracts.errors import InvalidInput
from contracts.privacy import ColumnRole, Drop, Generalise, GeoGridHierarchy, Policy, Pseudonymise, RedactText

GOOD = """
version: 1
subject: id
subject_unit: person
columns:
  id: {role: direct-identifier, operator: {kind: pseudonymise, scope: release}}
  age: {role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: numeric, widths: [1, 5]}}}
  lat: {role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: geo-grid, longitude: lng, cells: [0.1]}}}
  lng: {role: quasi-identifier, operator: {kind: with, column: lat}}
  born: {role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: date, levels: [month, year]}}}
  home: {role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: divisions, levels: [district, city]}}}
  text: {role: plain, operator: {kind: redact-text, style: mask}}
  phone: {role: direct-identifier, operator: {kind: mask, keep_end: 2}}
  illness: {role: sensitive, operator: {kind: keep}}
  income: {role: sensitive, operator: {kind: round, step: 100}}
  weight: {role: sensitive, operator: {kind: top-bottom, high: 150}}
models:
  - {kind: k-anonymity, k: 5}
  - {kind: distinct-l-diversity, column: illness, l: 3}
suppression_limit: 0.02
missing: any
algorithm: full-domain
"""


def test_a_policy_survives_yaml() -> None:
    policy = Policy.from_yaml(GOOD)
    assert Policy.from_yaml(policy.to_yaml()) == policy
    assert Policy.from_yaml(policy.to_yaml()).fingerprint() == policy.fingerprint()
    assert policy.k == 5
    assert policy.quasi_identifiers == ["age", "lat", "born", "home", "phone"]


def column(text: str) -> str:
    return f"columns:\n  sfzh: {text}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (column("{role: direct-identifier, operator: {kind: hide}}"), "columns.sfzh.operator.kind"),
        (column("{role: direct-identifier, operator: {}}"), "columns.sfzh.operator.kind"),
        (column("{role: direct-identifier, operator: {kind: keep}}"), "columns.sfzh.operator.kind"),
        (column("{role: secret, operator: {kind: drop}}"), "columns.sfzh.role"),
        (column("{operator: {kind: drop}}"), "columns.sfzh.role"),
        (column("{role: plain, operator: {kind: mask, keep: 2}}"), "columns.sfzh.operator.keep"),
        (column("{role: plain, operator: {kind: mask, keep_start: -1}}"), "columns.sfzh.operator.keep_start"),
        (column("{role: plain, operator: {kind: top-bottom, low: 5, high: 5}}"), "columns.sfzh.operator"),
        (
            column(
                "{role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: numeric, widths: [2, 5]}}}"
            ),
            "columns.sfzh.operator.hierarchy",
        ),
        (
            column(
                "{role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: date, levels: [week, year]}}}"
            ),
            "columns.sfzh.operator.hierarchy",
        ),
        (
            column("{role: quasi-identifier, operator: {kind: generalise, hierarchy: {kind: tree}}}"),
            "columns.sfzh.operator.hierarchy.kind",
        ),
        (
            column(
                "{role: quasi-identifier, operator: {kind: generalise, hierarchy: "
                "{kind: category, rows: [[a, x], [b, y], [a, y]]}}}"
            ),
            "columns.sfzh.operator.hierarchy",
        ),
        (column("{role: plain, operator: {kind: drop}}") + "subject: who\n", "subject"),
        (column("{role: plain, operator: {kind: drop}}") + "subject_unit: person\n", "subject"),
        (column("{role: plain, operator: {kind: drop}}") + "models: [{kind: k-anonymity, k: 1}]\n", "models.0.k"),
        (column("{role: plain, operator: {kind: drop}}") + "models: [{kind: magic}]\n", "models.0.kind"),
        (
            column("{role: plain, operator: {kind: keep}}")
            + "models: [{kind: distinct-l-diversity, column: sfzh, l: 2}]\n",
            "models.0.column",
        ),
        (column("{role: quasi-identifier, operator: {kind: keep}}") + "models: []\n", "models"),
        (column("{role: plain, operator: {kind: drop}}") + "suppression_limit: 2\n", "suppression_limit"),
        (column("{role: plain, operator: {kind: drop}}") + "sesame: 1\n", "sesame"),
        ("version: 1\n", "columns"),
        ("columns: {}\n", "columns"),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, place: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Policy.from_yaml(text)
    assert f"{place}: " in caught.value.detail
    assert "#/" + place.replace(".", "/") in [error["pointer"] for error in caught.value.errors]


@pytest.mark.parametrize("text", ["", "a: [", "- 1\n- 2\n", "just words"])
def test_what_is_no_mapping_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="policy"):
        Policy.from_yaml(text)


def test_a_policy_file_takes_in_its_hierarchy_files(tmp_path: Path) -> None:
    (tmp_path / "sex.csv").write_text("Male;*\nFemale;*\n", encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(
        "columns:\n  sex:\n    role: quasi-identifier\n"
        "    operator: {kind: generalise, hierarchy: {kind: category, file: sex.csv}}\n",
        encoding="utf-8",
    )
    policy = anonymizer.load_policy(tmp_path / "policy.yaml")
    operator = policy.columns["sex"].operator
    assert isinstance(operator, Generalise)
    assert operator.hierarchy.rows == [["Male", "*"], ["Female", "*"]]  # type: ignore[union-attr]  # the kind written
    (tmp_path / "sex.csv").unlink()
    with pytest.raises(InvalidInput, match=r"sex\.csv"):
        anonymizer.load_policy(tmp_path / "policy.yaml")
    with pytest.raises(InvalidInput, match=r"none\.yaml"):
        anonymizer.load_policy(tmp_path / "none.yaml")


def finding(name: str, kind: str | None, role: ColumnRole, **more: object) -> ColumnFinding:
    content: dict[str, object] = {
        "dtype": "String", "valid_share": 1.0, "confidence": 0.9, "distinct": 50, "nulls": 0,
        "examples_masked": ["某某"],
        "reason": {"en": "because"},
    }  # fmt: skip
    return ColumnFinding.model_validate(content | more | {"name": name, "semantic_type": kind, "role": role})


def scan() -> ScanResult:
    quasi, direct = ColumnRole.QUASI_IDENTIFIER, ColumnRole.DIRECT_IDENTIFIER
    return ScanResult(
        rows=100,
        personal_cells=300,
        mode="leak-first",
        columns=[
            finding("name", "PERSON", direct),
            finding("plate", "CN_LICENSE_PLATE", direct),
            finding("age", "AGE", quasi, facts={"kind": "whole", "span": 70}),
            finding("day", "DATE_TIME", quasi, facts={"kind": "date"}),
            finding("lat", "LATITUDE", quasi),
            finding("lng", "LONGITUDE", quasi),
            finding("text", "FREE_TEXT", direct, free_text=True),
            finding("illness", "DIAGNOSIS", ColumnRole.SENSITIVE),
            finding("fee", "AMOUNT", ColumnRole.PLAIN),
        ],
    )


def test_a_proposal_follows_from_the_findings() -> None:
    policy = anonymizer.propose_policy(scan(), k=7)
    kinds = {name: column.operator.kind for name, column in policy.columns.items()}
    assert kinds == {
        "name": "drop", "plate": "drop", "age": "generalise", "day": "generalise", "lat": "generalise", "lng": "with",
        "text": "redact-text", "illness": "keep", "fee": "keep",
    }  # fmt: skip
    assert policy.k == 7
    assert policy.suppression_limit == 0.05
    assert (policy.subject, policy.subject_unit) == ("plate", "vehicle")
    assert isinstance(policy.columns["text"].operator, RedactText)
    lat = policy.columns["lat"].operator
    assert isinstance(lat, Generalise)
    assert isinstance(lat.hierarchy, GeoGridHierarchy)
    assert Policy.from_yaml(policy.to_yaml()) == policy


def test_hints_overrule_and_unknown_columns_are_refused() -> None:
    policy = anonymizer.propose_policy(
        scan(),
        subject="name",
        hints=dict.fromkeys(("age", "day", "lat", "lng"), ColumnRole.PLAIN),
    )
    assert policy.columns["age"].operator.kind == "keep"
    assert policy.subject == "name"
    assert isinstance(policy.columns["name"].operator, Pseudonymise)
    assert isinstance(policy.columns["plate"].operator, Drop)
    assert policy.models == []
    with pytest.raises(InvalidInput, match="agee"):
        anonymizer.propose_policy(scan(), hints={"agee": ColumnRole.PLAIN})


def test_a_proposal_fitted_to_a_table_can_be_carried_out_and_lists_no_value() -> None:
    table = pl.DataFrame(
        {
            "姓名": [f"王{chr(0x4E00 + i)}{chr(0x5000 + i)}" for i in range(60)],
            "年龄": [20 + i % 40 for i in range(60)],
            "性别": ["男", "女"] * 30,
            "学历": [["本科", "高中", "博士"][i % 3] for i in range(60)],
            "出生日期": [f"19{60 + i % 40}-0{1 + i % 9}-15" for i in range(60)],
            "诊断": [["感冒", "发热"][i % 2] for i in range(60)],
        }
    )
    policy = anonymizer.propose_policy(table, k=5)
    assert not any(value in policy.to_yaml() for value in ("本科", "博士", "感冒"))
    effect = anonymizer.preview(table, policy, rows=5)
    assert effect.reached
    assert effect.k_reached is not None
    assert effect.k_reached >= 5
    assert effect.k_before == 1
    assert not effect.sampled
    assert len(effect.sample) == 5
    assert effect.sample[0].before["姓名"] == "某某某"
    assert effect.sample[0].after is not None
    assert "姓名" not in effect.sample[0].after


def test_a_preview_tells_why_a_policy_cannot_be_carried_out() -> None:
    table = pl.DataFrame({"age": list(range(20))})
    policy = Policy.from_yaml(
        "columns: {age: {role: quasi-identifier, operator: {kind: keep}}}\nmodels: [{kind: k-anonymity, k: 5}]"
    )
    effect = anonymizer.preview(table, policy)
    assert not effect.reached
    assert effect.problem is not None
    assert "generalise or drop age" in effect.problem
    assert sum(bar.classes for bar in effect.histogram_before) == 20


def test_a_preview_of_a_large_table_says_that_it_samples() -> None:
    table = pl.DataFrame({"age": [i % 90 for i in range(60_000)]})
    policy = Policy.from_yaml(
        "columns:\n  age:\n    role: quasi-identifier\n"
        "    operator: {kind: generalise, hierarchy: {kind: numeric, widths: [1]}}\n"
    )
    effect = anonymizer.preview(table, policy)
    assert (effect.rows_in, effect.rows_used, effect.sampled) == (60_000, 50_000, True)
    assert "60000" in effect.warnings[0]["en"]


def test_the_policy_of_the_readme_is_valid_and_uses_every_operator_and_hierarchy() -> None:
    readme = (Path(anonymizer.__file__).parent / "README.md").read_text(encoding="utf-8")
    text = readme.split("```yaml\n")[1].split("```")[0]
    policy = Policy.from_yaml(text)
    schema = Policy.json_schema()["$defs"]
    kinds = {
        definition["properties"]["kind"]["const"]
        for definition in schema.values()
        if "kind" in definition.get("properties", {})
    }
    used = {c.operator.kind for c in policy.columns.values()} | {m.kind for m in policy.models}
    used |= {c.operator.hierarchy.kind for c in policy.columns.values() if isinstance(c.operator, Generalise)}
    assert kinds == used


def test_proposed_hierarchies_fit_what_nearly_all_values_are() -> None:
    streets = ["莲花街道", "沙头街道", "香蜜湖街道", "园岭街道"]
    table = pl.DataFrame(
        {
            "登记日期": [f"20{i % 25:02d}-0{1 + i % 9}-1{i % 9}" for i in range(99)] + ["2026-13-32"],
            "家庭人口": [str(1 + i % 6) for i in range(99)] + ["不详"],
            "所属街道": [streets[i % 4] for i in range(100)],
            "现住址": [f"深圳市福田区{streets[i % 4]}福华路{i}号" for i in range(100)],
            "编码": [f"{i:04d}" for i in range(100)],
        }
    )
    roles = dict.fromkeys(table.columns, ColumnRole.QUASI_IDENTIFIER)
    policy = anonymizer.propose_policy(table, hints=roles)
    hierarchies = {
        name: column.operator.hierarchy.kind
        for name, column in policy.columns.items()
        if isinstance(column.operator, Generalise)
    }
    assert hierarchies == {
        "登记日期": "date", "家庭人口": "numeric", "所属街道": "prefix", "现住址": "divisions", "编码": "prefix",
    }  # fmt: skip
    assert anonymizer.preview(table, policy).reached
