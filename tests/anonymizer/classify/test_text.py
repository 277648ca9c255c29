"""Free text, read through Presidio with the real network."""

import time
from itertools import pairwise

import pytest

import anonymizer
from anonymizer.classify import text as text_module
from anonymizer.classify.text import Memory, find_in_texts


def spans(text: str, mode: anonymizer.Mode = "leak-first") -> list[tuple[str, str]]:
    return [(f.type, text[f.start : f.end]) for f in anonymizer.scan_text([text], mode=mode)[0]]


def test_a_ticket_gives_up_all_it_holds() -> None:
    text = (
        "市民王建国（身份证１１０１０５１９４９１２３１００２Ｘ）来电，反映福田区莲花街道景田北路18号天健花园3栋1203室住户李晓梅夜间噪音扰民，"
        "车辆粤B·12345占道，联系电话138 1234 5678，邮箱wang@qq.com。"
    )
    assert spans(text) == [
        ("PERSON", "王建国"),
        ("CN_RESIDENT_ID", "１１０１０５１９４９１２３１００２Ｘ"),
        ("CN_ADDRESS", "福田区莲花街道景田北路18号天健花园3栋1203室"),
        ("PERSON", "李晓梅"),
        ("CN_LICENSE_PLATE", "粤B·12345"),
        ("CN_MOBILE", "138 1234 5678"),
        ("EMAIL_ADDRESS", "wang@qq.com"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "路灯不亮，请尽快维修",
        "拨打12345或95588咨询",
        "使用APP缴费失败",
        "2024年3月18号2号线停运",
        "…",
        "\U0001f600",
    ],
)
def test_nothing_where_nothing_is(text: str) -> None:
    assert spans(text) == []


def test_names_of_minorities_foreigners_and_in_latin_letters() -> None:
    assert ("PERSON", "阿不都热合曼·买买提") in spans("阿不都热合曼·买买提来电咨询社保")
    assert ("PERSON", "John Smith") in spans("The tenant John Smith complained about noise")


def test_a_name_is_found_wherever_it_recurs() -> None:
    text = "投诉人刘德明称，保安打人。刘德明要求赔偿，并留下刘德明的工号"
    assert [value for kind, value in spans(text) if kind == "PERSON"] == ["刘德明"] * 3


def test_offsets_are_code_points_also_beyond_the_basic_plane() -> None:
    text = "😀市民王建国来电"
    assert spans(text) == [("PERSON", "王建国")]


def test_answers_do_not_depend_on_company() -> None:
    texts = ["市民王建国来电", "路灯不亮", "联系电话13812345678" * 20, "市民王建国来电", "李晓梅" + "，请回复" * 200]
    together = find_in_texts(texts)
    alone = [find_in_texts([text])[0] for text in texts]
    assert [[(f.type, f.start, f.end) for f in found] for found in together] == [
        [(f.type, f.start, f.end) for f in found] for found in alone
    ]


def test_what_is_remembered_is_what_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory()
    texts = ["市民王建国来电", "路灯不亮", "联系电话13812345678", "市民王建国来电"]
    read = memory.find_in_texts(texts)
    assert read == find_in_texts(texts)
    told: list[int] = []
    monkeypatch.setattr(text_module, "_read", lambda batch, mode: pytest.fail(f"read again: {batch}"))
    assert memory.find_in_texts([*reversed(texts)], on_progress=told.append) == [*reversed(read)]
    assert not told


def test_a_mode_has_a_memory_of_its_own() -> None:
    memory = Memory()
    text = "老人揭亮去过5栋，电话13812345678"
    assert memory.find_in_texts([text], "leak-first") != memory.find_in_texts([text], "balanced")


def test_what_was_read_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(capacity=2)
    texts = ["路灯不亮", "市民王建国来电", "联系电话13812345678"]
    memory.find_in_texts(texts)
    seen: list[str] = []
    plain = text_module._read
    monkeypatch.setattr(text_module, "_read", lambda batch, mode: seen.extend(batch) or plain(batch, mode))
    memory.find_in_texts(texts[1:])
    assert not seen
    memory.find_in_texts(texts[:1])
    assert seen == texts[:1]


def test_placeholders_of_an_anonymised_text_are_nobody() -> None:
    text = "来电人<PERSON>，电话<CN_MOBILE>，住<CN_ADDRESS>，另一来电人王建国。"
    assert spans(text) == [("PERSON", "王建国")]


def test_a_name_far_into_a_long_text_is_found() -> None:
    text = "路灯不亮，请尽快维修。" * 100 + "来电人王建国。"
    assert spans(text) == [("PERSON", "王建国")]


def test_balanced_reports_no_more_than_leak_first() -> None:
    text = "老人揭亮去过5栋，电话13812345678"
    careful, balanced = spans(text), spans(text, "balanced")
    assert set(balanced) <= set(careful)
    assert ("CN_ADDRESS", "5栋") in careful
    assert ("CN_ADDRESS", "5栋") not in balanced


def test_a_long_text_is_read_in_pieces_and_nothing_is_lost_or_shifted() -> None:
    line = "来电13812345678，姓名：李晓梅。"
    found = anonymizer.scan_text([line * 200])[0]
    assert len(found) == 400
    assert {(line * 200)[f.start : f.end] for f in found} == {"13812345678", "李晓梅"}
    assert all(a.end <= b.start for a, b in pairwise(found))


@pytest.mark.parametrize("sign", ["a", "1", "王", "路1号", "(", " ", "a@", "微信号是"])
def test_no_text_makes_a_pattern_run_away(sign: str) -> None:
    started = time.process_time()
    anonymizer.scan_text([sign * (12_000 // len(sign))])
    assert time.process_time() - started < 20
