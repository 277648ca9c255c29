"""One column's meaning, from its header and its values; its role is settled later, with the whole table in view
(`table`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import polars as pl

from anonymizer.classify import evidence
from anonymizer.classify.headers import Hint, read_header
from anonymizer.classify.profile import Profile
from anonymizer.classify.types import TYPES

_MOST: Final = 0.6
"""Share of cells that decides a type against a silent or a weak header."""
_SOME: Final = 0.02
"""Share of cells that confirms what the header says."""
_PHONES: Final = ("CN_MOBILE", "CN_LANDLINE")
_FREE_LENGTH: Final = 14.0


@dataclass(frozen=True)
class Judgement:
    """What one column means. `basis` tells what decided: `header`, `values` or `both`."""

    type: str | None
    confidence: float
    valid_share: float
    basis: str
    free_text: bool = False
    matching: dict[str, pl.Series] = field(default_factory=dict)
    """Entity type to the mask of distinct values that are such."""
    residential: bool = False
    """Addresses that go down to a room."""


def judge(profile: Profile) -> Judgement:
    """The meaning of a column."""
    hint = read_header(profile.name)
    if profile.kind == "empty":
        return Judgement(hint.type if hint else None, 0.3 if hint else 0.0, 0.0, "header")
    for step in (_by_grammar, _by_names, _by_vocabulary, _by_place, _by_number_or_date, _by_text):
        judgement = step(profile, hint)
        if judgement is not None:
            return judgement
    if hint and hint.strength >= 0.5 and _plausible(profile, hint):
        return Judgement(hint.type, round(hint.strength * 0.9, 2), 1.0, "header", free_text=hint.type == "FREE_TEXT")
    return _unnamed(profile)


def _by_grammar(profile: Profile, hint: Hint | None) -> Judgement | None:
    wanted = hint.type if hint else None
    fits = evidence.grammar_fits(profile, wanted)
    if not fits:
        return None
    strength = hint.strength if hint else 0.0
    if wanted in fits and wanted != "PUBLIC_SERVICE_NUMBER" and fits[wanted].share >= _SOME:
        fit = fits[wanted]
        return Judgement(wanted, _sure(fit, strength), fit.share, "both", matching={wanted: fit.mask})
    phones = {name: fits[name] for name in _PHONES if name in fits}
    service = fits.get("PUBLIC_SERVICE_NUMBER")
    if wanted == "PUBLIC_SERVICE_NUMBER" and (fits["CN_MOBILE"].share if "CN_MOBILE" in fits else 0.0) < _SOME:
        return Judgement("PUBLIC_SERVICE_NUMBER", 0.9, sum(f.share for f in fits.values()), "both")
    if wanted in ("PHONE_NUMBER", "CN_MOBILE") and service and service.share > sum(f.share for f in phones.values()):
        return Judgement("PUBLIC_SERVICE_NUMBER", 0.9, service.share, "both")
    together = sum(fit.share for fit in phones.values())
    if phones and (together >= _MOST or (wanted in ("PHONE_NUMBER", "CN_MOBILE") and together >= _SOME)):
        only = next(iter(phones)) if len(phones) == 1 else "PHONE_NUMBER"
        confidence = round(min(0.99, 0.6 + 0.3 * together + 0.1 * (wanted in ("PHONE_NUMBER", *_PHONES))), 2)
        basis = "both" if wanted in ("PHONE_NUMBER", *_PHONES) else "values"
        return Judgement(only, confidence, together, basis, matching={n: f.mask for n, f in phones.items()})
    for entity, fit in sorted(fits.items(), key=lambda item: -item[1].share * (0.5 + (item[1].checked or 0.5))):
        if entity == "PUBLIC_SERVICE_NUMBER" or fit.share < _MOST:
            continue
        if not _convincing(entity, fit, wanted):
            continue
        return Judgement(entity, _sure(fit, 0.0), fit.share, "values", matching={entity: fit.mask})
    return None


def _convincing(entity: str, fit: evidence.Fit, wanted: str | None) -> bool:
    """Whether values alone may decide: shapes shared with serial numbers need their checksum, others no contrary
    header."""
    if entity in ("CN_RESIDENT_ID", "CN_USCC"):
        return (fit.checked or 0.0) >= 0.5
    if entity == "CN_BANK_CARD":
        return (fit.checked or 0.0) >= 0.9
    if entity in ("CN_PASSPORT", "CN_TRAVEL_PERMIT", "HK_IDENTITY_CARD"):
        return wanted is None and (fit.checked is None or fit.checked >= 0.9) and fit.share >= 0.95
    return True


def _sure(fit: evidence.Fit, strength: float) -> float:
    """Confidence: half for the shape, the rest for checksum and header."""
    shape = 0.75 * fit.share
    check = 0.15 * (fit.checked if fit.checked is not None else 0.5)
    return round(min(0.99, shape + check + 0.2 * strength), 2)


def _by_names(profile: Profile, hint: Hint | None) -> Judgement | None:
    """Names of persons and of organisations, which are told apart by their endings."""
    if profile.kind != "text" or profile.mean_length > 40:
        return None
    company = evidence.company_mask(profile.values)
    companies = profile.share(company)
    person = evidence.name_mask(profile.values.str.replace_all(" ", "", literal=True)) & ~company
    persons = profile.share(person)
    wanted = hint.type if hint else None
    if companies >= 0.5 and wanted not in (
        "EMPLOYER",
        "PLACE",
        "CN_ADDRESS",
        "FREE_TEXT",
        "DIVISION",
        "CATEGORY",
        "INDUSTRY",
    ):
        if wanted == "PERSON" and persons >= _SOME:
            return Judgement("PERSON", 0.8, persons, "both", matching={"PERSON": person})
        basis = "both" if wanted == "COMPANY_NAME" else "values"
        return Judgement("COMPANY_NAME", round(0.6 + 0.35 * companies, 2), companies, basis)
    if hint and wanted == "PERSON" and (persons >= 0.3 or (hint.strength >= 0.8 and _latin_names(profile) >= 0.5)):
        # What the header calls a name is one, even where no family name is known to us.
        mask = ~company
        return Judgement(
            "PERSON",
            round(0.6 + 0.39 * max(persons, 0.6) * hint.strength, 2),
            max(persons, profile.share(mask)),
            "both",
            matching={"PERSON": mask},
        )
    settled = hint is not None and hint.strength >= 0.8
    if not settled and persons >= 0.85 and profile.distinct >= 8 and _model_agrees(profile, person):
        return Judgement("PERSON", round(0.5 + 0.4 * persons, 2), persons, "values", matching={"PERSON": person})
    return None


def _latin_names(profile: Profile) -> float:
    return profile.fits(r"^[A-Z][A-Za-z'’.\-]+(?:[ ,]+[A-Z][A-Za-z'’.\-]*){0,4}$")


def _model_agrees(profile: Profile, mask: pl.Series) -> bool:
    """Whether the tagging network takes most of a sample of the values for persons (three-character words look like
    names)."""
    from anonymizer.classify.names.encoder import encoder

    values = profile.values.filter(mask)
    sample = values.gather_every(max(1, len(values) // 200)).to_list()
    tops = [float(m.person.max()) if len(m.person) else 0.0 for m in encoder().masses(sample)]
    return sum(top >= 0.5 for top in tops) >= 0.6 * len(tops)


def _by_vocabulary(profile: Profile, hint: Hint | None) -> Judgement | None:
    fit = evidence.vocabulary_fit(profile)
    if fit is None:
        return None
    name, share = fit
    if hint and hint.strength >= 0.8 and hint.type != name:
        return None
    basis = "both" if hint and hint.type == name else "values"
    return Judgement(name, round(0.55 + 0.3 * share + (0.14 if basis == "both" else 0.0), 2), share, basis)


def _by_place(profile: Profile, hint: Hint | None) -> Judgement | None:
    if profile.kind != "text" or profile.mean_length > 60:
        return None
    wanted = hint.type if hint else None
    if wanted == "FREE_TEXT" and profile.mean_length > 25:
        return None
    divisions = profile.share(evidence.division_mask(profile.values))
    if divisions >= _MOST and wanted not in ("NATIVE_PLACE", "COMPANY_NAME", "CATEGORY"):
        basis = "both" if wanted == "DIVISION" else "values"
        return Judgement("DIVISION", round(0.55 + 0.4 * divisions, 2), divisions, basis)
    if wanted in ("CN_ADDRESS", "PLACE", None) or (hint and hint.strength < 0.6):
        mask = evidence.address_mask(profile)
        share = profile.share(mask)
        if share >= _MOST or (wanted == "CN_ADDRESS" and share >= _SOME):
            rooms = profile.share(mask & profile.values.str.contains(r"(?:室|单元|房|栋|幢|座).{0,8}$|\d-\d+-\d+$"))
            basis = "both" if wanted == "CN_ADDRESS" else "values"
            return Judgement(
                "CN_ADDRESS",
                round(0.6 + 0.38 * share, 2),
                share,
                basis,
                matching={"CN_ADDRESS": mask},
                residential=rooms >= 0.3,
            )
    return None


def _by_number_or_date(profile: Profile, hint: Hint | None) -> Judgement | None:
    wanted = hint.type if hint else None
    if wanted == "AGE" and profile.kind in ("integer", "decimal"):
        share = evidence.number_share(profile, 0, 125)
        return Judgement("AGE", round(0.5 + 0.45 * share, 2), share, "both") if share >= 0.9 else None
    if wanted in ("LATITUDE", "LONGITUDE") and profile.kind in ("decimal", "integer"):
        limit = 90 if wanted == "LATITUDE" else 180
        share = evidence.number_share(profile, -limit, limit)
        return Judgement(wanted, round(0.5 + 0.48 * share, 2), share, "both") if share >= 0.9 else None
    if profile.kind == "date":
        if wanted in ("BIRTH_DATE", "DATE_TIME"):
            return Judgement(wanted, 0.97, 1.0, "both")
        return Judgement("DATE_TIME", 0.85, 1.0, "values")
    if profile.kind == "integer" and wanted in ("DATE_TIME", "BIRTH_DATE"):
        share = profile.fits(r"^(?:19|20)\d{2}(?:(?:0[1-9]|1[0-2])(?:[0-3]\d)?)?$|^1[0-9]{9}(?:\d{3})?$")
        return Judgement(wanted, round(0.5 + 0.4 * share, 2), share, "both") if share >= 0.8 else None
    return None


def _by_text(profile: Profile, hint: Hint | None) -> Judgement | None:
    """Free text: long and varied cells, or what the header calls a remark."""
    if profile.kind != "text":
        return None
    called = hint is not None and hint.type == "FREE_TEXT"
    varied = profile.distinct_share >= 0.2 or profile.distinct > 500
    wordy = profile.fits(rf"{evidence._HAN}{{6}}|[A-Za-z]+ [A-Za-z]+ [A-Za-z]+") >= 0.5
    if (called and profile.mean_length >= 5) or (profile.mean_length >= _FREE_LENGTH and varied and wordy):
        if hint and hint.strength >= 0.9 and hint.type in ("COMPANY_NAME", "PLACE") and profile.mean_length < 30:
            return None
        return Judgement("FREE_TEXT", 0.95 if called else 0.8, 1.0, "both" if called else "values", free_text=True)
    return None


def _plausible(profile: Profile, hint: Hint) -> bool:
    """Whether the values do not contradict a header that alone decides."""
    if hint.type in ("AGE", "LATITUDE", "LONGITUDE"):
        return False
    if hint.type in ("DIVISION", "PLACE", "CN_ADDRESS") and profile.kind == "decimal":
        return False
    if hint.type in ("AMOUNT", "MEASURE", "COUNT"):
        return profile.kind in ("integer", "decimal") or profile.fits(r"^[¥￥]?\d[\d,.]*") >= 0.8
    if hint.type in ("CN_MOBILE", "PHONE_NUMBER", "CN_RESIDENT_ID", "CN_BANK_CARD"):
        return profile.fits(r"\d{4}") >= 0.5
    if hint.type == "PERSON":
        return profile.kind == "text" and hint.strength >= 0.8 and profile.mean_length <= 20
    if hint.type == "DATE_TIME":
        return profile.kind != "text" or profile.fits(r"\d") >= 0.5
    if hint.type in ("BIRTH_DATE",):
        return profile.fits(r"\d{2}") >= 0.5
    if TYPES[hint.type].group == "sensitive":
        return True
    return hint.type not in ("CN_USCC", "CN_LICENSE_PLATE", "EMAIL_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS")


def pair_coordinates(judged: list[tuple[Profile, Judgement]]) -> None:
    """Neighbouring columns of long decimals, one like a longitude of China and one like a latitude, are coordinates.

    Pinyin headers (`jd` is 经度 and 街道) and silent ones leave them undecided; changed in place.
    """
    undecided = [
        j.type in ("MEASURE", "DIVISION", "LATITUDE", "LONGITUDE", None)
        and p.kind == "decimal"
        and p.fits(r"\.\d{4,}$") >= 0.7
        for p, j in judged
    ]
    for first in range(len(judged) - 1):
        if not (undecided[first] and undecided[first + 1]):
            continue
        for x, y in ((first, first + 1), (first + 1, first)):
            longitude, latitude = judged[x], judged[y]
            if "MEASURE" not in (longitude[1].type, latitude[1].type):
                continue
            if (
                evidence.number_share(longitude[0], 73, 136) >= 0.95
                and evidence.number_share(latitude[0], 3, 54) >= 0.95
            ):
                judged[x] = (longitude[0], Judgement("LONGITUDE", 0.85, 1.0, "values"))
                judged[y] = (latitude[0], Judgement("LATITUDE", 0.85, 1.0, "values"))


def _unnamed(profile: Profile) -> Judgement:
    """Neither header nor values say more than the kind."""
    if profile.kind in ("integer", "decimal"):
        if profile.kind == "integer" and profile.distinct_share == 1.0 and profile.distinct > 1:
            return Judgement("RECORD_ID", 0.5, 1.0, "values")
        return Judgement("MEASURE", 0.4, 1.0, "values")
    if profile.kind == "text" and profile.fits(r"^[A-Z]\d{2}\.[0-9xX]{1,4}$") >= 0.8:
        return Judgement("DIAGNOSIS", 0.6, 1.0, "values")  # codes of the International Classification of Diseases
    if profile.kind == "text" and profile.distinct > 50 and profile.fits(r"^[A-Za-z0-9_-]*\d[A-Za-z0-9_-]*$") >= 0.9:
        return Judgement("RECORD_ID", 0.6, 1.0, "values")
    return Judgement("CATEGORY" if profile.distinct <= 200 else None, 0.4, 1.0, "values")
