"""What the values of a column say: how many cells fit the grammar of each entity type, and how many of these pass its
checksum.

Each grammar is one anchored expression over the distinct values (separate expressions are several times quicker than
one alternation of all). A grammar that no value of a sample fits is not asked about the rest, unless the header names
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import polars as pl

from anonymizer.classify.profile import Profile
from anonymizer.recognizers.china.address import Address
from anonymizer.recognizers.china.bank_card import BankCard
from anonymizer.recognizers.china.divisions import division_codes, division_names, short_names
from anonymizer.recognizers.china.hk_identity_card import HongKongIdentityCard
from anonymizer.recognizers.china.landline import Landline
from anonymizer.recognizers.china.license_plate import LicensePlate
from anonymizer.recognizers.china.mobile import Mobile
from anonymizer.recognizers.china.passport import Passport
from anonymizer.recognizers.china.resident_id import ResidentId
from anonymizer.recognizers.china.service_number import SERVICE_PATTERN
from anonymizer.recognizers.china.surnames import COMPOUND, SINGLE
from anonymizer.recognizers.china.travel_permit import TravelPermit
from anonymizer.recognizers.china.uscc import UnifiedSocialCreditCode
from anonymizer.recognizers.generic.email_address import EmailAddress
from anonymizer.recognizers.generic.ip_address import IpAddress
from anonymizer.recognizers.generic.mac_address import MacAddress
from anonymizer.recognizers.grammar import PatternGrammar

_SAMPLE: Final = 500
_CHECKED: Final = 1000
"""Values whose checksum is computed, spread over the column."""
_HAN: Final = r"[\x{3400}-\x{4dbf}\x{4e00}-\x{9fff}]"

_GRAMMARS: Final[tuple[type[PatternGrammar], ...]] = (
    ResidentId,
    UnifiedSocialCreditCode,
    Mobile,
    LicensePlate,
    EmailAddress,
    IpAddress,
    MacAddress,
    BankCard,
    Landline,
    HongKongIdentityCard,
    Passport,
    TravelPermit,
)
_LEAST_LENGTH: Final = 7
"""No grammar fits anything shorter (123456使 has seven places)."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Share of non-empty cells that fit, share of these whose checksum holds (None: the type has none), and which
    values."""

    share: float
    checked: float | None
    mask: pl.Series


@cache
def _instances() -> dict[str, PatternGrammar]:
    return {kind.entity: kind() for kind in _GRAMMARS}


def grammar_fits(profile: Profile, wanted: str | None = None) -> dict[str, Fit]:
    """By entity type, for types that at least one value fits. `wanted` is asked in any case."""
    if profile.longest < _LEAST_LENGTH or profile.kind in ("date", "decimal", "boolean", "empty"):
        return {}
    sample = profile.values.gather_every(max(1, profile.distinct // _SAMPLE))
    fits: dict[str, Fit] = {}
    for entity, grammar in _instances().items():
        if entity != wanted and not sample.str.contains(grammar.anchored).any():
            continue
        mask = profile.values.str.contains(grammar.anchored)
        share = profile.share(mask)
        if share:
            fits[entity] = Fit(share, _checked_share(grammar, profile.values.filter(mask)), mask)
    service = profile.values.str.contains(f"^(?:{SERVICE_PATTERN})$")
    if service.any():
        fits["PUBLIC_SERVICE_NUMBER"] = Fit(profile.share(service), None, service)
    return fits


def _checked_share(grammar: PatternGrammar, values: pl.Series) -> float | None:
    verdicts = [grammar.check(v) for v in values.gather_every(max(1, len(values) // _CHECKED)).to_list()]
    known = [v for v in verdicts if v is not None]
    return sum(known) / len(known) if known else None


def name_mask(values: pl.Series) -> pl.Series:
    """Values shaped as Chinese personal names: family name and one or two characters, or a name with an interpunct."""
    single = "".join(sorted(SINGLE))
    compound = "|".join(sorted(COMPOUND))
    return values.str.contains(
        rf"^(?:(?:{compound}){_HAN}{{1,2}}|[{single}]{_HAN}{{1,2}}|{_HAN}{{2,8}}[·•]{_HAN}{{2,10}}(?:[·•]{_HAN}{{1,10}})*"
        rf"|[{single}][\*xX某]{{1,2}}{_HAN}?|[{single}]{_HAN}?(?:先生|女士|小姐|师傅|阿姨))$"
    )


_COMPANY: Final = (
    r"(?:公司|集团|有限合伙|合伙企业|事务所|合作社|经营部|商行|店|厂|中心|医院|学校|大学|银行|协会|基金会|委员会|办公室|管理局|街道办|管理处|大队|支队|局|"
    r"工作室|研究院|幼儿园|超市|餐厅|酒店|门诊部|诊所|服务部|分行|支行|办事处|物业)$"
)


def company_mask(values: pl.Series) -> pl.Series:
    """Values that end as names of companies and authorities do."""
    return values.str.contains(_COMPANY) & (values.str.len_chars() >= 4)


def division_mask(values: pl.Series) -> pl.Series:
    """Names or six-digit codes of administrative divisions, streets by their ending."""
    known = list(division_names() | short_names() | set(division_codes()))
    return values.is_in(known) | values.str.contains(rf"^{_HAN}{{1,12}}(?:街道|街道办|镇|乡|社区|新区|[省市区县旗])$")


_FINE_PART: Final = (
    r"(?:[路街道巷弄里村湾坊条苑园庄院段区镇城]|胡同|公寓|大厦|广场)\s*[A-Za-z]?(?:\d{1,5}|[一二三四五六七八九十百]{1,4})[A-Za-z]?(?:-\d+)?号"
    r"|(?:[0-9A-Za-z甲乙丙丁一二三四五六七八九十]|号)\s*(?:栋|幢|座|单元|号楼|号院|弄|室|房|铺)"
)
_SENTENCE: Final = r"[。；！？;!?\n]"
_CONFIRMED: Final = 0.8


def address_mask(profile: Profile) -> pl.Series:
    """Values that are an address with a fine part (house, block, room).

    One expression over all values; the address grammar, which reads value by value, confirms it on a sample.
    """
    mask = (
        profile.values.str.contains(_FINE_PART)
        & ~profile.values.str.contains(_SENTENCE)
        & (profile.values.str.len_chars() <= 80)
    )
    chosen = profile.values.filter(mask)
    sample = chosen.gather_every(max(1, len(chosen) // _SAMPLE)).to_list()
    grammar = Address()
    agreed = sum(any(m.end - m.start >= 0.5 * len(value) for m in grammar.find(value)) for value in sample)
    return mask if sample and agreed >= _CONFIRMED * len(sample) else mask & False


def number_share(profile: Profile, low: float, high: float) -> float:
    """Share of cells that are numbers from `low` to `high`."""
    numbers = profile.values.cast(pl.Float64, strict=False)
    return profile.share(numbers.is_between(low, high).fill_null(False))


@cache
def _vocabularies() -> dict[str, list[str]]:
    text = (files("anonymizer.classify") / "data" / "vocabularies.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {row[0]: row[1].split() for row in rows}


def vocabulary_fit(profile: Profile) -> tuple[str, float] | None:
    """The closed vocabulary (sexes, degrees, …) that most cells come from, with its share."""
    if profile.distinct > 60 or profile.kind != "text":
        return None
    lowered = profile.values.str.to_lowercase()
    shares = {name: profile.share(lowered.is_in(words)) for name, words in _vocabularies().items()}
    name = max(shares, key=lambda n: shares[n])
    return (name, shares[name]) if shares[name] >= 0.6 and profile.distinct >= 2 else None
