"""One column at a time: meaning from header and values."""

import polars as pl
import pytest

from anonymizer.classify.columns import Judgement, judge, pair_coordinates
from anonymizer.classify.profile import profile
from anonymizer.recognizers.china.resident_id import check_character

IDS = [
    first + check_character(first)
    for first in (f"44030419{year}0{month}15011" for year in range(60, 90) for month in range(1, 4))
]
MOBILES = [f"138{n:08d}" for n in range(12345, 12445)]
NAMES = ["王建国", "李晓梅", "张伟", "陈静", "欧阳娜", "刘洋", "黄丽", "吴敏", "周杰", "徐强", "孙芳", "马超"] * 3


def judged(name: str, values: list[str]) -> Judgement:
    return judge(profile(pl.Series(name, values)))


@pytest.mark.parametrize(
    ("values", "type"),
    [
        (IDS, "CN_RESIDENT_ID"),
        (MOBILES, "CN_MOBILE"),
        (["0755-82345678", "010-62345678", "021-52345678"], "CN_LANDLINE"),
        (["13812345678", "0755-82345678"], "PHONE_NUMBER"),
        (["粤B12345", "粤BD12345", "京A88888"], "CN_LICENSE_PLATE"),
        (["a@qq.com", "b.c@example.com"], "EMAIL_ADDRESS"),
        (["10.1.2.3", "192.168.7.1"], "IP_ADDRESS"),
        (["91440300708461136T"], "CN_USCC"),
        (["4111111111111111", "6222021234567890128"], "CN_BANK_CARD"),
        (["男", "女"], "SEX"),
        (["本科", "大专", "高中"], "EDUCATION"),
        (["福田区", "南山区", "罗湖区"], "DIVISION"),
        (["福田区景田路18号3栋1203室", "南山区科苑路15号2单元301室"], "CN_ADDRESS"),
        (["深圳市某某科技有限公司", "广东某某律师事务所"], "COMPANY_NAME"),
        (["2024-01-01", "2024-02-01"], "DATE_TIME"),
        (["J06.900", "I10.x00", "E11.900"], "DIAGNOSIS"),
    ],
)
def test_values_tell_under_a_silent_header(values: list[str], type: str) -> None:
    assert judged("c7", values).type == type


@pytest.mark.parametrize(
    ("header", "values", "type"),
    [
        # the header decides what the values leave open
        ("年龄", ["12", "45"], "AGE"),
        ("用户编号", ["U1", "U2"], "ACCOUNT_ID"),
        ("诊断", ["高血压", "糖尿病"], "DIAGNOSIS"),
        ("出生日期", ["1990-01-01"], "BIRTH_DATE"),
        ("lat", ["22.5", "22.6"], "LATITUDE"),
        # the values overrule a header that cannot be right
        ("年龄", ["2500", "9999", "2500"], "MEASURE"),
        ("联系电话", ["12345", "95588", "400-820-8820"], "PUBLIC_SERVICE_NUMBER"),
        ("姓名", ["深圳市某某科技有限公司", "广州某某贸易有限公司"], "COMPANY_NAME"),
        ("服务电话", ["13812345678", "13912345678"], "CN_MOBILE"),
    ],
)
def test_header_and_values_are_weighed(header: str, values: list[str], type: str) -> None:
    assert judged(header, values).type == type


def test_a_name_column_with_some_companies_counts_only_the_persons() -> None:
    found = judged("户名", [*NAMES, "深圳市某某科技有限公司"])
    assert found.type == "PERSON"
    assert found.valid_share == pytest.approx(36 / 37)


def test_names_are_known_by_themselves_and_words_are_not_names() -> None:
    assert judged("c7", NAMES).type == "PERSON"
    words = ["高温", "安全", "路灯", "花园", "金融", "方便", "白天", "水管", "江边", "温度", "马路", "黄色", "石头"]
    assert judged("c7", words * 3).type != "PERSON"


def test_serial_numbers_are_no_identity_numbers() -> None:
    serials = [f"2024010112345{n:05d}" for n in range(100)]
    assert judged("c7", serials).type not in ("CN_RESIDENT_ID", "CN_BANK_CARD", "CN_USCC")


def test_mistyped_check_characters_do_not_hide_a_column() -> None:
    broken = [number[:17] + ("1" if number[17] != "1" else "2") for number in IDS[:20]]
    found = judged("身份证号", IDS + broken)
    assert found.type == "CN_RESIDENT_ID"
    assert found.valid_share == 1.0


def test_full_width_cells_count_like_others() -> None:
    assert judged("c7", ["１３８１２３４５６７８", "13912345678"]).valid_share == 1.0


def test_long_varied_text_is_free_text() -> None:
    texts = [f"市民反映第{n}次夜间施工噪音扰民，请相关部门处理" for n in range(30)]
    assert judged("c7", texts).free_text
    assert judged("备注", ["已电话联系张三", "同住人李四"]).free_text


def test_two_neighbouring_decimals_are_coordinates() -> None:
    columns = [
        profile(pl.Series(n, v)) for n, v in (("ksjd", ["113.921788", "113.9224"]), ("x2", ["22.542044", "22.5247"]))
    ]
    pairs = [(p, judge(p)) for p in columns]
    pair_coordinates(pairs)
    assert [j.type for _, j in pairs] == ["LONGITUDE", "LATITUDE"]
