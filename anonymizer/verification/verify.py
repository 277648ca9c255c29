"""`verify`: recompute every claim of a release that can be, and say which rest on the run's word."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl
from pydantic import ValidationError

from anonymizer.canonical import hash_of_kinds
from anonymizer.errors import ReleaseUnreadable
from anonymizer.identifying import contract_faults
from anonymizer.release_files import CONTRACT, CSV, MANIFEST, PARQUET, POLICY, REPORT, csv_table, file_hash
from anonymizer.results import Check, VerifyResult
from anonymizer.sources import read_parquet
from anonymizer.verification.counting import Counts, count
from anonymizer.verification.values import outside_hierarchy
from contracts.errors import FileRejected, InvalidInput
from contracts.privacy import AverageRisk, Drop, Manifest, MaxRisk, Policy, PublicReport, Threshold, With
from contracts.schema import DataContract, FieldType

_T = TypeVar("_T")
_SLACK = 1e-9
_SENSITIVE = {
    "distinct-l-diversity": ("l-diversity", "≥", "Distinct values"),
    "entropy-l-diversity": ("entropy l-diversity", "≥", "e to the power of the entropy of the values"),
    "recursive-cl-diversity": ("recursive (c,l)-diversity", "<", "Most frequent value over all but the l - 1 first"),
    "t-closeness": ("t-closeness", "≤", "Distance between the values of a group and those of all"),
}
"""Name, direction and meaning of each model about a sensitive column."""
_NEEDED = (PARQUET, REPORT, POLICY, CONTRACT)


def verify(release: Path) -> VerifyResult:
    """Check a release's folder, as :func:`anonymizer.anonymize` or the catalog wrote it.

    Raises :class:`anonymizer.errors.ReleaseUnreadable` when a needed file is missing or cannot be read at
    all; everything that reads but does not agree is a failed check in the result.
    """
    folder = Path(release)
    manifest = _manifest(folder)
    checks = _files(folder, manifest)
    report = _read(folder / REPORT, PublicReport.model_validate_json)
    contract = _read(folder / CONTRACT, DataContract.model_validate_json)
    policy = _read(folder / POLICY, Policy.from_yaml)
    try:
        table = read_parquet(folder / PARQUET)
    except FileRejected as error:
        raise ReleaseUnreadable(error.detail) from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise ReleaseUnreadable(f"{PARQUET} cannot be read as Parquet ({type(error).__name__})") from None
    checks += _papers(manifest, report, policy)
    schema = _schema(table, contract)
    checks.append(schema)
    checks.append(_treated(contract, policy))
    if schema.ok:
        checks += _table(folder, table, contract, policy, report, manifest)
    return VerifyResult(report.release_id, checks, _attested(report))


def _manifest(folder: Path) -> Manifest:
    if not folder.is_dir():
        raise ReleaseUnreadable(f"{folder.name!r} is not a folder: give the folder of a release")
    missing = [name for name in (MANIFEST, *_NEEDED) if not (folder / name).is_file()]
    if missing:
        raise ReleaseUnreadable(f"{folder.name!r} is no release: it lacks {', '.join(missing)}")
    return _read(folder / MANIFEST, Manifest.model_validate_json)


def _read(path: Path, parse: Callable[[str], _T]) -> _T:
    try:
        return parse(path.read_text(encoding="utf-8"))
    except InvalidInput as error:
        raise ReleaseUnreadable(f"{path.name}: {error.detail}") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"]) or "the file"
        raise ReleaseUnreadable(f"{path.name}: {place}: {first['msg']}") from None
    except UnicodeDecodeError:
        raise ReleaseUnreadable(f"{path.name} is not UTF-8 text") from None


def _same(name: str, claimed: object, found: object, explanation: str) -> Check:
    return Check(name, claimed == found, str(claimed), str(found), explanation)


def _files(folder: Path, manifest: Manifest) -> list[Check]:
    checks = []
    for file in manifest.files:
        path = folder / file.name
        if Path(file.name).name != file.name:
            checks.append(
                Check(f"file {file.name}", False, "a plain name", file.name, "A release's files lie in its folder")
            )
        elif not path.is_file():
            checks.append(Check(f"file {file.name}", False, file.sha256, "missing", "The manifest lists this file"))
        else:
            checks.append(_same(f"file {file.name}", file.sha256, file_hash(path), "SHA-256 as the manifest has it"))
    listed = {file.name for file in manifest.files}
    unlisted = [name for name in _NEEDED if name not in listed]
    if unlisted:
        checks.append(
            Check(
                "manifest lists all files",
                False,
                ", ".join(_NEEDED),
                f"without {', '.join(unlisted)}",
                "Every file is hashed",
            )
        )
    return checks


def _papers(manifest: Manifest, report: PublicReport, policy: Policy) -> list[Check]:
    return [
        _same("release id", manifest.release_id, report.release_id, "Manifest and report name the same release"),
        _same("policy in report", report.policy_fingerprint, policy.fingerprint(), "The report is about this policy"),
        _same(
            "policy in manifest", manifest.policy_fingerprint, policy.fingerprint(), "The manifest is about this policy"
        ),
    ]


def _schema(table: pl.DataFrame, contract: DataContract) -> Check:
    claimed = [(field.name, field.type) for field in contract.fields]
    found = [(name, _type(dtype)) for name, dtype in table.schema.items()]
    needless = [
        f.name for f in contract.fields if not f.nullable and f.name in table.columns and table[f.name].null_count()
    ]
    wrong = [f"{c} ≠ {f}" for c, f in zip(claimed, found, strict=False) if c != f]
    wrong += [f"{name} has empty cells" for name in needless] + contract_faults(table, contract)
    detail = "; ".join(wrong) or f"{len(found)} columns"
    return Check(
        "schema",
        claimed == found and not wrong,
        f"{len(claimed)} columns",
        detail,
        "Names, types and order of columns, key and coordinates as in the data contract",
    )


def _type(dtype: pl.DataType) -> FieldType:
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "timestamp"
    if dtype.is_integer():
        return "integer"
    return "number" if dtype.is_numeric() else "string"


def _treated(contract: DataContract, policy: Policy) -> Check:
    """Columns to drop are gone, others are published under their own treatment, nothing else is there."""
    wrong = []
    published = {field.range_of or field.name: field for field in contract.fields}
    for name, column in policy.columns.items():
        gone = isinstance(column.operator, Drop)
        if gone and name in published:
            wrong.append(f"{name} should be left out")
        elif not gone and name not in published:
            wrong.append(f"{name} is missing")
        elif not gone and not isinstance(column.operator, With) and published[name].treatment != column.operator.kind:
            wrong.append(f"{name} is {published[name].treatment}, not {column.operator.kind}")
    wrong += [f"{name} is not in the policy" for name in published if name not in policy.columns]
    return Check(
        "treatment", not wrong, f"{len(policy.columns)} columns", "; ".join(wrong) or "as the policy says",
        "Every column treated as the policy says",
    )  # fmt: skip


def _table(
    folder: Path, table: pl.DataFrame, contract: DataContract, policy: Policy, report: PublicReport, manifest: Manifest
) -> list[Check]:
    claims = report.claims.recomputable
    # One look at all rows; everything else is counted on the different ones.
    names = table.columns
    grouped = table.group_by(names).len(stand := "#" + "".join(names))
    kinds, rows = grouped.select(names), grouped.get_column(stand)
    hashed = hash_of_kinds(kinds, contract, rows)
    counts = count(kinds, contract, policy, rows=rows)
    checks = [
        _same("content hash in manifest", manifest.content_hash, hashed, "SHA-256 of the table's canonical form"),
        _same("content hash in report", claims.content_hash, hashed, "SHA-256 of the table's canonical form"),
        _same("rows in manifest", manifest.rows, counts.rows, "Rows of the table"),
        _same("rows published", claims.rows_published, counts.rows, "Rows of the table"),
        _same(
            "quasi-identifiers",
            claims.quasi_identifiers,
            counts.quasi_identifiers,
            "Published columns that are counted",
        ),
        _same("subject column", claims.subject_column, counts.subject_column, "Pseudonyms that tell subjects apart"),
        _same("classes", claims.classes, counts.classes, "Groups of rows alike in the quasi-identifiers"),
        _same("k by row", claims.k_by_row, counts.k_by_row, "Rows in the smallest group"),
        _same(
            "k by subject",
            claims.k_by_subject,
            counts.k_by_subject,
            "Subjects in the smallest group, where recountable",
        ),
        _same("subjects published", claims.subjects_published, counts.subjects, "Distinct subjects, where recountable"),
        _diversity(claims.diversity, counts.diversity),
    ]
    checks += _models(policy, counts)
    checks += [
        Check(
            f"hierarchy {name}",
            not wrong,
            "values of the hierarchy",
            wrong or "all values",
            "No value outside its hierarchy",
        )
        for name, wrong in outside_hierarchy(kinds, contract, policy)
    ]
    if any(file.name == CSV for file in manifest.files) and (folder / CSV).is_file():
        checks.append(_csv(folder / CSV, table, kinds, rows, contract))
    return checks


def _diversity(claimed: list[Threshold], found: list[Threshold]) -> Check:
    """The figures of sensitive columns, up to the last digits of a sum."""
    same = len(claimed) == len(found) and all(
        (a.model, a.required, a.column) == (b.model, b.required, b.column)
        and (
            a.reached is b.reached is None or math.isclose(a.reached or 0, b.reached or 0, rel_tol=1e-9, abs_tol=1e-12)
        )
        for a, b in zip(claimed, found, strict=True)
    )
    return Check("diversity", same, str(claimed), str(found), "Sensitive values in the group that is worst off")


def _models(policy: Policy, counts: Counts) -> list[Check]:
    """The policy's models hold. k subjects are at least k rows, so a release short of k rows fails whoever
    the subjects are."""
    checks = []
    if counts.quasi_identifiers and counts.rows:
        found = counts.k_by_row if counts.k_by_subject is None else counts.k_by_subject
        checks.append(
            Check(
                "k-anonymity",
                found is not None and found >= policy.k,
                f"≥ {policy.k}",
                str(found),
                "By subject" if counts.k_by_subject is not None else "By row: the release does not tell subjects apart",
            )
        )
        for model in policy.models:
            if isinstance(model, MaxRisk) and model.attacker == "prosecutor":
                risk = 1 / found if found else None
                checks.append(
                    Check("highest risk", risk is not None and risk <= model.risk + _SLACK, f"≤ {model.risk:g}",
                          str(risk), "1 / the smallest group")
                )  # fmt: skip
            elif isinstance(model, AverageRisk) and model.attacker == "prosecutor" and counts.subjects:
                risk = counts.classes / counts.subjects
                checks.append(
                    Check("average risk", risk <= model.risk + _SLACK, f"≤ {model.risk:g}", str(risk),
                          "Groups / subjects published")
                )  # fmt: skip
        checks += [_sensitive(threshold) for threshold in counts.diversity]
    return checks


def _sensitive(threshold: Threshold) -> Check:
    """One model about a sensitive column, in the group that is worst off."""
    name, sign, words = _SENSITIVE[threshold.model]
    reached, required = threshold.reached, threshold.required
    if reached is None:
        ok = False
    elif sign == "≥":
        ok = reached >= required - _SLACK
    else:
        ok = reached < required if sign == "<" else reached <= required + _SLACK
    shown = f"{reached:g}" if reached is not None else "fewer values than l"
    return Check(f"{name} of {threshold.column}", ok, f"{sign} {required:g}", shown, words)


def _csv(path: Path, table: pl.DataFrame, kinds: pl.DataFrame, rows: pl.Series, contract: DataContract) -> Check:
    """The CSV says what the Parquet file says: the same lines as often or, where it is written otherwise, the same
    cells in the same order."""
    if _same_lines(path, kinds, rows, contract):
        return Check("CSV", True, "equal", "equal", "Same cells as the Parquet file")
    expected = csv_table(table, contract)
    what = "Same cells as the Parquet file"
    try:
        written = pl.read_csv(path, schema=expected.schema, glob=False)
        header = pl.read_csv(path, n_rows=0, glob=False).columns
    except pl.exceptions.PolarsError as error:
        return Check("CSV", False, "readable", type(error).__name__, what)
    if header != expected.columns or written.height != expected.height:
        found = f"{written.height} rows, {len(header)} columns"
        return Check("CSV", False, f"{expected.height} rows, {expected.width} columns", found, what)
    wrong = [name for name in expected.columns if not written[name].equals(expected[name])]
    return Check("CSV", not wrong, "equal", f"differs in {', '.join(wrong)}" if wrong else "equal", what)


def _same_lines(path: Path, kinds: pl.DataFrame, rows: pl.Series, contract: DataContract) -> bool:
    """Whether the CSV holds each line as often as the table has such rows, and no other line."""
    written = io.BytesIO()
    csv_table(kinds, contract).write_csv(written, include_bom=True)
    expected = written.getvalue().split(b"\n")
    with path.open("rb") as stream:
        head = stream.readline()
    # A line break in a cell, or a line that is empty, is read otherwise.
    if len(expected) != kinds.height + 2 or b"" in expected[:-1] or head != expected[0] + b"\n":
        return False
    try:
        lines = pl.read_csv(
            path, has_header=False, skip_rows=1, separator="\x00", quote_char=None, new_columns=["line"],
            schema={"line": pl.String}, glob=False,
        )  # fmt: skip
    except pl.exceptions.PolarsError:
        return False
    found = lines.group_by("line").len("found")
    told = pl.DataFrame({"line": pl.Series(expected[1:-1], dtype=pl.Binary).cast(pl.String), "told": rows})
    both = told.group_by("line").agg(pl.col("told").sum()).join(found, on="line", how="full", coalesce=True)
    return bool((both.get_column("told").eq_missing(both.get_column("found"))).all())


def _attested(report: PublicReport) -> dict[str, str]:
    attested = report.claims.attested
    found = {
        "rows read": str(attested.rows_in),
        "rows suppressed": str(attested.rows_suppressed),
        "subjects read": str(attested.subjects_in),
        "information loss": f"{attested.loss:.4f}",
    }
    if attested.entities_found:
        found["personal data found"] = str(sum(attested.entities_found.values()))
    if report.claims.recomputable.k_by_subject is None and attested.k_by_subject is not None:
        found["k by subject"] = str(attested.k_by_subject)
    if attested.series is not None and attested.series.k is not None:
        found[f"subjects left beside {', '.join(attested.series.compared)}"] = str(attested.series.k)
    for threshold in report.thresholds:
        if threshold.model == "household-risk":
            found["highest risk of a household"] = str(threshold.reached)
        if threshold.column and all(d.column != threshold.column for d in report.claims.recomputable.diversity):
            found[f"{threshold.model} of {threshold.column}"] = str(threshold.reached)
    return found
