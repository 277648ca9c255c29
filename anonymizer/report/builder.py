"""Building the two reports of one run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import series
from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import Classes, linked_size, raw_groups, raw_sizes
from anonymizer.preparation import Prepared
from anonymizer.releasing import Released
from anonymizer.report import texts
from anonymizer.report.losses import losses, overall
from anonymizer.report.utility import column_utility, riskiest, sample_rows, suppressed_profile
from anonymizer.results import ScanResult
from anonymizer.risk import measure
from anonymizer.risk.households import household_risks
from anonymizer.series import Followed
from anonymizer.threads import each
from contracts import clock
from contracts.privacy import (
    AttestedClaims,
    AverageRisk,
    Claims,
    ColumnLoss,
    ColumnRole,
    DistinctLDiversity,
    EntropyLDiversity,
    HouseholdRisk,
    KAnonymity,
    MaxRisk,
    OfficerReport,
    Policy,
    Pseudonymise,
    PublicReport,
    RecomputableClaims,
    SensitiveModel,
    SeriesClaim,
    Threshold,
    Treatment,
    Warning,
    threshold_of,
)

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

HIDDEN_SHARE = 0.95  # from this share of rows on, a column that shows nothing is warned of


@dataclass(frozen=True)
class Run:
    """What one run did, for the reports."""

    prepared: Prepared
    recoding: Recoding
    classes: Classes
    released: Released
    recomputable: RecomputableClaims
    release_id: str
    scan: ScanResult | None
    sample: IntArray
    followed: Followed | None = None


def warnings(prepared: Prepared, by_column: list[ColumnLoss], linked: int | None) -> list[Warning]:
    """What a reader should know."""
    policy = prepared.policy
    found = [
        texts.hidden_warning(item.column, item.wholly_hidden_share)
        for item in by_column
        if item.wholly_hidden_share >= HIDDEN_SHARE
    ]
    if linked is not None and policy.subject is not None and linked < policy.k:
        found.append(texts.linked_warning(policy.subject, linked, policy.k))
    found += [
        texts.partial_warning(name)
        for name in policy.quasi_identifiers
        if policy.columns[name].role is ColumnRole.DIRECT_IDENTIFIER
    ]
    found += [
        texts.unreadable_warning(column.name, column.unreadable)
        for column in prepared.quasi_identifiers
        if column.unreadable
    ]
    return found


def linked(prepared: Prepared, classes: Classes) -> int | None:
    """:func:`linked_size` where the subject's pseudonym is published and there is something to link."""
    policy = prepared.policy
    if policy.subject is None or not prepared.quasi_identifiers:
        return None
    if not isinstance(policy.columns[policy.subject].operator, Pseudonymise):
        return None
    return linked_size(prepared, classes)


def build(run: Run) -> tuple[PublicReport, OfficerReport]:
    """The public and the officer's report."""
    public = _public(run)
    return public, _officer(run, public)


def _public(run: Run) -> PublicReport:
    prepared, policy = run.prepared, run.prepared.policy
    histogram = prepared.histogram
    by_column = losses(prepared, run.recoding, run.classes)
    linked_k = linked(prepared, run.classes)
    beside = None if run.followed is None else series.claim(prepared, run.classes, run.followed)
    kept = np.flatnonzero(~run.recoding.suppressed)
    subjects_published = histogram.subjects_in(kept)
    k_reached = int(run.classes.subjects.min()) if prepared.quasi_identifiers and len(run.classes.rows) else None
    entities = _entities(run)
    attested = AttestedClaims(
        k_by_subject=k_reached,
        rows_in=histogram.total_rows,
        rows_suppressed=int(histogram.rows[run.recoding.suppressed].sum()),
        subjects_in=histogram.total_subjects,
        subjects_published=subjects_published,
        subjects_suppressed=histogram.total_subjects - subjects_published,
        loss=overall(by_column),
        loss_by_column=by_column,
        entities_found=dict(sorted(entities.items())),
        texts_redacted=run.released.changed,
        linked_k=linked_k,
        series=beside,
    )
    return PublicReport(
        release_id=run.release_id,
        created_at=clock.now(),
        subject_unit=policy.subject_unit,
        policy_fingerprint=policy.fingerprint(),
        thresholds=_thresholds(run, k_reached),
        claims=Claims(recomputable=run.recomputable, attested=attested),
        treatments=_treatments(run),
        algorithm=policy.algorithm.value,
        certificate=run.recoding.certificate,
        assumptions=texts.assumptions(policy, rows_without_subject=prepared.rows_without_subject)
        + ([texts.about_series(beside)] if beside is not None and beside.compared else []),
        warnings=warnings(prepared, by_column, linked_k)
        + [
            texts.uncompared_warning(item)
            for item in (beside.not_compared if beside and policy.quasi_identifiers else [])
        ],
        law_references=texts.law_references(),
    )


def _uncompared(policy: Policy, beside: SeriesClaim | None) -> list[Warning]:
    """Earlier releases that could not be compared, where there is anything that could tell subjects apart."""
    if beside is None or not policy.quasi_identifiers:
        return []
    return [texts.uncompared_warning(item) for item in beside.not_compared]


def _entities(run: Run) -> Counter[str]:
    """Cells with personal data by type, from the scan where there was one, else what redaction hid."""
    if run.scan is None:
        return run.released.hidden
    entities: Counter[str] = Counter()
    for column in run.scan.columns:
        entities.update(column.entity_counts)
    return entities


def _thresholds(run: Run, k_reached: int | None) -> list[Threshold]:
    """What each model asked for and what was reached; a model about a sensitive column is as the release shows it, or,
    where that cannot be recounted, as the run counted it."""
    prepared, classes = run.prepared, run.classes
    policy, requirements = prepared.policy, prepared.histogram.requirements
    if not prepared.quasi_identifiers:
        return []
    kept = np.flatnonzero(classes.of_combination >= 0)
    subjects = prepared.histogram.subjects_in(kept)
    share = 1.0 if policy.population is None else prepared.histogram.total_subjects / policy.population
    told = {(d.model, d.column): d.reached for d in run.recomputable.diversity}
    found = []
    sensitive = iter(requirements.sensitive)
    for model in policy.models:
        match model:
            case KAnonymity(k=k):
                found.append(Threshold(model=model.kind, required=k, reached=k_reached))
            case MaxRisk(risk=risk):
                factor = share if model.attacker == "journalist" else 1.0
                found.append(
                    Threshold(model=model.kind, required=risk, reached=factor / k_reached if k_reached else None)
                )
            case HouseholdRisk(risk=risk):
                told_risk = household_risks(prepared, _size_after(run), risk)
                highest = told_risk.highest if told_risk is not None and told_risk.households else None
                found.append(Threshold(model=model.kind, required=risk, reached=highest))
            case AverageRisk(risk=risk):
                factor = share if model.attacker == "marketer" else 1.0
                average = factor * len(classes.rows) / subjects if subjects else None
                found.append(Threshold(model=model.kind, required=risk, reached=average))
            case _:
                item = next(sensitive)
                reached = told.get((model.kind, model.column))
                if reached is None and len(kept):
                    grouped = item.values.of_groups(kept, classes.of_combination[kept], len(classes.rows))
                    reached = worst(model, item.reached(grouped))
                required = threshold_of(model)
                found.append(Threshold(model=model.kind, required=required, reached=reached, column=model.column))
    return found


def worst(model: SensitiveModel, reached: FloatArray) -> float | None:
    """The figure of the class that is worst off; None where it has no bound (fewer values than l)."""
    figure = float(reached.min() if isinstance(model, DistinctLDiversity | EntropyLDiversity) else reached.max())
    return figure if np.isfinite(figure) else None


def _size_after(run: Run) -> IntArray:
    """Subjects alike of each combination in the release, 0 where it is suppressed."""
    place = run.classes.of_combination
    return np.where(place >= 0, run.classes.subjects[np.maximum(place, 0)] if len(run.classes.subjects) else 0, 0)


def _size_before(prepared: Prepared) -> IntArray:
    """Subjects alike of each combination before anything is done."""
    first, group = raw_groups(prepared)
    everything = np.arange(prepared.histogram.combinations, dtype=np.int64)
    return prepared.histogram.requirements.subjects.count(everything, group, len(first))[group]


def _treatments(run: Run) -> list[Treatment]:
    shown: dict[str, list[str]] = {name: [] for name in run.prepared.policy.columns}
    for field in run.released.contract.fields:
        shown[field.range_of or field.name].append(field.name)
    return [
        Treatment(
            column=name,
            role=column.role,
            semantic_type=column.semantic_type,
            operator=column.operator.kind,
            description=texts.treatment(column.operator),
            published_as=shown[name],
        )
        for name, column in run.prepared.policy.columns.items()
    ]


def _of_sample(run: Run) -> pl.DataFrame:
    """The sampled rows of the release, in table order."""
    place = np.flatnonzero(np.isin(run.released.row, run.sample))
    return run.released.table[place[np.argsort(run.released.row[place])]]


def _officer(run: Run, public: PublicReport) -> OfficerReport:
    prepared, policy = run.prepared, run.prepared.policy
    threshold = 1.0 / policy.k
    drawn = prepared.histogram.total_subjects
    quasi = bool(prepared.quasi_identifiers)
    empty = np.empty(0, dtype=np.int64)
    after = run.classes.subjects if quasi else empty
    rows = run.classes.rows if quasi else empty
    suppressed = public.claims.attested.rows_suppressed
    average = float(after.sum()) / len(after) / policy.k if len(after) else None
    before = measure(
        raw_sizes(prepared) if quasi else empty, threshold=threshold, population=policy.population, drawn=drawn
    )
    left = measure(after, threshold=threshold, population=policy.population, drawn=drawn)
    if quasi and policy.household is not None:
        limit = min((m.risk for m in policy.models if isinstance(m, HouseholdRisk)), default=threshold)
        before = before.model_copy(update={"households": household_risks(prepared, _size_before(prepared), limit)})
        left = left.model_copy(update={"households": household_risks(prepared, _size_after(run), limit)})
    return OfficerReport(
        public=public,
        risk_before=before,
        risk_after=left,
        riskiest=riskiest(prepared),
        utility=each(
            lambda place: column_utility(prepared, run.recoding, place), range(len(prepared.quasi_identifiers))
        ),
        sample=sample_rows(prepared, run.classes, run.released.contract, run.sample, _of_sample(run)),
        suppressed_profile=suppressed_profile(prepared, run.recoding),
        discernibility=float((rows.astype(np.float64) ** 2).sum()) + float(suppressed) * prepared.histogram.total_rows,
        average_class_ratio=average,
        series=[] if run.followed is None else run.followed.compared,
    )
