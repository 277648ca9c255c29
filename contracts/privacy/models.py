"""Privacy models as a policy writes them: what must hold for rows that look alike. All counts are of subjects."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.privacy.roles import ColumnName

Risk = Annotated[float, Field(gt=0, le=1)]


class PrivacyModel(BaseModel):
    """Settings shared by all models: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class KAnonymity(PrivacyModel):
    """Every published combination of quasi-identifiers is shared by at least ``k`` subjects."""

    kind: Literal["k-anonymity"] = "k-anonymity"
    k: Annotated[int, Field(ge=2, le=1_000_000)] = 5


class MaxRisk(PrivacyModel):
    """Nobody is guessed rightly with a probability above ``risk``.

    The *prosecutor* knows that the target is in the table: 1 / (subjects alike). The *journalist* does not: the
    subjects alike are as many more as the policy's ``population`` has more subjects than the table.
    """

    kind: Literal["max-risk"] = "max-risk"
    attacker: Literal["prosecutor", "journalist"] = "prosecutor"
    risk: Risk


class AverageRisk(PrivacyModel):
    """Of all subjects, at most the share ``risk`` is guessed rightly.

    For the *prosecutor* classes / subjects published; for the *marketer*, who matches the table with the policy's
    ``population``, classes / population's share of the subjects published.
    """

    kind: Literal["average-risk"] = "average-risk"
    attacker: Literal["prosecutor", "marketer"] = "prosecutor"
    risk: Risk


class HouseholdRisk(PrivacyModel):
    """In no household is at least one member guessed rightly with a probability above ``risk`` by the prosecutor: one
    minus the product of (1 - 1 / subjects alike) over its members. The policy's ``household`` tells who lives
    together."""

    kind: Literal["household-risk"] = "household-risk"
    risk: Risk


class DistinctLDiversity(PrivacyModel):
    """Every published combination shows at least ``l`` different values of a sensitive column."""

    kind: Literal["distinct-l-diversity"] = "distinct-l-diversity"
    column: ColumnName
    l: Annotated[int, Field(ge=2, le=10_000)]  # noqa: E741 - the name the literature gives the parameter


class EntropyLDiversity(PrivacyModel):
    """The values of a sensitive column are in every class at least as uncertain as ``l`` equally frequent ones."""

    kind: Literal["entropy-l-diversity"] = "entropy-l-diversity"
    column: ColumnName
    l: Annotated[float, Field(gt=1, le=10_000)]  # noqa: E741


class RecursiveCLDiversity(PrivacyModel):
    """In every class the most frequent sensitive value occurs less than ``c`` times as often as all values but the
    ``l`` - 1 most frequent together."""

    kind: Literal["recursive-cl-diversity"] = "recursive-cl-diversity"
    column: ColumnName
    c: Annotated[float, Field(gt=0, le=1_000_000)]
    l: Annotated[int, Field(ge=2, le=10_000)]  # noqa: E741


class TCloseness(PrivacyModel):
    """The sensitive values of every class are distributed like those of the whole release, up to a distance ``t``.

    The distance is the earth mover's. ``equal``: any two values are equally far apart. ``ordered``: values lie at equal
    steps in their order, that of numbers, dates or text, or the one that ``order`` lists; an empty cell comes first.
    """

    kind: Literal["t-closeness"] = "t-closeness"
    column: ColumnName
    t: Annotated[float, Field(gt=0, lt=1)]
    distance: Literal["equal", "ordered"] = "equal"
    order: list[str] | None = Field(default=None, min_length=2)

    @model_validator(mode="after")
    def _order_of_different_values(self) -> Self:
        if self.order is not None and self.distance != "ordered":
            raise ValueError("order is only for the ordered distance")
        if self.order is not None and len(set(self.order)) < len(self.order):
            raise ValueError("order names a value twice")
        return self


SensitiveModel = DistinctLDiversity | EntropyLDiversity | RecursiveCLDiversity | TCloseness
SENSITIVE_MODELS = (DistinctLDiversity, EntropyLDiversity, RecursiveCLDiversity, TCloseness)


def threshold_of(model: SensitiveModel) -> float:
    """What a model about a sensitive column asks for: at least l, less than c, or at most t."""
    match model:
        case DistinctLDiversity(l=l) | EntropyLDiversity(l=l):
            return float(l)
        case RecursiveCLDiversity(c=c):
            return c
        case TCloseness(t=t):
            return t


Model = Annotated[
    KAnonymity
    | MaxRisk
    | AverageRisk
    | HouseholdRisk
    | DistinctLDiversity
    | EntropyLDiversity
    | RecursiveCLDiversity
    | TCloseness,
    Field(discriminator="kind"),
]
