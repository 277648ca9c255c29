"""Which kind of file it is, and in which encoding a text is written."""

import codecs
from dataclasses import dataclass
from typing import IO, Final

import numpy as np

from catalog.vault.intake.formats import Kind
from catalog.vault.intake.limits import HEAD
from catalog.vault.intake.reasons import Rejected

_FEW = 3
"""Bad bytes that break their rows but leave the encoding in no doubt, in a text with hardly any other beyond ASCII; so
few zero bytes are no UTF-16 either."""
_ASCII = bytes(range(0x80))
UNDECODABLE = "\ufdd0"
"""Stands for a byte that is no character; a noncharacter, so that no text holds it."""
ERRORS = "shuyi-mark"
ENCODINGS = ("utf-8", "gb18030", "big5", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be", "latin-1")
_ALIASES = {
    "gbk": "gb18030", "cp936": "gb18030", "gb2312": "gb18030", "936": "gb18030", "big5-hkscs": "big5hkscs",
    "utf8": "utf-8", "utf-8-sig": "utf-8", "utf-16": "utf-16-le", "ascii": "utf-8", "iso8859-1": "latin-1",
}  # fmt: skip
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FOREIGN = (
    (b"%PDF", "PDF"), (b"\x1f\x8b", "gzip"), (b"7z\xbc\xaf", "7-Zip"), (b"Rar!", "RAR"), (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"), (b"SQLite format 3", "SQLite"), (b"ORC", "ORC"), (b"Obj\x01", "Avro"),
    (b"ARROW1", "Arrow"), (b"{\\rtf", "RTF"), (b"<!DOCTYPE", "HTML"), (b"<html", "HTML"), (b"<?xml", "XML"),
)  # fmt: skip
# The most frequent characters of running Chinese and of table headings, simplified and traditional.
_FREQUENT: Final = np.array(
    sorted(
        map(
            ord,
            set(
                "的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说产种面而方后多定行"
                "学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使点从业本去把性好应开它合还因由其些然"
                "前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明看原又么利比或但质气第向道命此变条只没结解问意建月公无"
                "系军很情者最立代想已通并提直题党程展五果料象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组"
                "见计别她手角期根论运农指几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增"
                "争济阶油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议声报斗完类八"
                "离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影算低持音众书布复容儿须际商非验"
                "连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何除消构府称太准精值号率族维划选标写存候毛亲快效斯"
                "院查江型眼王按格养易置派层片始却专状育厂京识适属圆包火住调满县局照参红细引听该铁价严编码姓址话户性别街镇村栋室楼号"
                "個為這來時們對會發過說產種後經進現實電動學體機應開還關與數無題長業當點話號區間門車東見計總證場務軍頭資農樣機構萬"
            ),
        )
    ),
    dtype=np.uint32,
)


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.start + 1


codecs.register_error(ERRORS, _mark)


def encoding_named(name: str) -> str:
    """The Python codec for an encoding as a person writes it; `Rejected` when there is none or it is no text codec."""
    asked = name.strip().lower().replace("_", "-")
    wanted = _ALIASES.get(asked, asked)
    try:
        codec = codecs.lookup(wanted)
        "a".encode(codec.name)
    except (LookupError, UnicodeError):
        raise Rejected("encoding_name", encoding=name[:20]) from None
    return wanted


def bom_of(head: bytes) -> tuple[int, str] | None:
    """Length and encoding of a byte order mark."""
    return next(((len(mark), encoding) for mark, encoding in _BOMS if head.startswith(mark)), None)


def kind_of(head: bytes, tail: bytes, size: int) -> Kind:
    """Csv stands for every delimited text; a ZIP that is no workbook and other known kinds are refused by name."""
    if size == 0 or not head.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise Rejected("empty")
    if head.startswith(b"PAR1"):
        return "parquet"
    if tail.endswith(b"PAR1") and b"\0" in head:
        raise Rejected("parquet_beginning", place="beginning of the file")
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    for magic, name in _FOREIGN:
        if head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(magic):
            raise Rejected("kind", kind=name)
    mark = bom_of(head)
    if mark is None and head.count(b"\0") * 1000 > len(head) and not _wide(head):
        raise Rejected("binary", offset=head.index(b"\0") + 1)
    text = head.decode(mark[1] if mark else "latin-1", "ignore").lstrip("\ufeff \r\n\t")
    if text.startswith("["):
        return "json" if _json_array(text) else "csv"
    if text.startswith("{"):
        return "jsonl"
    return "csv"


def _json_array(text: str) -> bool:
    return text[1:].lstrip()[:1] in ("{", "]", "")


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: Latin letters, digits and delimiters put a zero into every second place."""
    sample = head[: 4096 & ~1]
    if len(sample) < 4:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if even + odd <= _FEW:
        return None
    half = len(sample) // 2
    if odd > half * 0.1 and even < odd * 0.05 + 1:
        return "utf-16-le"
    if even > half * 0.1 and odd < even * 0.05 + 1:
        return "utf-16-be"
    return None


@dataclass(frozen=True, slots=True)
class _Trial:
    encoding: str
    misses: int
    score: float


def _try(head: bytes, encoding: str, whole: bool) -> _Trial:
    text = codecs.getincrementaldecoder(encoding)("replace").decode(head, whole)
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    beyond = int((codes > 0x7F).sum())
    private = int(((codes >= 0xE000) & (codes <= 0xF8FF)).sum())
    frequent = int(np.isin(codes, _FREQUENT).sum())
    return _Trial(encoding, text.count("\ufffd") + private, frequent / max(1, beyond))


def encoding_of(head: bytes, whole: bool) -> str:
    """The encoding of a text, from its first bytes; `whole` when `head` is all of it.

    Marks decide first, then zero bytes, then UTF-8 where it fits (it hardly ever does by chance), then the Chinese
    encoding in which the text has the most everyday characters. A few bad bytes do not rule an encoding out.
    """
    if mark := bom_of(head):
        return mark[1]
    if wide := _wide(head):
        return wide
    if head.isascii():
        return "utf-8"
    sample = head[:HEAD]
    beyond = len(sample.translate(None, _ASCII))
    utf8 = _try(sample, "utf-8", whole and len(sample) == len(head))
    if utf8.misses <= beyond * 0.02:
        return "utf-8"
    trials = [_try(sample, name, whole and len(sample) == len(head)) for name in ("gb18030", "big5")]
    fitting = [trial for trial in trials if trial.misses <= beyond * 0.05]
    if fitting:
        return max(fitting, key=lambda t: t.score - 5 * t.misses / max(1, beyond)).encoding
    best = min([utf8, *trials], key=lambda t: t.misses)
    if best.misses <= _FEW:
        return best.encoding
    line, column = place_of_first(sample, best.encoding)
    raise Rejected(
        "encoding_unknown",
        place=f"line {line}, column {column}",
        line=line,
        column=column,
        tried="UTF-8, GB18030, Big5",
    )


def place_of_first(data: bytes, encoding: str) -> tuple[int, int]:
    """Line and column (characters, both from 1) of the first byte that is no character in `encoding`."""
    text = codecs.getincrementaldecoder(encoding)(ERRORS).decode(data, False)
    before, found, _ = text.partition(UNDECODABLE)
    if not found:
        return 1, 1
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def head_and_tail(stream: IO[bytes], size: int) -> tuple[bytes, bytes]:
    """The first MiB and the last few bytes; the stream is left at its beginning."""
    stream.seek(0)
    head = stream.read(min(size, HEAD))
    stream.seek(max(0, size - 16))
    tail = stream.read(16)
    stream.seek(0)
    return head, tail
