"""`anonymizer.scan` on whole tables: what each column is, and which part it plays."""

import random
from pathlib import Path

import polars as pl
import pytest

import anonymizer
from anonymizer.recognizers.china.resident_id import check_character
from contracts.errors import InvalidInput

DIRECT, QUASI, SENSITIVE, PLAIN = "direct-identifier", "quasi-identifier", "sensitive", "plain"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英玉兰建国志强"
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗"
_random = random.Random(7)


def name() -> str:
    return _random.choice(_SURNAMES) + "".join(_random.choices(_GIVEN, k=_random.randint(1, 2)))


def identity() -> str:
    first = f"44030{_random.randint(3, 9)}{_random.randint(1950, 2009)}{_random.randint(1, 12):02}"
    first += f"{_random.randint(1, 28):02}{_random.randint(1, 999):03}"
    return first + check_character(first)


def mobile() -> str:
    return f"1{_random.choice('3578')}{_random.randint(0, 10**9 - 1):09}"


def address() -> str:
    district = _random.choice(["福田区", "南山区", "罗湖区"])
    road = _random.choice(["景田路", "科苑路", "湖贝路"])
    return f"深圳市{district}{road}{_random.randint(1, 99)}号{_random.randint(1, 20)}栋{_random.randint(101, 999)}室"


def moment() -> str:
    return f"2026-0{_random.randint(1, 9)}-{_random.randint(1, 28):02} {_random.randint(0, 23):02}:15:00"


def table(rows: int, **makers: object) -> pl.DataFrame:
    return pl.DataFrame({key: [str(make()) for _ in range(rows)] for key, make in makers.items() if callable(make)})


def one_of(*values: str) -> object:
    return lambda: _random.choice(values)


def number(low: int, high: int) -> object:
    return lambda: _random.randint(low, high)


def degrees(low: float, high: float) -> object:
    return lambda: f"{_random.uniform(low, high):.6f}"


def serial(prefix: str) -> object:
    numbers = iter(range(10**6))
    return lambda: f"{prefix}{next(numbers):08}"


def roles(frame: pl.DataFrame) -> dict[str, str]:
    return {column.name: column.role.value for column in anonymizer.scan(frame).columns}


def test_clinic_visits() -> None:
    frame = table(
        300,
        jzlsh=serial("MZ"),
        xm=name,
        sfzh=identity,
        xb=one_of("男", "女"),
        年龄=number(0, 99),
        就诊日期=moment,
        诊断=one_of("高血压", "糖尿病", "抑郁症"),
        lxdh=mobile,
        总费用=number(10, 900),
    )
    assert roles(frame) == {
        "jzlsh": DIRECT,
        "xm": DIRECT,
        "sfzh": DIRECT,
        "xb": QUASI,
        "年龄": QUASI,
        "就诊日期": QUASI,
        "诊断": SENSITIVE,
        "lxdh": DIRECT,
        "总费用": PLAIN,
    }


def test_parking_sessions() -> None:
    plates = [f"粤B{_random.randint(0, 99999):05}" for _ in range(80)]
    frame = table(
        300,
        车牌号码=one_of(*plates),
        路段名称=one_of("深南大道东段", "景田路北段"),
        驶入时间=moment,
        驶离时间=moment,
        收费金额=number(0, 60),
        支付方式=one_of("微信", "支付宝"),
    )
    assert roles(frame) == {
        "车牌号码": DIRECT,
        "路段名称": QUASI,
        "驶入时间": QUASI,
        "驶离时间": QUASI,
        "收费金额": PLAIN,
        "支付方式": PLAIN,
    }


def test_rentals_and_water_meters_hold_homes() -> None:
    frame = table(200, 户号=serial("H"), 户名=name, 用水地址=address, 抄表日期=moment, 用水量=number(1, 50))
    found = roles(frame)
    assert found["户号"] == found["户名"] == found["用水地址"] == DIRECT
    assert found["用水量"] == SENSITIVE
    homes_alone = roles(table(200, 房屋地址=address, 建筑面积=number(20, 200)))
    assert homes_alone == {"房屋地址": DIRECT, "建筑面积": PLAIN}


def test_bike_trips_have_coordinates() -> None:
    users = [f"U{n:06}" for n in range(60)]
    frame = table(
        300,
        ddbh=serial("B"),
        user_id=one_of(*users),
        start_time=moment,
        start_lng=degrees(113.8, 114.3),
        start_lat=degrees(22.5, 22.8),
        distance_m=number(100, 9000),
    )
    found = roles(frame)
    assert found["user_id"] == DIRECT
    assert found["start_time"] == found["start_lng"] == found["start_lat"] == QUASI
    assert found["distance_m"] == PLAIN


def test_a_register_of_companies_names_only_its_representatives() -> None:
    names = serial("深圳市第")
    frame = table(
        200,
        企业名称=lambda: names() + "科技有限公司",  # type: ignore[operator]
        法定代表人=name,
        联系电话=mobile,
        注册地址=address,
        成立日期=moment,
        注册资本=number(10, 900),
    )
    assert roles(frame) == {
        "企业名称": PLAIN,
        "法定代表人": DIRECT,
        "联系电话": DIRECT,
        "注册地址": PLAIN,
        "成立日期": PLAIN,
        "注册资本": PLAIN,
    }


@pytest.mark.parametrize(
    "frame",
    [
        table(
            200,
            站点编号=one_of("A1", "A2"),
            监测时间=moment,
            AQI=number(1, 200),
            经度=degrees(113, 114),
            纬度=degrees(22, 23),
            等级=one_of("优", "良"),
        ),
        table(
            100,
            序号=serial(""),
            停车场名称=serial("停车场"),
            地址=lambda: f"深圳市福田区景田路{_random.randint(1, 999)}号",
            泊位总数=number(1, 900),
            服务电话=one_of("0755-82345678", "12345"),
            运营单位=one_of("深圳市停车有限公司", "某某物业服务有限公司"),
        ),
        table(100, 年龄段=one_of("0-9", "10-19"), 性别=one_of("男", "女"), 人数=number(1, 9999)),
        table(
            50, station_id=serial(""), longitude=degrees(113, 114), latitude=degrees(22, 23), charge_count=number(1, 60)
        ),
    ],
    ids=["air", "car parks", "counts of people", "charging stations"],
)
def test_tables_without_persons_are_plain(frame: pl.DataFrame) -> None:
    result = anonymizer.scan(frame)
    assert {column.name: column.role.value for column in result.columns if column.role.value != PLAIN} == {}
    assert result.personal_cells == 0


def test_hotline_text_is_read_and_counted_by_cell() -> None:
    frame = pl.DataFrame(
        {
            "工单编号": [f"G{n:05}" for n in range(4)],
            "诉求内容": [
                "市民王建国来电反映噪音扰民，联系电话13812345678或13912345678",
                "路灯不亮，请尽快维修，谢谢",
                "市民王建国来电反映噪音扰民，联系电话13812345678或13912345678",
                None,
            ],
        }
    )
    result = anonymizer.scan(frame)
    text = result.column("诉求内容")
    assert text is not None
    assert text.free_text
    assert text.role.value == DIRECT
    assert text.entity_counts == {"PERSON": 2, "CN_MOBILE": 2}
    assert result.personal_cells == 2
    assert text.nulls == 1


def test_something_embedded_in_a_plain_column_is_found() -> None:
    values = ["已处理", "处理中", "已转办"] * 50 + ["已处理，回访13812345678"]
    column = anonymizer.scan(pl.DataFrame({"处理情况说明": values, "x": ["1"] * 151})).columns[0]
    assert column.entity_counts == {"CN_MOBILE": 1}
    assert column.role.value == DIRECT


def test_no_raw_value_is_in_the_result() -> None:
    frame = table(40, xm=name, sfzh=identity, lxdh=mobile, dz=address)
    said = anonymizer.scan(frame).to_json()
    for column in frame.columns:
        for value in frame.get_column(column):
            assert value not in said


def test_every_kind_of_source_gives_the_same_answer(tmp_path: Path) -> None:
    frame = table(60, xm=name, sfzh=identity, age=number(0, 99), bz=one_of("无异常情况", "回访13812345678无人接"))
    frame.write_csv(tmp_path / "t.csv")
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_ndjson(tmp_path / "t.jsonl")
    (tmp_path / "g.csv").write_bytes(frame.write_csv(separator=";").encode("gb18030"))
    expected = anonymizer.scan(frame)
    sources = [
        tmp_path / "t.csv",
        str(tmp_path / "t.parquet"),
        tmp_path / "t.jsonl",
        tmp_path / "g.csv",
        frame.lazy(),
        frame.to_pandas(),
        frame.to_arrow(),
    ]
    for source in sources:
        found = anonymizer.scan(source)
        assert [(c.name, c.semantic_type, c.role, c.entity_counts) for c in found.columns] == [
            (c.name, c.semantic_type, c.role, c.entity_counts) for c in expected.columns
        ]


def test_typed_columns_are_judged_like_text() -> None:
    frame = pl.DataFrame(
        {"手机号": [13812345678, 13912345678], "年龄": [30, 40], "出生日期": ["1990-01-01", "1980-01-01"]}
    )
    typed = frame.with_columns(pl.col("出生日期").str.to_date())
    assert [c.semantic_type for c in anonymizer.scan(typed).columns] == ["CN_MOBILE", "AGE", "BIRTH_DATE"]


@pytest.mark.parametrize("rows", [0, 1])
def test_tiny_tables(rows: int) -> None:
    frame = pl.DataFrame(
        {"姓名": ["王建国"] * rows, "备注": [""] * rows}, schema={"姓名": pl.String, "备注": pl.String}
    )
    result = anonymizer.scan(frame)
    assert result.rows == rows
    assert result.personal_cells == rows


def test_progress_rises_to_one() -> None:
    heard: list[tuple[str, float]] = []
    frame = table(30, xm=name, 备注=lambda: f"请致电{mobile()}联系{name()}处理")
    anonymizer.scan(frame, on_progress=lambda stage, share: heard.append((stage, share)))
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert {"columns", "text"} <= {stage for stage, _ in heard}


def test_a_missing_file_is_told_plainly(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"nowhere\.csv"):
        anonymizer.scan(tmp_path / "nowhere.csv")
