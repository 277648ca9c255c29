"""Entity types that every country shares."""

from __future__ import annotations

from typing import Final

from anonymizer.recognizers.generic.account_name import AccountName
from anonymizer.recognizers.generic.age import Age
from anonymizer.recognizers.generic.birth_date import BirthDate
from anonymizer.recognizers.generic.coordinates import Coordinates
from anonymizer.recognizers.generic.device_id import DeviceId
from anonymizer.recognizers.generic.email_address import EmailAddress
from anonymizer.recognizers.generic.event_date import EventDate
from anonymizer.recognizers.generic.iban import Iban
from anonymizer.recognizers.generic.international_phone import InternationalPhone
from anonymizer.recognizers.generic.ip_address import IpAddress
from anonymizer.recognizers.generic.mac_address import MacAddress
from anonymizer.recognizers.generic.street_address import StreetAddress
from anonymizer.recognizers.generic.url import IdentifyingUrl
from anonymizer.recognizers.generic.us_ssn import SocialSecurityNumberUs
from anonymizer.recognizers.grammar import Grammar

GRAMMARS: Final[tuple[type[Grammar], ...]] = (
    BirthDate,
    EmailAddress,
    IpAddress,
    MacAddress,
    AccountName,
    Age,
    Coordinates,
    DeviceId,
    EventDate,
    Iban,
    InternationalPhone,
    IdentifyingUrl,
    SocialSecurityNumberUs,
    StreetAddress,
)
