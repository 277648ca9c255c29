"""Entity types that only China has."""

from __future__ import annotations

from typing import Final

from anonymizer.recognizers.china.address import Address
from anonymizer.recognizers.china.alipay_account import AlipayAccount
from anonymizer.recognizers.china.bank_card import BankCard
from anonymizer.recognizers.china.driver_license import DriverLicense
from anonymizer.recognizers.china.employer import Employer
from anonymizer.recognizers.china.foreign_resident import ForeignResidentCard
from anonymizer.recognizers.china.hk_identity_card import HongKongIdentityCard
from anonymizer.recognizers.china.landline import Landline, LocalLandline
from anonymizer.recognizers.china.license_plate import LicensePlate
from anonymizer.recognizers.china.macao_identity_card import MacaoIdentityCard
from anonymizer.recognizers.china.medical_record import MedicalRecordNumber
from anonymizer.recognizers.china.military_id import LabelledMilitaryId, MilitaryId
from anonymizer.recognizers.china.mobile import Mobile
from anonymizer.recognizers.china.organization_code import OrganizationCode
from anonymizer.recognizers.china.passport import Passport
from anonymizer.recognizers.china.person_name import PersonName
from anonymizer.recognizers.china.qq_number import QqNumber
from anonymizer.recognizers.china.resident_id import ResidentId
from anonymizer.recognizers.china.social_security import SocialSecurityNumber
from anonymizer.recognizers.china.tax_number import TaxNumber
from anonymizer.recognizers.china.travel_permit import LabelledTravelPermit, TravelPermit
from anonymizer.recognizers.china.uscc import UnifiedSocialCreditCode
from anonymizer.recognizers.china.vin import VehicleIdentificationNumber
from anonymizer.recognizers.china.wechat_id import WechatId
from anonymizer.recognizers.grammar import Grammar

GRAMMARS: Final[tuple[type[Grammar], ...]] = (
    ResidentId,
    Mobile,
    Landline,
    LocalLandline,
    BankCard,
    LicensePlate,
    UnifiedSocialCreditCode,
    Passport,
    TravelPermit,
    LabelledTravelPermit,
    HongKongIdentityCard,
    SocialSecurityNumber,
    MedicalRecordNumber,
    WechatId,
    QqNumber,
    AlipayAccount,
    DriverLicense,
    Employer,
    ForeignResidentCard,
    MacaoIdentityCard,
    LabelledMilitaryId,
    MilitaryId,
    OrganizationCode,
    TaxNumber,
    VehicleIdentificationNumber,
    Address,
    PersonName,
)
