"""Entity types that every country shares."""

from __future__ import annotations

from typing import Final

from anonymizer.recognizers.generic.birth_date import BirthDate
from anonymizer.recognizers.generic.email_address import EmailAddress
from anonymizer.recognizers.generic.ip_address import IpAddress
from anonymizer.recognizers.generic.mac_address import MacAddress
from anonymizer.recognizers.grammar import Grammar

GRAMMARS: Final[tuple[type[Grammar], ...]] = (BirthDate, EmailAddress, IpAddress, MacAddress)
