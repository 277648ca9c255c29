"""The vocabulary of contracts, reports and licences in the reader's language."""

from collections.abc import Mapping
from typing import Any

from anonymizer.classify.types import TYPES as TYPES_OF_DATA
from contracts.licence import LicenceTerms
from contracts.privacy import Threshold
from contracts.schema import ContractField
from web.formats import DASH, number
from web.i18n import N_, current_locale, localized, raw_gettext

TYPES = {
    "string": N_("text"),
    "integer": N_("whole number"),
    "number": N_("number"),
    "boolean": N_("yes or no"),
    "date": N_("date"),
    "timestamp": N_("date and time"),
}
TREATMENTS = {
    "keep": N_("as it is"),
    "drop": N_("left out"),
    "mask": N_("partly hidden"),
    "pseudonymise": N_("replaced by a code"),
    "redact-text": N_("personal data hidden in the text"),
    "generalise": N_("made coarser"),
    "with": N_("made coarser together with another column"),
    "round": N_("rounded"),
    "top-bottom": N_("extremes cut"),
    "micro-aggregate": N_("means of neighbours"),
}
ROLES = {
    "direct-identifier": N_("direct identifier"),
    "quasi-identifier": N_("quasi-identifier"),
    "sensitive": N_("sensitive attribute"),
    "plain": N_("says nothing about anybody"),
}
ROLE_KINDS = {"direct-identifier": "stop", "quasi-identifier": "care", "sensitive": "ink"}
BOUNDS = {
    "low": N_("lower end of the range, included"),
    "high": N_("upper end of the range, included"),
    "code": N_("code of the level it is published at"),
    "level": N_("level it is published at"),
}
MODELS = {
    "k-anonymity": N_("k-anonymity: records that look the same"),
    "max-risk": N_("highest chance of a right guess about anybody"),
    "average-risk": N_("average chance of a right guess"),
    "household-risk": N_("highest chance that at least one of a household is guessed"),
    "distinct-l-diversity": N_("l-diversity: different values of a sensitive attribute among them"),
    "entropy-l-diversity": N_("entropy l-diversity: as uncertain as so many equally frequent values"),
    "recursive-cl-diversity": N_("(c,l)-diversity: the most frequent value against the rarer ones, below c"),
    "t-closeness": N_("t-closeness: distance from the values of all, at most t"),
}
MEASURED = {
    "distinct-l-diversity": N_("Fewest different values of %(column)s in a group"),
    "entropy-l-diversity": N_("Least diversity of %(column)s in a group, by entropy"),
    "recursive-cl-diversity": N_("Most frequent value of %(column)s against the rarer ones in a group, at most"),
    "t-closeness": N_("Largest distance of %(column)s in a group from the whole"),
}
"""What was counted again about a sensitive column, by model."""
UNITS = {
    "person": N_("persons"),
    "household": N_("households"),
    "vehicle": N_("vehicles"),
    "device": N_("devices"),
    "organisation": N_("organisations"),
    "row": N_("records"),
}
MEASURES = {
    "个": "",
    "人": "people",
    "元": "yuan",
    "万元": "10,000 yuan",
    "分钟": "minutes",
    "小时": "hours",
    "天": "days",
    "月": "months",
    "年": "years",
    "岁": "years",
    "米": "m",
    "公里": "km",
    "平方米": "m²",
    "立方米": "m³",
    "毫米": "mm",
    "百帕": "hPa",
    "米/秒": "m/s",
    "次": "times",
}
"""Units as providers write them in Chinese, for readers of English; a mere count has none there."""
ALGORITHMS = {
    "local": N_("each combination as fine as it can be (local recoding)"),
    "full-domain": N_("one level for a whole column (full-domain recoding)"),
}
ACTIONS = {
    "use": N_("May be used for any lawful purpose, by people and by programs"),
    "reproduce": N_("May be copied and passed on"),
    "derive": N_("May be adapted and combined with other data"),
    "distribute_statistics": N_("Statistics and results may be published"),
    "commercial_use": N_("May be used in commercial products"),
}
DUTIES = {
    "attribute": N_("Name the source"),
    "state_purpose": N_("Register what it is used for"),
    "delete_at_end": N_("Delete it when the subscription ends"),
}
PROHIBITIONS = {
    "reidentify": N_("Nobody may be re-identified"),
    "redistribute_raw": N_("The table may not be passed on"),
    "resell": N_("It may not be sold on"),
}

ERRORS = (
    N_("There is no dataset %(1)s."),
    N_("There is no organisation %(1)s."),
    N_("There is no version %(1)s of this dataset."),
    N_("There is no release %(1)s."),
    N_("There is no licence %(1)s."),
    N_("Release %(1)s was withdrawn on %(2)s: %(3)s"),
)
"""What the services say when something is not there; `web.messages` finds the translations by these patterns."""
CHAIN_REASONS = (
    N_("an entry is missing"),
    N_("the link to the entry before is broken"),
    N_("the entry was changed"),
    N_("the newest entries are missing"),
)


def word(words: Mapping[str, str], key: str) -> str:
    """The word for `key`; what is not in the vocabulary stays as it is."""
    return raw_gettext(words[key]) if key in words else key


def measure(threshold: Threshold, column: str) -> str:
    """What was measured of a sensitive column."""
    return raw_gettext(MEASURED.get(threshold.model, "%(column)s")) % {"column": column}


def figure(value: float | None) -> str:
    """A measure with up to three decimals, a whole number without any."""
    if value is None:
        return DASH
    return number(int(value) if value == int(value) else round(value, 3))


def kind_of_data(entity: str) -> str:
    """The name of a kind of personal data that a scan finds."""
    known = TYPES_OF_DATA.get(entity)
    if known is None:
        return entity
    return known.zh if current_locale() == "zh-CN" else known.en.removeprefix("a ").removeprefix("an ")


def column_title(described: Mapping[str, Mapping[str, Any]], name: str) -> str:
    """What a column of the source is called in the dataset's dictionary, else its name."""
    return localized(described.get(name, {}).get("title")) or name


def licence_rows(terms: LicenceTerms) -> list[tuple[str, str]]:
    """A licence for `ui.terms`: what it allows, asks and forbids."""
    return [
        *(("may", word(ACTIONS, action)) for action in terms.permissions),
        *(("must", word(DUTIES, duty)) for duty in terms.duties),
        *(("not", word(PROHIBITIONS, prohibition)) for prohibition in terms.prohibitions),
    ]


def meaning(field: ContractField, described: str, title: str) -> str:
    """What a field holds: its description; of a generalised pair also which half it is."""
    half = word(BOUNDS, field.bound) if field.bound else ""
    parts = [part for part in (described, half) if part]
    return " · ".join(parts) or title


def unit(name: str | None) -> str:
    """A unit of measure in the reader's language; as the provider wrote it where it is not known."""
    if not name or current_locale() != "en":
        return name or ""
    return MEASURES.get(name, name)
