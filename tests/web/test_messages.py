"""Errors in the reader's language: none without Chinese, values kept, no English word of a state left in a sentence."""

import ast
import re
import time
from collections import defaultdict
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, ValidationError

from catalog.releases.states import RequestState
from catalog.vault.intake.reasons import BREAKAGES, REJECTIONS, Rejected
from contracts.access import Role
from contracts.errors import InvalidInput, NotFound
from contracts.privacy import Policy
from scripts import update_error_messages
from scripts.update_error_messages import used_messages
from web import forms, i18n, messages
from web.i18n import use_locale
from web.messages import Pattern, tell

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SPACED = re.compile(r"[\u4e00-\u9fff] +[A-Za-z0-9%]|[A-Za-z0-9)] +[\u4e00-\u9fff]")
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:?!]|[\u4e00-\u9fff]\.(?!\w)")


def instance(pattern: Pattern, values: list[str]) -> str:
    """What a service says with these values."""
    return pattern.fixed[0] + "".join(value + text for value, text in zip(values, pattern.fixed[1:], strict=True))


def shown(pattern: Pattern, values: list[str]) -> list[str]:
    """The values that the translation must show as they are."""
    kinds = defaultdict(set)
    for name, kind in re.findall(r"%\((\w+)\)([sqwtx])", pattern.translation):
        kinds[name].add(kind)
    return [value for name, value in zip(pattern.names, values, strict=True) if kinds[name] & {"s", "q"}]


class TestCompleteness:
    def test_every_sentence_of_an_error_has_its_chinese(self) -> None:
        gaps = [f"{places[0]}: {text!r}" for (text, _), places in update_error_messages.missing().items()]
        assert not gaps, "run scripts/update_error_messages.py and translate:\n" + "\n".join(sorted(gaps))

    @pytest.mark.parametrize(
        "message",
        [
            "There is no dataset %(1)s.",
            "Request %(1)s is %(2)s and cannot be %(3)s.",
            "The data service is starting.",
            "Write something.",
            "Already decided",
            "Column %(1)s: %(2)s the value %(3)s (row %(4)s, and %(5)s more values). %(6)s",
            "Column %(1)s: %(2)s the value %(3)s (row %(4)s). %(5)s",
            "only a quasi-identifier is generalised: set the role or use round",
            "Who submitted a request cannot decide on it.",
            REJECTIONS["no_rows"],
            BREAKAGES["quote_open"],
        ],
    )
    def test_what_services_say_is_found(self, message: str) -> None:
        assert (message, None) in used_messages()

    def test_states_and_roles_are_words_of_the_vocabulary(self) -> None:
        assert {(str(word), "value") for word in (*RequestState, *Role)} <= used_messages().keys()

    def test_the_translations_are_chinese(self) -> None:
        texts = i18n.texts("zh-CN")
        for message, context in used_messages():
            if context is None and re.search("[a-z]", re.sub(r"%\(\w+\)s", "", message)):
                text = texts[message]
                assert CHINESE.search(text) or text == "%(1)t", message
                assert not SPACED.search(text), text
                assert not HALF_WIDTH.search(text), text

    def test_every_value_is_placed_or_left_out_on_purpose(self) -> None:
        for pattern in messages.patterns("zh-CN"):
            assert set(re.findall(r"%\((\w+)\)[sqwtx]", pattern.translation)) == set(pattern.names), pattern


class TestExtraction:
    def read(self, source: str, path: str = "catalog/some.py") -> set[str]:
        reader = update_error_messages.Reader({"ShuyiError", "InvalidInput", "NotFound"})
        reader.read(update_error_messages.Source(path, ast.parse(source)))
        return {text for text, _ in reader.found.places}

    @pytest.mark.parametrize(
        ("source", "expected"),
        [
            ('raise NotFound("None " "there.")', {"None there."}),
            ('raise NotFound(f"None {a}{b!r} of {c:,}.")', {"None %(1)s of %(2)s."}),
            ('raise errors.InvalidInput.at("x", f"At most {n}.")', {"At most %(1)s."}),
            ('raise NotFound("One." if a else f"Two {b}.")', {"One.", "Two %(1)s."}),
            ('raise NotFound("Two" + (f" of {n}" if n else "") + ".")', {"Two of %(1)s.", "Two."}),
            ('def f():\n    detail = f"None {a}"\n    raise NotFound(detail)', {"None %(1)s"}),
            ('raise InvalidInput(detail="Wrong.")', {"Wrong."}),
            ('class Lost(NotFound): title = "Lost"', set()),
            ('class NotFound(ShuyiError): title = "Lost"', {"Lost"}),
            ('[{"pointer": "#/a", "detail": "not there"}]', {"not there"}),
            ('def at(kind: type[NotFound], text): return kind(text)\nat(NotFound, "Lost.")', {"Lost."}),
            ("raise NotFound(detail)", set()),
            ('raise KeyError("No error of ours")', set()),
            ('raise ValueError("a fault of the program")', set()),
        ],
    )
    def test_sentences_are_read_from_the_source(self, source: str, expected: set[str]) -> None:
        assert self.read(source) == expected

    def test_what_validators_find_counts(self) -> None:
        assert self.read('raise ValueError("must rise")', "contracts/privacy/some.py") == {"must rise"}

    def test_classes_are_known_by_their_ancestors(self) -> None:
        source = (
            "class A(ShuyiError): pass\nclass B(A): pass\nclass C(Exception): pass\n"
            "class D(A):\n    def __init__(self, reason): pass\n"
        )
        module = update_error_messages.Source("catalog/some.py", ast.parse(source))
        assert update_error_messages.error_classes([module]) == {"ShuyiError", "A", "B"}


class TestTell:
    def test_an_instance_of_every_pattern_is_told_with_its_values(self) -> None:
        with use_locale("zh-CN"):
            for pattern in messages.patterns("zh-CN"):
                values = [f"v{place}x" for place in range(len(pattern.names))]
                message = instance(pattern, values)
                told = tell(message)
                if pattern.is_telling:
                    assert told != message
                assert all(value in told for value in shown(pattern, values)), (message, told)

    @given(st.data())
    def test_values_come_through_unchanged_whatever_they_are(self, data: st.DataObject) -> None:
        slug = data.draw(st.text(min_size=1, max_size=60))
        with use_locale("zh-CN"):
            assert tell(f"There is no dataset {slug}.") == f"没有数据集{slug}。"

    def test_of_two_that_fit_the_one_that_says_more_is_taken(self) -> None:
        with use_locale("zh-CN"):
            assert tell("Release 3 was withdrawn: wrong cells") == "发布版本3已撤回：wrong cells"
            assert tell("The table has no column income; take it out of the policy.").startswith("表中没有列“income”；")
            assert tell("Release 3 has no file 'x.csv'. Its files are: a.csv.").startswith("发布版本3没有文件“x.csv”。")
        lengths = [sum(map(len, pattern.fixed)) for pattern in messages.patterns("zh-CN")]
        assert lengths == sorted(lengths, reverse=True)

    def test_in_english_it_stays_what_was_said(self) -> None:
        with use_locale("en"):
            for (text, _), _places in used_messages().items():
                assert tell(text) == text
            assert messages.title(NotFound("There is no dataset x.")) == "Not found"

    def test_states_and_roles_are_translated_inside_sentences(self) -> None:
        with use_locale("zh-CN"):
            for state in RequestState:
                told = tell(f"Request R-1 is {state} and cannot be submitted again.")
                assert told.startswith("发布申请R-1当前为“")
                assert told.endswith("不能再次提交。")
                assert state not in told
            assert tell("Request R-1 is submitted and cannot be made published.").endswith("不能变为“已发布”。")
            assert tell("A company has no data_officer.") == "企业不设数据专员。"

    def test_a_name_that_looks_like_a_word_stays_a_name(self) -> None:
        with use_locale("zh-CN"):
            assert "published" in tell("There is no column published.")
            assert "Sign out" in tell("There is no dataset Sign out.")

    def test_what_nobody_translated_stays(self) -> None:
        with use_locale("zh-CN"):
            assert tell("Nobody ever wrote this") == "Nobody ever wrote this"
            assert tell("") == ""

    def test_a_long_text_takes_no_long_time(self) -> None:
        with use_locale("zh-CN"):
            began = time.perf_counter()
            tell("a: the value (row, and more values). " * 20_000)
            assert time.perf_counter() - began < 2

    def test_titles(self) -> None:
        with use_locale("zh-CN"):
            assert messages.title(NotFound("There is no dataset x.")) == "未找到"

    def test_reasons_of_intake(self) -> None:
        with use_locale("zh-CN"):
            rejected = Rejected("too_many_columns", found=900, limit=500)
            assert tell(rejected.detail) == "表格有900列；最多接收500列。"
            broken = BREAKAGES["quote_open"]
            assert tell(Rejected("no_rows", rows=3, first=broken).detail) == "3行均无法读取；首个原因：引号没有闭合"
            assert tell(BREAKAGES["fields"] % {"found": 3, "expected": 5}) == "有3个字段，应为5个"

    def test_beside_their_fields(self) -> None:
        with use_locale("zh-CN"):
            assert forms.field_errors(InvalidInput.at("name", "A name has at most 20 characters.")) == {
                "name": "名称最多20个字符。"
            }


class Wire(BaseModel):
    name: str = Field(min_length=2, max_length=4, pattern="^[a-z]*$")
    count: int = Field(ge=1, lt=10)
    share: float = Field(gt=0, le=1)
    kind: Literal["a", "b"]
    role: Role
    many: list[int] = Field(min_length=1, max_length=2)
    yes: bool


class TestValidation:
    @pytest.mark.parametrize(
        "sent",
        [
            {},
            {"name": "a", "count": 0, "share": 0, "kind": "c", "role": "x", "many": [], "yes": "perhaps"},
            {"name": "abcde", "count": 10, "share": 2, "kind": 1, "role": 1, "many": [1, 2, 3], "yes": []},
            {"name": "AB", "count": "x", "share": "x", "kind": None, "role": None, "many": "x", "yes": None},
            {"name": 1, "count": 1.5, "share": None, "kind": "a", "role": "owner", "many": [None], "yes": True},
        ],
    )
    def test_what_pydantic_finds_is_told_in_chinese(self, sent: dict[str, object]) -> None:
        with pytest.raises(ValidationError) as caught, use_locale("zh-CN"):
            Wire.model_validate(sent)
        with use_locale("zh-CN"):
            for found in caught.value.errors():
                told = tell(found["msg"])
                assert CHINESE.search(told), found["msg"]
                assert not re.search("[Ii]nput|should|valid ", told), told

    def test_what_is_wrong_with_a_policy_is_told_in_chinese(self) -> None:
        written = """
        columns:
          name: {role: direct-identifier, operator: {kind: keep}}
          age: {role: quasi-identifier, operator: {kind: round, step: 0}}
          pay: {role: sensitive, operator: {kind: blur}}
        subject: who
        """
        whole = "columns: {name: {role: direct-identifier, operator: {kind: keep}}}\nsubject: who"
        for text in (written, whole, "columns: 3", "[", ""):
            with pytest.raises(InvalidInput) as caught:
                Policy.from_yaml(text)
            with use_locale("zh-CN"):
                assert tell(caught.value.detail).startswith("策略")
                for place in caught.value.errors:
                    assert CHINESE.search(tell(place["detail"])), place

    def test_several_findings_are_told_one_by_one(self) -> None:
        with pytest.raises(InvalidInput) as caught:
            Policy.from_yaml("columns: {name: {role: direct-identifier, operator: {kind: keep}}}\nsubject: who")
        with use_locale("zh-CN"):
            told = tell(caught.value.detail)
        assert "直接标识符不能用“keep”发布" in told
        assert "主体列“who”不在各列之中" in told
        assert "cannot" not in told
