"""What one run of the anonymiser says about itself: the public report, the officer's report and the manifest.

The public report keeps apart what anybody can recompute from the release (with its manifest, data contract
and policy) and what the run attests. Distributions, shapes of raw values and rows at risk are in the
officer's report only.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.privacy.roles import ColumnRole, SubjectUnit
from contracts.text import Text

REPORT_VERSION: Literal[1] = 1


class ReportModel(BaseModel):
    """Settings shared by all parts of a report."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Threshold(ReportModel):
    """One requirement of a model and what was reached; ``column`` for models about a sensitive column."""

    model: str
    required: float
    reached: float | None
    column: str | None = None


class RecomputableClaims(ReportModel):
    """True for whoever counts again in the released table alone. Counts are of rows unless the name says
    otherwise.

    ``k_by_row``: rows in the smallest group of rows that look the same in ``quasi_identifiers`` (published
    columns); None without quasi-identifiers or rows. ``k_by_subject`` is here only where the subject's
    pseudonym is published or every row is its own subject.
    """

    content_hash: str
    rows_published: int
    quasi_identifiers: list[str]
    subject_column: str | None
    classes: int
    k_by_row: int | None
    k_by_subject: int | None
    subjects_published: int | None
    diversity: list[Threshold]


class ColumnLoss(ReportModel):
    """Information lost in one quasi-identifier, 0 (as it was) to 1 (nothing left), mean over all rows read.

    Lost is (leaves covered - 1) / (leaves - 1), for ranges of numbers (high - low) / (domain's high - low);
    suppressed rows count 1. ``wholly_hidden_share``: rows published with nothing left in this column, of the
    rows published.
    """

    column: str
    loss: float
    wholly_hidden_share: float


class UncomparedRelease(ReportModel):
    """An earlier release that a release was not compared with. ``destroyed``: its raw data are gone, and with them what
    links its subjects; ``no-link``: no column tells which rows of both are about the same subject; ``no-classes``: one
    of both has no classes, or it was made when they were not kept."""

    release: str
    reason: Literal["destroyed", "no-link", "no-classes"]


class SeriesClaim(ReportModel):
    """What is left when each subject's classes are intersected over the earlier releases of the dataset and this one.

    ``compared``: versions of those releases, in their order. ``k``: subjects in the smallest intersection;
    ``diversity``: values left in the poorest, as :mod:`anonymizer.series` defines them. Both None or empty where no
    release was compared.
    """

    compared: list[str]
    not_compared: list[UncomparedRelease]
    linked_by: str | None
    k: int | None
    diversity: list[Threshold]


class AttestedClaims(ReportModel):
    """What the run saw and a reader of the release alone cannot recount."""

    k_by_subject: int | None
    rows_in: int
    rows_suppressed: int
    subjects_in: int
    subjects_published: int
    subjects_suppressed: int
    """Subjects none of whose rows are published."""
    loss: float
    loss_by_column: list[ColumnLoss]
    entities_found: dict[str, int]
    """Entity type to the number of cells (scan) or findings hidden in text (redaction)."""
    texts_redacted: int
    linked_k: int | None
    """Where a pseudonym joins several rows of a subject: subjects in the smallest group with the same set of
    classes."""
    series: SeriesClaim | None = None
    """None where the dataset had no earlier release, or none was given."""


class Claims(ReportModel):
    """The two kinds of claims, kept apart."""

    recomputable: RecomputableClaims
    attested: AttestedClaims


class Treatment(ReportModel):
    """What was done to one column of the source."""

    column: str
    role: ColumnRole
    semantic_type: str | None
    operator: str
    description: Text
    published_as: list[str]


class LawReference(ReportModel):
    """Where a requirement comes from."""

    source: Text
    article: str
    requirement: Text


class Warning(ReportModel):
    """Something true that a reader should know before relying on the release."""

    code: str
    column: str | None = None
    text: Text


class PublicReport(ReportModel):
    """Published with the release."""

    version: Literal[1] = REPORT_VERSION
    release_id: str
    created_at: datetime
    approved: bool = False
    subject_unit: SubjectUnit
    policy_fingerprint: str
    thresholds: list[Threshold]
    claims: Claims
    treatments: list[Treatment]
    algorithm: str
    certificate: dict[str, int | float | str | bool]
    """What the search did (nodes checked and pruned, partitions cut) and whether its result is proved to lose
    least."""
    assumptions: list[Text]
    warnings: list[Warning]
    law_references: list[LawReference]


class AttackerRisk(ReportModel):
    """Re-identification risk seen by one attacker: highest and average over subjects, and the share above the
    threshold.

    *prosecutor*: knows that the target is in the table, risk 1 / (subjects alike). *journalist*: seeks
    anyone and needs the
    population; without population figures the table itself is taken, which overstates the risk.
    *marketer*: wants as many as
    possible, the expected share of subjects matched rightly.
    """

    attacker: Literal["prosecutor", "journalist", "marketer"]
    highest: float
    average: float
    share_above: float


class PopulationUniques(ReportModel):
    """Estimated number of subjects that are unique in the population, by three estimators (None: no answer).

    ``chosen`` names the one that the rule of Dankar and others (2012) takes, ``estimate`` what it says and ``share``
    that of the population.
    """

    population: int
    zayatz: float | None
    pitman: float | None
    snb: float | None
    chosen: str
    estimate: float
    share: float


class HouseholdRisks(ReportModel):
    """Risk that at least one member of a household is recognised, by who knows that it is in the table: the highest,
    the average, and the share of households above ``threshold``. ``largest``: members of the largest."""

    threshold: float
    households: int
    largest: int
    highest: float
    average: float
    share_above: float


class Risk(ReportModel):
    """Risk of one state of the table; the histogram is of class sizes in subjects. ``population_uniques`` where the
    policy tells the size of the population, ``households`` where it tells who lives together."""

    threshold: float
    subjects: int
    classes: int
    unique_subjects: int
    smallest_class: int | None
    average_class: float | None
    attackers: list[AttackerRisk]
    histogram: list[HistogramBar]
    population_uniques: PopulationUniques | None = None
    households: HouseholdRisks | None = None


class HistogramBar(ReportModel):
    """Classes whose number of subjects lies in ``low`` … ``high`` (None: no end)."""

    low: int
    high: int | None
    classes: int
    subjects: int


class RiskyCombination(ReportModel):
    """A combination few subjects share, its values as shapes (letters and Han 某, digits 0)."""

    subjects: int
    shapes: dict[str, str]


class ValueShare(ReportModel):
    """A value (or band) and the share of rows that show it."""

    label: str
    share: float


class ColumnUtility(ReportModel):
    """A column before and after. ``distance``: total variation between both distributions on common bands,
    where comparable."""

    column: str
    distinct_before: int
    distinct_after: int | None
    before: list[ValueShare]
    after: list[ValueShare]
    distance: float | None


class SampleRow(ReportModel):
    """One row before (shapes only) and after; ``after`` is None where the row is suppressed."""

    before: dict[str, str]
    after: dict[str, str] | None


class Separation(ReportModel):
    """How strongly a set of raw quasi-identifiers tells subjects apart: shares of subjects in groups of fewer than k
    alike (``below_k``) and of one (``unique``)."""

    columns: list[str]
    groups: int
    below_k: float
    unique: float


class HelpfulStep(ReportModel):
    """One level more of a column: the share of rows that fail the policy's models falls from ``before`` to ``after``.

    ``level`` is the level's name, empty where the column shows nothing any more.
    """

    column: str
    level: str
    before: float
    after: float


class Obstacles(ReportModel):
    """Why the table as it is does not reach what the policy asks, and what helps most.

    ``failing``: share of rows that fail with every column on its finest level. ``steps`` in order, each the one level
    that helps most after those before it, until no more than the policy's limit fails. ``separations``: all columns
    together, then each by itself and in pairs, the strongest first.
    """

    failing: float
    steps: list[HelpfulStep]
    separations: list[Separation]


class CurvePoint(ReportModel):
    """What asking for another k would give, all else of the policy the same.

    Without ``reached`` more than the limit would be suppressed, and nothing else is told. ``loss`` as in
    :class:`AttestedClaims`; ``smallest_class`` in subjects; ``proved``: no other recoding of this kind loses less.
    """

    k: int
    reached: bool
    loss: float | None = None
    rows_suppressed: int | None = None
    suppression_share: float | None = None
    smallest_class: int | None = None
    attackers: list[AttackerRisk] = Field(default_factory=list)
    proved: bool = False


class UniquesOfSize(ReportModel):
    """Minimal sample uniques of ``size`` columns: ``found`` over all sets of columns; ``combinations`` stand alone by
    so many columns and by no fewer."""

    size: int
    found: int
    combinations: int


class ColumnShare(ReportModel):
    """Share of all SUDA scores that comes from minimal uniques with a column; shares sum to more than one."""

    column: str
    share: float


class SpecialUnique(ReportModel):
    """A combination of one subject, as shapes. ``score``: its SUDA score, ``found`` its minimal sample uniques,
    ``smallest`` the columns of the smallest. ``dis_score``: chance that a match is right, where the population is
    known."""

    score: float
    dis_score: float | None
    found: int
    smallest: int
    shapes: dict[str, str]


class SampleUniques(ReportModel):
    """By how few columns subjects stand alone before treatment (:mod:`anonymizer.risk.uniques`).

    ``uniques``: combinations of one subject; ``columns_at_most``: the most columns that were looked at together,
    ``complete`` when no minimal unique has more, else the table was too large to look further. ``dis``: chance that a
    unique match is right, None without uniques or without the size of the population.
    """

    uniques: int
    columns_at_most: int
    complete: bool
    by_size: list[UniquesOfSize]
    columns: list[ColumnShare]
    dis: float | None
    riskiest: list[SpecialUnique]


class Exploration(ReportModel):
    """What other choices than the policy's would give, on the whole table, and what makes subjects special. ``curve``:
    risk and loss for several k; ``obstacles``: why the raw table does not reach k; ``sample_uniques``: by how few
    columns subjects stand alone; both None without quasi-identifiers. ``failed``: it could not be worked out, and all
    are empty."""

    curve: list[CurvePoint] = Field(default_factory=list)
    obstacles: Obstacles | None = None
    sample_uniques: SampleUniques | None = None
    failed: bool = False


class FollowedRelease(ReportModel):
    """An earlier release beside this one. ``followed``: subjects published there that are in this table. ``gone``:
    subjects published there that are not published now; ``gone_below_k``: those of whose class there fewer than k are
    gone, so that who knows who left can narrow down what was said of them."""

    release: str
    followed: int
    gone: int
    gone_below_k: int


class OfficerReport(ReportModel):
    """For the officer who decides; stays in the vault."""

    version: Literal[1] = REPORT_VERSION
    public: PublicReport
    risk_before: Risk
    risk_after: Risk
    riskiest: list[RiskyCombination]
    utility: list[ColumnUtility]
    sample: list[SampleRow]
    suppressed_profile: list[RiskyCombination]
    discernibility: float
    average_class_ratio: float | None
    """Average class size divided by k; 1 is ideal."""
    series: list[FollowedRelease] = Field(default_factory=list)
    exploration: Exploration | None = None
    """None until it is worked out: on a large table that takes longer than the release itself."""


class FileEntry(ReportModel):
    """One file of a release."""

    name: str
    media_type: str
    bytes: int
    sha256: str


class Manifest(ReportModel):
    """Lists what a release is made of; the release hash is the SHA-256 of its canonical JSON."""

    version: Literal[1] = 1
    release_id: str
    created_at: datetime
    approved: bool = False
    content_hash: str
    rows: int
    policy_fingerprint: str
    generator: str
    files: list[FileEntry] = Field(default_factory=list)

    def canonical_json(self) -> bytes:
        """Sorted keys, no spaces, UTF-8: the bytes of ``manifest.json`` and what the release hash is taken
        of."""
        content = self.model_dump(mode="json")
        return json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def release_hash(self) -> str:
        """SHA-256 (hex) of :meth:`canonical_json`."""
        return hashlib.sha256(self.canonical_json()).hexdigest()


Risk.model_rebuild()
