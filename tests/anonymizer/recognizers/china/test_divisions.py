from anonymizer.recognizers.china.divisions import division_codes, find_divisions, short_names


def test_codes_name_their_division() -> None:
    codes = division_codes()
    assert codes["440304"] == "福田区"
    assert codes["810000"] == "香港特别行政区"
    assert {"广东", "深圳", "内蒙古", "延边"} <= short_names()


def test_names_are_found_longest_first() -> None:
    text = "家住广东省深圳市福田区莲花"
    assert [text[a:b] for a, b in find_divisions(text, 0, len(text))] == ["广东省", "深圳市", "福田区"]
