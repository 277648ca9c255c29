import pytest

from anonymizer.classify.headers import read_header
from anonymizer.classify.types import TYPES


@pytest.mark.parametrize(
    ("header", "type"),
    [
        # Chinese, whole and compound; units and notes in brackets do not count
        ("姓名", "PERSON"),
        ("患者姓名", "PERSON"),
        ("巡查员", "PERSON"),
        ("身份证号码(必填)", "CN_RESIDENT_ID"),
        ("月租金（元）", "FINANCE"),
        ("停车场名称", "PLACE"),
        ("企业名称", "COMPANY_NAME"),
        ("服务电话", "PUBLIC_SERVICE_NUMBER"),
        # pinyin initials, in any case
        ("SFZH", "CN_RESIDENT_ID"),
        ("lxdh", "PHONE_NUMBER"),
        ("xm", "PERSON"),
        ("csrq", "BIRTH_DATE"),
        ("cph", "CN_LICENSE_PLATE"),
        # English, in the usual spellings
        ("native-country", "NATIONALITY"),
        ("marital_status", "MARITAL_STATUS"),
        ("startTime", "DATE_TIME"),
        ("Start Lng", "LONGITUDE"),
        ("salary-class", "INCOME"),
        ("station_id", "RECORD_ID"),
    ],
)
def test_reads(header: str, type: str) -> None:
    hint = read_header(header)
    assert hint is not None
    assert hint.type == type


@pytest.mark.parametrize("header", ["T", "P0", "TAZID", "名称", "从业人数说明书页", "xyz_abc"])
def test_says_nothing_where_there_is_nothing_to_say(header: str) -> None:
    hint = read_header(header)
    assert hint is None or hint.strength < 0.6


def test_every_hint_is_a_known_type() -> None:
    from anonymizer.classify.headers import _terms

    chinese, latin = _terms()
    assert {*chinese.values(), *latin.values()} <= set(TYPES)
