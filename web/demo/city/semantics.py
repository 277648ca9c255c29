"""What a cell can mean. Names follow the entity names of presidio-analyzer where it has them."""

from __future__ import annotations

from enum import StrEnum


class Semantic(StrEnum):
    PERSON = "PERSON"
    CN_RESIDENT_ID = "CN_RESIDENT_ID"
    CN_MOBILE = "CN_MOBILE"
    CN_LANDLINE = "CN_LANDLINE"
    EMAIL_ADDRESS = "EMAIL_ADDRESS"
    CN_LICENSE_PLATE = "CN_LICENSE_PLATE"
    CN_ADDRESS = "CN_ADDRESS"
    CN_USCC = "CN_USCC"
    BIRTH_DATE = "BIRTH_DATE"
    DATE_TIME = "DATE_TIME"
    LOCATION = "LOCATION"
    COORDINATES = "COORDINATES"
    ORGANIZATION = "ORGANIZATION"
    ACCOUNT_ID = "ACCOUNT_ID"
    FREE_TEXT = "FREE_TEXT"
    PLAIN = "PLAIN"


# Values that point at one natural person, wherever they stand in a text.
PERSONAL: frozenset[Semantic] = frozenset(
    {
        Semantic.PERSON,
        Semantic.CN_RESIDENT_ID,
        Semantic.CN_MOBILE,
        Semantic.CN_LANDLINE,
        Semantic.EMAIL_ADDRESS,
        Semantic.CN_LICENSE_PLATE,
        Semantic.CN_ADDRESS,
        Semantic.BIRTH_DATE,
        Semantic.ACCOUNT_ID,
    }
)

# Written down in the truth of free text, but neither owed by a scanner nor wrong when it finds them:
# a public place, a date, a company are not personal data on their own.
OPTIONAL: frozenset[Semantic] = frozenset(
    {Semantic.LOCATION, Semantic.COORDINATES, Semantic.DATE_TIME, Semantic.ORGANIZATION, Semantic.CN_USCC}
)
