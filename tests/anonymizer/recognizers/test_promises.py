"""What holds for every grammar: valid numbers are found whatever stands around them, no text makes a reader fail, no
text makes one run away."""

import time
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anonymizer.recognizers import Grammar, find_all, find_in_batch, fold, grammars
from anonymizer.recognizers.china import foreign_resident, hk_identity_card, organization_code, resident_id, vin
from anonymizer.recognizers.grammar import THRESHOLDS
from tests.quick import examples

DIGITS = "0123456789"


def number(length: int, first: str = "123456789") -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(first), st.text(DIGITS, min_size=length - 1, max_size=length - 1)).map("".join)


def luhn_digit(digits: str) -> str:
    total = sum(sum(divmod(int(c) * (2 - n % 2), 10)) for n, c in enumerate(reversed(digits)))
    return str(-total % 10)


def vin_of(draw: str) -> str:
    return draw[:8] + vin.check_character(draw) + draw[9:]


DAY = st.dates(min_value=date(1930, 1, 1)).map(lambda d: f"{d:%Y%m%d}")
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
VALID: dict[str, st.SearchStrategy[str]] = {
    "CN_RESIDENT_ID": st.tuples(number(6), DAY, number(3, DIGITS))
    .map("".join)
    .map(lambda s: s + resident_id.check_character(s)),
    "CN_MOBILE": st.tuples(st.just("1"), number(10, "3456789")).map("".join),
    "CN_BANK_CARD": number(13).map(lambda s: "622" + s[:12]).map(lambda s: s + luhn_digit(s)),
    "CN_LICENSE_PLATE": st.tuples(st.sampled_from("粤京沪湘藏琼"), st.sampled_from("ABCDEF"), number(5, DIGITS)).map(
        "".join
    ),
    "EMAIL_ADDRESS": st.tuples(number(6), st.sampled_from(["@qq.com", "@mail.sz.gov.cn"])).map("".join),
    "HK_IDENTITY_CARD": number(6, DIGITS).map(lambda s: f"A{s}({hk_identity_card.check_character('A', s)})"),
    "CN_FOREIGN_RESIDENT_ID": number(11, DIGITS)
    .map(lambda s: "USA" + s)
    .map(lambda s: s + foreign_resident.check_digit(s)),
    "CN_ORGANIZATION_CODE": number(8).map(lambda s: f"{s}-{organization_code.check_character(s)}"),
    "CN_VIN": st.tuples(st.just("L"), st.text(VIN_LETTERS, min_size=7, max_size=7), st.just("0"), number(8, DIGITS))
    .map("".join)
    .map(vin_of),
    "IP_ADDRESS": st.ip_addresses(v=4).filter(lambda a: not a.is_unspecified and not a.is_loopback).map(str),
    "MAC_ADDRESS": st.lists(st.text("0123456789ABCDEF", min_size=2, max_size=2), min_size=6, max_size=6).map(":".join),
}
AROUND = st.sampled_from(["", " ", "，", "。", "（", "）", "“", "、", "！", "\n", "…", "；", "|", "《", "人", "号"])


@pytest.mark.parametrize("entity", VALID)
def test_a_valid_number_is_found_whatever_stands_around_it(entity: str) -> None:
    @settings(max_examples=examples(60))
    @given(VALID[entity], AROUND, AROUND)
    def holds(value: str, before: str, after: str) -> None:
        found = find_all(fold(before + value + after))
        start, end = len(before), len(before) + len(value)
        covered = {place for m in found if m.score >= THRESHOLDS["leak-first"] for place in range(m.start, m.end)}
        assert covered.issuperset(range(start, end)), (before, value, after, found)

    holds()


@settings(max_examples=examples(300))
@given(st.text(max_size=60) | st.text("0123456789-：:()（）@.·号室栋年月日生岁姓名王身份证 \n", max_size=80))
def test_no_text_makes_a_reader_fail(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    for match in find_all(folded):
        assert 0 <= match.start < match.end <= len(text)
        assert "\n" not in folded[match.start : match.end]


@settings(max_examples=examples(60))
@given(st.lists(st.text("138-0123456789：张三路号室栋 @a.com", max_size=40), min_size=1, max_size=6))
def test_texts_read_together_are_read_as_alone(texts: list[str]) -> None:
    assert find_in_batch(texts) == [find_all(text) for text in texts]


SIGNS = (
    "1,1-,1 ,a,a.,a@,A1,E1,路1号,1号,王,姓名：,微信,户号,1°1′,::,0:,http://a?,军字第,+1 ,(1,DE12 ,就读于中,"
    "2024年1月1日,1岁,税号,号之,东,粤B·,(,0.12345;,号院,甲座,1 A ,Rua A ,1 A St ,致王,1.1,一九八五年"
)


@pytest.mark.parametrize("grammar", grammars(), ids=lambda g: type(g).__name__)
def test_no_text_makes_a_pattern_run_away(grammar: Grammar) -> None:
    """Eight times the text takes at most about eight times the time; a square would take sixty-four."""

    def seconds(sign: str, length: int) -> float:
        text = (sign * (length // len(sign) + 1))[:length]
        best = 9.0
        for _ in range(2):
            started = time.process_time()
            list(grammar.find(text))
            best = min(best, time.process_time() - started)
        return best

    for sign in SIGNS.split(","):
        small, large = seconds(sign, 500), seconds(sign, 4000)
        assert large < max(0.02, 24 * small), (sign, small, large)
