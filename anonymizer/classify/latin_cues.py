"""Words around and within a name in Latin letters: titles, kinship, parts that people play, verbs of what people do,
and words that make a stretch something else (a street, a company, a month)."""

from __future__ import annotations

import re
from typing import Final

TITLE: Final = (
    r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Sir|Madam|Lady|Lord|Rev|Capt|Captain|Sgt|Judge|Officer|Nurse|Uncle|Aunt)"
)
TITLE_BEFORE: Final = re.compile(rf"\b{TITLE}\.? $")
SUFFIX: Final = re.compile(r",? (?:Jr|Sr|II|III|IV|MD|M\.D|PhD|Ph\.D|DDS|DVM|Esq)\b\.?")
_PARTICLES: Final = "de da do dos das del della di du van von der den ten ter bin ibn binti al el la le of y e i"
PARTICLES: Final = frozenset(_PARTICLES.split())

_KIN: Final = (
    "wife|husband|spouse|partner|fianc[eé]e?|son|daughter|kid|child|brother|sister|sibling|mother|father|mom|mum|dad|parent|"
    "grand(?:mother|father|ma|pa|son|daughter)|uncle|aunt|cousin|nephew|niece|friend|girlfriend|boyfriend|neighbou?r|boss|"
    "colleague|coworker|landlord|tenant|roommate|guardian|beneficiary"
)
_ROLE: Final = (
    "manager|assistant|doctor|dentist|lawyer|nurse|teacher|client|patient|customer|employee|witness|passenger|driver|suspect|"
    "defendant|plaintiff|victim|director|producer|songwriter|singer|actor|actress|author|writer|artist|drummer|guitarist|"
    "president|chairman|chairwoman|founder|senator|minister|mayor|judge|officer|agent|coach|player|engineer|professor"
)
_CAPITAL_ROLE: Final = "|".join(role.capitalize() for role in _ROLE.split("|"))
STRONG_BEFORE: Final = re.compile(
    rf"(?:\b{TITLE}\.? |\b[Nn](?:ame|AME)s?(?: (?:is|are|was|to)\b|:|\?)[ \t]{{0,8}}"
    r"|\b(?:calls? me|[Cc]all me|was called|is called|named|née|[Ii] am|I['’]m|[Dd]ear|(?:[Hh]i|[Hh]ello|[Hh]ey),?) "
    rf"|\b[Mm]y (?:{_KIN})(?:'s name)?,? )$"
)
"""After these comes a name, whatever it looks like."""
BEFORE: Final = re.compile(
    r"\b(?:(?:[Tt]his is|[Ss]incerely|[Rr]egards|[Cc]heers|[Tt]hanks),? "
    r"|(?:said|says|asked|asks|replied|wrote|shouted|told|tell|ask|meet|met|married|marry|contact|call|email|remind|"
    r"invite|invited|hired|thank|by|with|at|to|add|remove|starring|featuring|verses? from|you) "
    rf"|(?:[Mm]y|[Hh]is|[Hh]er|[Oo]ur|[Tt]heir|[Yy]our|[Tt]he) (?:{_KIN}|{_ROLE})(?:'s name)?,? "
    rf"|(?:{_ROLE}|{_CAPITAL_ROLE})(?: name)?:? "
    r"|(?:[Aa]ttn|[Ff]rom|[Tt]o|[Cc]c|[Ss]igned|[Cc]ontact|[Uu]ser|[Oo]wner|[Bb]y|[Rr]ecipient|[Ss]ender)"
    r"[ \t]{0,4}:[ \t]{1,8})$"
)
AFTER: Final = re.compile(
    r",? (?:said|says|asked|asks|replied|wrote|writes|shouted|whispered|told|tells|lives?|lived|began|spent|was born|"
    r"has been|had given|explained|explains|called|works?|worked|joined|died|thinks?|loves?|wants?|speaks?|"
    r"and (?:his|her|their)|shared|sang|played)\b"
    rf"|['’]s (?:{_KIN}|address|phone|number|account|email|card|name|birthday|killers?|house|home|car|death|life|"
    r"office)\b"
    r"|, [A-Z][A-Za-z ]{3,30}, (?:said|says)\b"
)
"""What persons do and have."""
AFTER_NAME: Final = re.compile(r": [A-Z\"“]|,? (?:is|was|had|has|will|can|does|did)\b")
"""What follows persons and things alike: it helps only a word that is known as a name."""
UNITS: Final = frozenset(
    {"apt", "apartment", "suite", "ste", "unit", "box", "floor", "room", "flat", "block", "building"}
)
"""They begin an address and end whatever name stands before it."""
PLACE_BEFORE: Final = re.compile(
    r"\b(?:in|at|near|via|towards?|around|across|outside|downtown|city|town|visit|visited)(?: the)? $"
)
MAYBE_PLACE_BEFORE: Final = re.compile(r"\b(?:of|to|from|for)(?: the)? $")
ADDRESS_BEFORE: Final = re.compile(
    r"(?<!\d)\d{1,5}[ ,]{1,2}$|\b(?:ul|St|avenue|rue|Rua|Via|Calle|av|Avda|Plaza|Box|USS|USNS|USCGC|USNV)\.? $"
)
ADDRESS_AFTER: Final = re.compile(r",? ?\d{1,4}(?!\d)|\.? (?:u|út|utca|str|ul|gate|straat|street|road|avenue)\b")
_OTHERS: Final = """
street st road rd avenue ave lane ln drive boulevard blvd square court ct terrace place plaza park suite apt apartment
unit box floor room flat mill hills ridge river lake mount mountain island beach bay airport station bridge town
southern northern eastern western upper lower new port inc ltd llc llp corp corporation incorporated company co gmbh
ag plc sa spa bv group holding holdings bank partners associates solutions systems technologies technology software
labs lines university college school institute academy hospital clinic church museum orchestra club fc united
association foundation committee department ministry council agency office store shop hotel restaurant cafe airlines
motors pharma energy media news times post journal weekly daily magazine award prize cup league january february march
april june july august september october november december monday tuesday wednesday thursday friday saturday sunday
north south east west pro plus ultra mini edition version series app model american english french german chinese
spanish italian russian japanese
"""
NO_PERSON: Final = frozenset(_OTHERS.split())
"""A stretch with one of these is a street, a company, a day."""
