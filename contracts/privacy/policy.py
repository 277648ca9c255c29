"""The privacy policy of a table: what each column is, what is done to it, and what must hold in the end.

A policy is written in YAML, proposed by :func:`anonymizer.propose_policy` and edited by people, so every
mistake is told with its place (``columns.sfzh.operator.kind``). :meth:`Policy.json_schema` documents every
key.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from contracts.errors import InvalidInput
from contracts.privacy.hierarchies import GeoGridHierarchy, Hierarchy
from contracts.privacy.models import (
    SENSITIVE_MODELS,
    AverageRisk,
    DistinctLDiversity,
    HouseholdRisk,
    KAnonymity,
    MaxRisk,
    Model,
)
from contracts.privacy.roles import Algorithm, ColumnName, ColumnRole, MissingMeaning, SubjectUnit
from contracts.text import Text

POLICY_VERSION: Literal[1] = 1


class PolicyModel(BaseModel):
    """Settings shared by all parts of a policy: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Keep(PolicyModel):
    """Publish the column as it is."""

    kind: Literal["keep"] = "keep"


class Drop(PolicyModel):
    """Leave the column out."""

    kind: Literal["drop"] = "drop"


class Mask(PolicyModel):
    """Replace characters by ``char``, keeping ``keep_start`` and ``keep_end`` of them when at least as many
    are hidden."""

    kind: Literal["mask"] = "mask"
    keep_start: Annotated[int, Field(ge=0, le=100)] = 0
    keep_end: Annotated[int, Field(ge=0, le=100)] = 0
    char: Annotated[str, Field(min_length=1, max_length=1)] = "*"


class Pseudonymise(PolicyModel):
    """Replace each value by a keyed code (HMAC-SHA-256): same value, same code.

    ``scope: release`` makes codes that cannot be joined with another release; ``dataset`` keeps them over the
    releases of one dataset. ``length`` is the number of base-32 characters (5 bits each).
    """

    kind: Literal["pseudonymise"] = "pseudonymise"
    scope: Literal["release", "dataset"] = "release"
    length: Annotated[int, Field(ge=12, le=52)] = 20


class RedactText(PolicyModel):
    """Hide the personal data found inside free text; all kinds, or only the ``entities`` listed."""

    kind: Literal["redact-text"] = "redact-text"
    entities: list[str] | None = None
    style: Literal["label", "mask"] = "label"
    char: Annotated[str, Field(min_length=1, max_length=1)] = "*"


class Generalise(PolicyModel):
    """Publish coarser values of a hierarchy, as coarse as the models require."""

    kind: Literal["generalise"] = "generalise"
    hierarchy: Hierarchy


class With(PolicyModel):
    """Treated together with another column (the longitude of a geo grid)."""

    kind: Literal["with"] = "with"
    column: ColumnName


class Round(PolicyModel):
    """Round numbers to the nearest multiple of ``step`` (halves away from zero)."""

    kind: Literal["round"] = "round"
    step: Annotated[float, Field(gt=0)]


class TopBottom(PolicyModel):
    """Numbers below ``low`` become ``low``, above ``high`` become ``high``."""

    kind: Literal["top-bottom"] = "top-bottom"
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _a_range(self) -> Self:
        if self.low is None and self.high is None:
            raise ValueError("give low, high or both")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("low must be below high")
        return self


class MicroAggregate(PolicyModel):
    """Replace each number by the mean of a group of neighbouring numbers of at least ``size`` subjects (MDAV).

    Groups are formed over the rows that are published, so what a column shows is not known before: it is for sensitive
    and plain columns that no model counts.
    """

    kind: Literal["micro-aggregate"] = "micro-aggregate"
    size: Annotated[int, Field(ge=2, le=1_000_000)] = 5


Operator = Annotated[
    Keep | Drop | Mask | Pseudonymise | RedactText | Generalise | With | Round | TopBottom | MicroAggregate,
    Field(discriminator="kind"),
]


class ColumnPolicy(PolicyModel):
    """One column: its role, what it was recognised as, and what is done to it."""

    role: ColumnRole
    operator: Operator
    semantic_type: str | None = None
    title: Text | None = None


def _five_anonymous() -> list[Model]:
    return [KAnonymity()]


class Policy(PolicyModel):
    """What is done to a table before it may be published.

    ``subject`` names the column that tells one subject from another; None means that every row is its own.
    Columns of the table that the policy does not name are an error when it is applied: nothing is published
    by oversight.
    """

    version: Literal[1] = POLICY_VERSION
    subject: ColumnName | None = None
    subject_unit: SubjectUnit = SubjectUnit.ROW
    household: ColumnName | None = None
    """The column that tells which subjects live together; None where the table does not say."""
    columns: dict[ColumnName, ColumnPolicy] = Field(min_length=1)
    models: list[Model] = Field(default_factory=_five_anonymous)
    suppression_limit: Annotated[float, Field(ge=0, le=1)] = 0.05
    missing: MissingMeaning = MissingMeaning.VALUE
    algorithm: Algorithm = Algorithm.LOCAL
    population: Annotated[int, Field(ge=1)] | None = None
    """Subjects in the population that the table is drawn from, for attackers who do not know who is in the table."""
    search_seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    """How long the full-domain search may take, about, on one core; left out, a minute. Work is counted, not the clock,
    so that the same input gives the same release."""

    @property
    def k(self) -> int:
        """The k asked for; 1 where no k-anonymity is asked for."""
        return max((m.k for m in self.models if isinstance(m, KAnonymity)), default=1)

    @property
    def quasi_identifiers(self) -> list[str]:
        """Columns that count when people are told apart, in the policy's order.

        The longitude of a geo grid is counted under its latitude; a mask that leaves characters of a direct
        identifier readable leaves a quasi-identifier, so it is counted too.
        """
        names = []
        for name, column in self.columns.items():
            operator = column.operator
            if isinstance(operator, Drop | With):
                continue
            shows_part = isinstance(operator, Mask) and operator.keep_start + operator.keep_end > 0
            if column.role is ColumnRole.QUASI_IDENTIFIER or (
                column.role is ColumnRole.DIRECT_IDENTIFIER and shows_part
            ):
                names.append(name)
        return names

    @model_validator(mode="after")
    def _no_contradiction(self) -> Self:
        problems = list(self._contradictions())
        if problems:
            raise ValueError("\n".join(f"{place}: {text}" for place, text in problems))
        return self

    def _contradictions(self) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        for name, column in self.columns.items():
            place = f"columns.{name}.operator"
            operator = column.operator
            if column.role is ColumnRole.DIRECT_IDENTIFIER and not isinstance(
                operator, Drop | Mask | Pseudonymise | RedactText
            ):
                found.append(
                    (
                        f"{place}.kind",
                        f"a direct identifier cannot be published by {operator.kind!r}: drop, mask, "
                        "pseudonymise or redact-text it",
                    )
                )
            if isinstance(operator, Generalise) and column.role is not ColumnRole.QUASI_IDENTIFIER:
                found.append((f"{place}.kind", "only a quasi-identifier is generalised: set the role or use round"))
            if column.role is ColumnRole.QUASI_IDENTIFIER and isinstance(
                operator, Pseudonymise | RedactText | MicroAggregate
            ):
                found.append((f"{place}.kind", f"a quasi-identifier cannot be protected by {operator.kind!r}"))
            if isinstance(operator, Generalise) and isinstance(operator.hierarchy, GeoGridHierarchy):
                partner = self.columns.get(operator.hierarchy.longitude)
                if partner is None or partner.operator != With(column=name):
                    found.append(
                        (
                            f"{place}.hierarchy.longitude",
                            f"the column {operator.hierarchy.longitude!r} must carry "
                            f"operator {{kind: with, column: {name}}}",
                        )
                    )
            if isinstance(operator, With):
                partner = self.columns.get(operator.column)
                grid = getattr(partner.operator, "hierarchy", None) if partner else None
                if not isinstance(grid, GeoGridHierarchy) or grid.longitude != name:
                    found.append((f"{place}.column", f"{operator.column!r} is no geo grid with longitude {name!r}"))
        if self.subject is not None:
            subject = self.columns.get(self.subject)
            if subject is None:
                found.append(("subject", f"the subject column {self.subject!r} is not among the columns"))
            elif not isinstance(subject.operator, Drop | Pseudonymise):
                found.append(
                    (f"columns.{self.subject}.operator.kind", "the subject column must be dropped or pseudonymised")
                )
            if self.subject_unit is SubjectUnit.ROW:
                found.append(("subject_unit", "a subject column needs a unit: person, household, …"))
        elif self.subject_unit is not SubjectUnit.ROW:
            found.append(("subject", f"which column tells one {self.subject_unit} from another?"))
        found += self._about_households()
        for index, model in enumerate(self.models):
            if isinstance(model, HouseholdRisk):
                if self.household is None:
                    found.append((f"models.{index}.kind", "which column tells one household from another?"))
                if self.missing is MissingMeaning.ANY:
                    found.append(
                        (
                            "missing",
                            "household-risk needs classes that do not overlap, as they do where an empty cell may "
                            "stand for any: choose value or suppress",
                        )
                    )
                continue
            if isinstance(model, MaxRisk | AverageRisk):
                if model.attacker in {"journalist", "marketer"} and self.population is None:
                    found.append((f"models.{index}.attacker", f"a {model.attacker} needs the size of the population"))
                continue
            if isinstance(model, SENSITIVE_MODELS):
                column_policy = self.columns.get(model.column)
                if column_policy is None or column_policy.role is not ColumnRole.SENSITIVE:
                    found.append((f"models.{index}.column", f"{model.column!r} is not a sensitive column"))
                elif isinstance(column_policy.operator, MicroAggregate):
                    found.append(
                        (
                            f"models.{index}.column",
                            f"{model.column!r} is micro-aggregated after classes are formed, so its values cannot be "
                            "counted",
                        )
                    )
                elif isinstance(column_policy.operator, RedactText):
                    found.append(
                        (f"models.{index}.column", f"{model.column!r} is free text, which has no values to count")
                    )
                if self.missing is MissingMeaning.ANY and not isinstance(model, DistinctLDiversity):
                    found.append(
                        (
                            "missing",
                            f"{model.kind} compares shares of values in classes, which overlap where an empty cell may "
                            "stand for any: choose value or suppress",
                        )
                    )
        if self.quasi_identifiers and not any(isinstance(m, KAnonymity) for m in self.models):
            found.append(("models", "quasi-identifiers need a k-anonymity model"))
        return found

    def _about_households(self) -> Sequence[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        if self.household is None:
            return found
        column = self.columns.get(self.household)
        if column is None:
            found.append(("household", f"the household column {self.household!r} is not among the columns"))
        elif self.household == self.subject:
            found.append(("household", "the column that tells subjects apart cannot tell who lives together"))
        elif not isinstance(column.operator, Drop):
            found.append(
                (
                    f"columns.{self.household}.operator.kind",
                    "the household column must be dropped: published, even as a code, it joins its members",
                )
            )
        return found

    def to_yaml(self) -> str:
        """The policy as YAML that :meth:`from_yaml` reads back to an equal policy."""
        return yaml.safe_dump(
            self.model_dump(mode="json", exclude_none=True), allow_unicode=True, sort_keys=False, width=110
        )

    @classmethod
    def from_yaml(cls, text: str) -> Policy:
        """Read a policy; raises :class:`contracts.errors.InvalidInput` naming each place that is wrong."""
        try:
            content = yaml.safe_load(text)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
            problem = getattr(error, "problem", None) or "not YAML"
            raise InvalidInput(detail=f"The policy is not valid YAML: {where}{problem}") from error
        if not isinstance(content, dict):
            raise InvalidInput(detail="The policy is empty or no mapping: it needs at least the key columns")
        return cls.from_mapping(content)

    @classmethod
    def from_mapping(cls, content: dict[str, Any]) -> Policy:
        """As :meth:`from_yaml`, from a mapping (the policy page, JSON over the wire)."""
        try:
            return cls.model_validate(content)
        except ValidationError as error:
            problems = _places(error)
            lines = "; ".join(f"{place}: {text}" for place, text in problems)
            raise InvalidInput(
                detail=f"The policy cannot be used: {lines}",
                errors=[{"pointer": "#/" + place.replace(".", "/"), "detail": text} for place, text in problems],
            ) from error

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        """JSON Schema of the policy file."""
        return cls.model_json_schema()

    def fingerprint(self) -> str:
        """SHA-256 (hex) of the policy's canonical JSON."""
        plain = self.model_dump(mode="json")
        # Keys that came later are left out where they are not used: older policies keep their fingerprints.
        for name in ("population", "search_seconds", "household"):
            if plain[name] is None:
                del plain[name]
        content = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(content.encode()).hexdigest()


# Pydantic puts the tag of the chosen union member into the path; people wrote no such key.
_TAGS = {
    "keep", "drop", "mask", "pseudonymise", "redact-text", "generalise", "with", "round", "top-bottom",
    "micro-aggregate",
    "numeric", "date", "hour-bands", "divisions", "category", "prefix", "geo-grid",
    "k-anonymity", "max-risk", "average-risk", "household-risk", "distinct-l-diversity", "entropy-l-diversity",
    "recursive-cl-diversity", "t-closeness",
}  # fmt: skip
_TAGGED_KEYS = {"operator", "hierarchy"}


def _places(error: ValidationError) -> list[tuple[str, str]]:
    """One (dotted path as a person would write it, what is wrong) per problem."""
    problems: list[tuple[str, str]] = []
    for item in error.errors():
        path: list[str] = []
        tagged = False
        for step in item["loc"]:
            before = path[-1] if path else ""
            in_union = before in _TAGGED_KEYS or (len(path) == 2 and path[0] == "models")
            if in_union and not tagged and step in _TAGS:
                tagged = True
                continue
            tagged = False
            path.append(str(step))
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] in {"union_tag_invalid", "union_tag_not_found"}:
            path.append("kind")
            expected = item.get("ctx", {}).get("expected_tags")
            message = f"unknown kind {item['ctx']['tag']!r}; one of {expected}" if expected else "the kind is missing"
        if item["type"] == "extra_forbidden":
            message = "no such key here"
        if not path and ": " in message:
            for line in message.split("\n"):
                place, _, text = line.partition(": ")
                problems.append((place, text))
            continue
        problems.append((".".join(path) or "policy", message))
    return problems
