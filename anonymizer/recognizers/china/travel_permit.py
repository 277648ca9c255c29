"""CN_TRAVEL_PERMIT: permits for travel between the mainland, Hong Kong, Macao and Taiwan.

National Immigration Administration: 港澳居民来往内地通行证 H or M and 8 digits (10 on older cards),
台湾居民来往大陆通行证 8 digits (only in context), 往来港澳通行证 C or W (second place may be a letter),
往来台湾通行证 L or T, each with 8 digits.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar, PatternGrammar

_LABELS = r"通行证|回乡证|台胞证|港澳证"


class TravelPermit(PatternGrammar):
    """A letter and eight or ten digits."""

    entity = "CN_TRAVEL_PERMIT"
    context = ("通行证", "回乡证", "台胞证", "港澳", "往来", "证件号", "permit")
    pattern = r"[HhMm]\d{8}(?:\d{2})?|[CcWw][A-HJ-NP-Za-hj-np-z]?\d{7,8}|[LlTt]\d{8}"
    score = 0.35


class LabelledTravelPermit(LabelledGrammar):
    """Eight digits after the name of the permit (Taiwan)."""

    entity = "CN_TRAVEL_PERMIT"
    requires = ("通行证", "回乡证", "台胞证", "港澳证")
    labels = _LABELS
    value = r"\d{8}(?:\([A-Z0-9]\))?"
