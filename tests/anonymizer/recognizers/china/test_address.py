import pytest

from anonymizer.recognizers.china.address import Address
from tests.anonymizer.recognizers.cases import Case, check

CASES: list[Case] = [
    # groups of a village, block-unit-room, the number behind the number, a county whose name holds a cutting word
    ("家住衢州市开化县大王村四社17号的老人", [("衢州市开化县大王村四社17号", 0.85, 1)]),
    ("市民投诉位于长泰区东方名邸1-1-2850的商铺", [("长泰区东方名邸1-1-2850", 0.85, 1)]),
    ("住在建设路19号附5号，电话", [("建设路19号附5号", 0.8, 1)]),
    ("解放巷18号之二11座1465房", [("解放巷18号之二11座1465房", 0.5, 1)]),
    ("我在于都县锦绣花园27号楼2单元275租房", [("于都县锦绣花园27号楼2单元275", 0.85, 1)]),
    # a town and a farm that no gazetteer has, a road that begins like a province
    ("家住阿都乡中山胡同67号的老人", [("阿都乡中山胡同67号", 0.85, 1)]),
    ("住在滨河北街88号", [("滨河北街88号", 0.85, 1)]),
    # whole addresses as one span, whatever is written before and after
    (
        "我住在福田区莲花街道景田北路18号天健花园3栋1203室，楼上噪音",
        [("福田区莲花街道景田北路18号天健花园3栋1203室", 0.85, 1)],
    ),
    (
        "地址：广东省深圳市罗湖区东门街道湖贝路2号文华花园5栋2单元801房",
        [("广东省深圳市罗湖区东门街道湖贝路2号文华花园5栋2单元801房", 0.85, 1)],
    ),
    ("上海市黄浦区中山南路1088弄12号302室", [("上海市黄浦区中山南路1088弄12号302室", 0.85, 1)]),
    ("海淀区中关村大街1号院6号楼1705", [("海淀区中关村大街1号院6号楼1705", 0.85, 1)]),
    ("市民反映福田区莲花北村12栋楼下停车", [("福田区莲花北村12栋", 0.85, 1)]),
    # without a division
    ("幸福里小区7号楼2单元1102室漏水", [("幸福里小区7号楼2单元1102室", 0.5, 0.8)]),
    ("景田路（莲花二村）16栋304", [("景田路（莲花二村）16栋304", 0.5, 0.8)]),
    # full-width digits
    ("南山区科苑路１５号", [("南山区科苑路１５号", 0.85, 1)]),
    # a block alone is a weak finding
    ("5栋楼下有人吵", [("5栋", 0.4, 0.49)]),
    # dates, lines and places are no addresses
    ("3月18号晚上11点，2号线停运", []),
    ("银湖路口红绿灯坏了", []),
    ("位于龙华区民治大道与梅龙路交汇处的公交站", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_finds(text: str, expected: list[tuple[str, float, float]]) -> None:
    check(Address(), text, expected)
