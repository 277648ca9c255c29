"""Roles, settled with the whole table in view.

A date, a district or a pair of coordinates tells of somebody only where the rows are about persons: in a list of
charging stations or of weather readings they are plain. A table is about persons if a column names persons (or their
vehicles, devices, accounts), if it holds addresses down to the room, if free text in it names persons, or if several
personal traits stand side by side and the rows are no counts of people. In a register of organisations place and time
belong to the organisation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from anonymizer.classify.columns import Judgement
from anonymizer.classify.profile import Profile
from anonymizer.classify.types import TYPES, Group
from contracts.privacy import ColumnRole

_PEOPLE_COUNTED: Final = re.compile(r"人数|人口|人次|户数|population|persons|people|headcount", re.IGNORECASE)
_NEVER_PERSONAL_ALONE: Final = frozenset({"CN_LANDLINE"})
_UNIQUE: Final = 0.8
_CODES: Final = 20
_CODE_SHARE: Final = 0.05


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rows of a table are about."""

    persons: bool
    organisations: bool


def group_of(judgement: Judgement) -> Group:
    """The group of a judged column; what has no type is plain."""
    return TYPES[judgement.type].group if judgement.type else "plain"


def subject_of(columns: Sequence[tuple[Profile, Judgement]], text_names_persons: bool) -> Subject:
    """Whether the rows are about persons, and whether they are about organisations that persons stand for."""
    identifiers = {j.type for _, j in columns if group_of(j) == "identifier"} - _NEVER_PERSONAL_ALONE
    traits = [p for p, j in columns if group_of(j) == "attribute"]
    counted = any(_PEOPLE_COUNTED.search(p.name) for p, _ in columns)
    homes = any(j.residential for _, j in columns)
    listed = any(
        j.type in ("COMPANY_NAME", "CN_USCC", "PLACE") and p.distinct_share >= _UNIQUE and p.distinct > 1
        for p, j in columns
    )
    organisations = listed and not traits and not identifiers & {"CN_RESIDENT_ID", "ACCOUNT_ID", "CN_LICENSE_PLATE"}
    by_traits = len(traits) >= 2 and not (counted and not identifiers)
    by_homes = homes and not organisations
    return Subject(bool(identifiers) or by_traits or by_homes or text_names_persons, organisations)


def role_of(profile: Profile, judgement: Judgement, subject: Subject) -> ColumnRole:
    """The role of one column; free text is the scanner's, which knows what was found in it."""
    group = group_of(judgement)
    if not subject.persons:
        return ColumnRole.PLAIN
    if judgement.type == "RECORD_ID":
        # Codes that repeat a few times each may be those of a card, a meter or a bicycle: they follow one person too.
        follows = profile.distinct >= _CODES and profile.distinct_share >= _CODE_SHARE
        return ColumnRole.DIRECT_IDENTIFIER if follows and not subject.organisations else ColumnRole.PLAIN
    if group == "identifier":
        of_organisation = subject.organisations and judgement.type == "CN_LANDLINE"
        return ColumnRole.PLAIN if of_organisation else ColumnRole.DIRECT_IDENTIFIER
    if group == "sensitive":
        return ColumnRole.SENSITIVE
    if group == "attribute":
        return ColumnRole.QUASI_IDENTIFIER
    if group == "organisation":
        # A company beside the number of the person who stands for it names that person.
        names = profile.distinct_share >= _UNIQUE and profile.distinct >= _CODES and not subject.organisations
        return ColumnRole.DIRECT_IDENTIFIER if names else ColumnRole.PLAIN
    if judgement.residential and not subject.organisations:
        return ColumnRole.DIRECT_IDENTIFIER
    if group in ("event", "place"):
        return ColumnRole.PLAIN if subject.organisations else ColumnRole.QUASI_IDENTIFIER
    return ColumnRole.PLAIN
