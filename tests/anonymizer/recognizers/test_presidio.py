"""The recognisers in a stock Presidio engine, as anybody else would use them."""

import pytest
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import NlpArtifacts, NlpEngine

from anonymizer.classify.nlp_engine import NameEngine
from anonymizer.recognizers import grammars
from anonymizer.recognizers.presidio import china_recognizers


@pytest.fixture(scope="module")
def engine() -> AnalyzerEngine:
    registry = RecognizerRegistry(recognizers=china_recognizers(), supported_languages=["zh"])
    return AnalyzerEngine(registry=registry, nlp_engine=NameEngine("leak-first"), supported_languages=["zh"])


def test_each_grammar_is_a_recogniser(engine: AnalyzerEngine) -> None:
    assert set(engine.get_supported_entities("zh")) == {g.entity for g in grammars()}


def test_a_stock_engine_finds_with_them(engine: AnalyzerEngine) -> None:
    text = "姓名：王建国，身份证11010519491231002X，手机13812345678"
    found = {(r.entity_type, text[r.start : r.end]) for r in engine.analyze(text, "zh")}
    assert found == {
        ("PERSON", "王建国"),
        ("CN_RESIDENT_ID", "11010519491231002X"),
        ("CN_MOBILE", "13812345678"),
    }


def test_only_the_entities_asked_for(engine: AnalyzerEngine) -> None:
    found = engine.analyze("13812345678 a@qq.com", "zh", entities=["EMAIL_ADDRESS"])
    assert {r.entity_type for r in found} == {"EMAIL_ADDRESS"}


def test_the_engine_is_one_of_presidios() -> None:
    names = NameEngine("balanced")
    assert isinstance(names, NlpEngine)
    names.load()
    artifacts = names.process_text("市民王建国来电", "zh")
    assert isinstance(artifacts, NlpArtifacts)
    assert [(m.start, m.end) for m in artifacts.names] == [(2, 5)]
