"""What a column says about a person, and who one person is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class ColumnRole(StrEnum):
    """The part a column plays in telling people apart.

    A direct identifier names one person by itself, quasi-identifiers do so together, a sensitive attribute is
    what must not be learnt about a person, and a plain column says nothing about anybody.
    """

    DIRECT_IDENTIFIER = "direct-identifier"
    QUASI_IDENTIFIER = "quasi-identifier"
    SENSITIVE = "sensitive"
    PLAIN = "plain"


class SubjectUnit(StrEnum):
    """Whom the subject column tells apart; counts, k and risk are in this unit."""

    PERSON = "person"
    HOUSEHOLD = "household"
    VEHICLE = "vehicle"
    DEVICE = "device"
    ORGANISATION = "organisation"
    ROW = "row"


class MissingMeaning(StrEnum):
    """What an empty cell of a quasi-identifier stands for when people are counted."""

    VALUE = "value"
    """Empty is a value of its own: only rows that are empty too look the same."""
    ANY = "any"
    """Empty may stand for every value: a row looks like all rows it does not contradict."""
    SUPPRESS = "suppress"
    """A row with an empty quasi-identifier is not published."""


class Algorithm(StrEnum):
    """How generalised values are chosen."""

    LOCAL = "local"
    """Each combination at the finest level it can have; one column may show several levels."""
    FULL_DOMAIN = "full-domain"
    """One level for the whole column, chosen with the least loss in all."""
