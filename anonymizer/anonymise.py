"""The whole run: table and policy in, de-identified table with its reports out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import keys, operators, release_files, sources
from anonymizer.applying import Classes, form_classes
from anonymizer.canonical import content_hash
from anonymizer.hierarchies.publishers import field_type
from anonymizer.preparation import Prepared, prepare, search
from anonymizer.report.builder import Run, build
from anonymizer.results import AnonymizeResult, Finding, Progress, ScanResult
from anonymizer.sources import Source
from anonymizer.verification.counting import count
from contracts import clock
from contracts.errors import InvalidInput
from contracts.privacy import (
    ColumnPolicy,
    Drop,
    Keep,
    Manifest,
    Mask,
    Policy,
    Pseudonymise,
    RecomputableClaims,
    RedactText,
    Round,
    TopBottom,
    With,
)
from contracts.schema import ContractField, DataContract

IntArray = npt.NDArray[np.int64]


def anonymize(
    table: Source,
    policy: Policy,
    *,
    secret: bytes,
    release_id: str,
    out: Path | None = None,
    scan: ScanResult | None = None,
    on_progress: Progress | None = None,
) -> AnonymizeResult:
    """Treat a table by a policy.

    ``secret`` (16 bytes or more, kept by the dataset's owner) keys pseudonyms and the order of rows. The same input, policy, secret
    and ``release_id`` give the same content hash. ``scan`` only adds its counts to the report. With ``out`` a folder is written
    that :func:`anonymizer.verify` checks; it is marked unapproved. Raises :class:`contracts.errors.InvalidInput` when policy and
    table do not fit, and :class:`anonymizer.errors.Unreachable` when the models cannot be met within the suppression limit.
    """
    tell = on_progress or _silent
    keys.check(secret)
    if not release_id.strip():
        raise InvalidInput.at("release_id", "The release needs an id")
    if out is not None:
        release_files.check_free(Path(out))
    tell("read", 0.0)
    frame = sources.read(table)
    tell("count", 0.1)
    prepared = prepare(frame, policy)
    tell("search", 0.3)
    recoding = search(prepared)
    tell("apply", 0.5)
    classes = form_classes(prepared, recoding)
    released, contract, hidden, changed = _apply(prepared, classes, secret, release_id, tell)
    tell("report", 0.8)
    hashed = content_hash(released, contract)
    run = Run(
        prepared=prepared,
        recoding=recoding,
        classes=classes,
        contract=contract,
        released=released,
        recomputable=_recomputable(released, contract, policy, hashed),
        release_id=release_id,
        texts_hidden=hidden,
        texts_redacted=changed,
        scan=scan,
        sample_key=keys.derive(secret, "sample", release_id),
    )
    public, officer = build(run)
    shuffled = released[_order(released.height, secret, release_id)]
    manifest = Manifest(
        release_id=release_id,
        created_at=public.created_at,
        content_hash=hashed,
        rows=released.height,
        policy_fingerprint=public.policy_fingerprint,
        generator=f"shuyi {_version()}",
    )
    if out is not None:
        tell("write", 0.85)
        manifest = release_files.write(Path(out), shuffled, contract, policy, public, manifest)
    tell("done", 1.0)
    return AnonymizeResult(shuffled, contract, public, officer, manifest, hashed)


def _silent(stage: str, share: float) -> None:
    """No one listens."""


def _version() -> str:
    try:
        return version("shuyi")
    except PackageNotFoundError:
        return "0"


def _order(rows: int, secret: bytes, release_id: str) -> IntArray:
    """A keyed order of rows, so that their order in the source tells nothing."""
    seed = int.from_bytes(keys.derive(secret, "row order", release_id), "big")
    return np.random.Generator(np.random.PCG64(seed)).permutation(rows)


def _recomputable(released: pl.DataFrame, contract: DataContract, policy: Policy, hashed: str) -> RecomputableClaims:
    counts = count(released, contract, policy)
    return RecomputableClaims(
        content_hash=hashed,
        rows_published=counts.rows,
        quasi_identifiers=counts.quasi_identifiers,
        subject_column=counts.subject_column,
        classes=counts.classes,
        k_by_row=counts.k_by_row,
        k_by_subject=counts.k_by_subject,
        subjects_published=counts.subjects,
        diversity=counts.diversity,
    )


def _apply(
    prepared: Prepared, classes: Classes, secret: bytes, release_id: str, tell: Progress
) -> tuple[pl.DataFrame, DataContract, Counter[str], int]:
    """The released rows in table order, their contract, findings hidden in texts, and texts changed."""
    class_of_row = classes.of_combination[prepared.histogram.combination_of_row]
    kept = class_of_row >= 0
    everything = bool(kept.all())
    table = prepared.table if everything else prepared.table.filter(pl.Series(kept))
    class_of_row = class_of_row if everything else class_of_row[kept]
    policy = prepared.policy
    published = {
        column.name: shown for column, shown in zip(prepared.quasi_identifiers, classes.published, strict=True)
    }
    series: list[pl.Series] = []
    fields: list[ContractField] = []
    hidden: Counter[str] = Counter()
    changed = 0
    for name, column in policy.columns.items():
        if name in published:
            for part in published[name]:
                series.append(part.values.gather(class_of_row))
                fields.append(_field(part.field, column, series[-1]))
            continue
        if isinstance(column.operator, Drop | With):
            continue
        values = table.get_column(name)
        if isinstance(column.operator, RedactText):
            values, found, cells = operators.redact(
                values, column.operator, _scan_text, lambda share: tell("text", 0.5 + 0.3 * share)
            )
            hidden += found
            changed += cells
        else:
            values = _treated(values, column, secret, release_id)
        series.append(values)
        fields.append(_field(ContractField(name=name, type=field_type(values.dtype)), column, values))
    names = [field.name for field in fields]
    clash = next((name for name in names if names.count(name) > 1), None)
    if clash is not None:
        raise InvalidInput(f"Two published columns would be called {clash!r}: rename the one in the table")
    left_out = [name for name, column in policy.columns.items() if isinstance(column.operator, Drop)]
    released = pl.DataFrame(series) if series else pl.DataFrame()
    if not series:
        raise InvalidInput("The policy publishes no column")
    return released, DataContract(fields=fields, left_out=left_out), hidden, changed


def _scan_text(texts: Sequence[str]) -> list[list[Finding]]:
    """The text engine, imported when the first text is read: it takes seconds to load."""
    from anonymizer.scanning import scan_text

    return scan_text(texts)


def _field(field: ContractField, column: ColumnPolicy, values: pl.Series) -> ContractField:
    return field.model_copy(
        update={
            "treatment": column.operator.kind,
            "role": column.role.value,
            "title": column.title,
            "nullable": values.null_count() > 0,
        }
    )


def _treated(values: pl.Series, column: ColumnPolicy, secret: bytes, release_id: str) -> pl.Series:
    match column.operator:
        case Keep():
            return values
        case Mask() as operator:
            return operators.mask(values, operator)
        case Round() as operator:
            return operators.round_to(values, operator)
        case TopBottom() as operator:
            return operators.top_bottom(values, operator)
        case Pseudonymise() as operator:
            return operators.pseudonymise(values, operator, secret, release_id)
        case other:
            raise InvalidInput.at(
                f"columns/{values.name}/operator/kind", f"{other.kind!r} does not work on column {values.name!r}"
            )
