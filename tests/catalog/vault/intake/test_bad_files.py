"""Files that cannot be taken in: each is refused in words that name the place, with bounded memory."""

import io
import tracemalloc

import pytest

from catalog.vault.intake import limits
from catalog.vault.intake.reasons import BREAKAGES, REJECTIONS, Rejected
from tests.catalog.vault.intake.reading import read


@pytest.mark.parametrize("data", [b"", b"\n\n\n", b"   ", "\ufeff".encode(), b"\xff\xfe"])
def test_an_empty_file(data: bytes) -> None:
    with pytest.raises(Rejected, match="empty"):
        read(data)


@pytest.mark.parametrize("data", [b"name,age\n", b"name,age", b"name,age\n\n\n"])
def test_a_header_only(data: bytes) -> None:
    with pytest.raises(Rejected, match="header but no rows"):
        read(data)


def test_ten_thousand_columns() -> None:
    row = ",".join(f"c{i}" for i in range(10_000))
    with pytest.raises(Rejected, match="10000 columns; at most 1000") as caught:
        read(f"{row}\n{row}\n".encode())
    assert caught.value.place == "column 1001"


def test_a_wrong_encoding_is_refused_with_line_and_column() -> None:
    data = ("id,place\n1,Futian\n" + "".join(f"{i},福田区\n" for i in range(100))).encode("gb18030")
    with pytest.raises(Rejected, match="not in utf-8: line 3, column 3") as caught:
        read(data, encoding="utf-8")
    assert caught.value.place == "line 3, column 3"


def test_a_wrong_encoding_in_the_header_is_refused() -> None:
    with pytest.raises(Rejected, match="not in utf-8: line 1"):
        read("编号,区\n1,a\n".encode("gb18030"), encoding="utf-8")


def test_bytes_in_no_encoding() -> None:
    with pytest.raises(Rejected, match="not recognised: line 2"):
        read(b"a,b\n" + bytes(range(128, 256)) * 50)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"%PDF-1.7\n", "PDF"), (b"\x1f\x8b\x08\0", "gzip"), (b"<html><table>", "HTML"), (b"\x89PNG\r\n", "PNG")],
)
def test_other_kinds_of_files_are_named(data: bytes, kind: str) -> None:
    with pytest.raises(Rejected, match=f"a {kind} file"):
        read(data)


def test_binary_rubbish() -> None:
    with pytest.raises(Rejected, match="no text: byte 3"):
        read(b"ab\0cd" + bytes(range(256)) * 40)


def test_every_row_broken() -> None:
    with pytest.raises(Rejected, match="None of the 3 rows") as caught:
        read(b"n,d\n1,x\n2,y\n3,z\n", types={"d": {"type": "date"}})
    assert caught.value.place == "line 2"


@pytest.mark.parametrize("character", [b"y", b",", b'"'])
def test_a_first_line_without_end_is_refused(character: bytes) -> None:
    with pytest.raises(Rejected, match="Line 1 is longer") as caught:
        read(character * (3 * limits.MIB))
    assert caught.value.place == "line 1"


def test_a_few_zero_bytes_are_no_utf16() -> None:
    with pytest.raises(Rejected, match="no text: byte 9"):
        read(b"a,b\n1,2\n\0,3\n")


def test_a_line_without_end_is_refused_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LINE", limits.MIB)
    monkeypatch.setattr(limits, "CHUNK", limits.MIB)

    class Endless(io.RawIOBase):
        """64 MiB without a line end, made as they are read."""

        at = 0

        def readable(self) -> bool:
            return True

        def seekable(self) -> bool:
            return True

        def tell(self) -> int:
            return self.at

        def seek(self, offset: int, whence: int = 0) -> int:
            self.at = offset
            return offset

        def read(self, size: int = -1) -> bytes:
            given = min(size, 64 * limits.MIB - self.at)
            self.at += given
            return b"a,b\n" + b"x" * (given - 4) if self.at == given else b"x" * given

    from catalog.vault.intake.formats import Correction
    from catalog.vault.intake.reading import read_file

    tracemalloc.start()
    with pytest.raises(Rejected, match="longer than 1 MB"):
        read_file(
            Endless(),  # type: ignore[arg-type]  # all that intake asks of a stream
            64 * limits.MIB,
            Correction(),
            timezone="UTC",
            table=io.BytesIO(),
            aside=io.BytesIO(),
        )
    assert tracemalloc.get_traced_memory()[1] < 24 * limits.MIB
    tracemalloc.stop()


def test_every_reason_is_a_template_of_named_values() -> None:
    for template in [*REJECTIONS.values(), *BREAKAGES.values()]:

        class Anything(dict[str, str]):
            def __missing__(self, key: str) -> str:
                return "x"

        assert template % Anything()
