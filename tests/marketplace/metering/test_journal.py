"""The journal: what was written is read back; a cut tail is no record; damage is noticed, never skipped."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.metering.errors import JournalUnreadable, JournalUnwritable
from marketplace.metering.journal import MAGIC, Answer, Context, JournalWriter, Settled, Tally, read_segment
from tests.quick import examples

CONTEXT = Context("lease", "subscription", "organisation", "key", "dataset", "release", "live")
OTHER = Context("", "", "", "", "dataset", "release", "open")


def _write(folder: Path, answers: int) -> Path:
    writer = JournalWriter(folder)
    for i in range(answers):
        writer.answer(CONTEXT, i, 200, 1, 10, 500, bytes(15) + bytes([i % 256]), 7, b"request-1")
    writer.close()
    return folder / "00000001.journal"


class TestReading:
    def test_gives_back_every_kind_of_record_in_order(self, tmp_path: Path) -> None:
        writer = JournalWriter(tmp_path)
        writer.answer(CONTEXT, 1, 206, 1, 3, 400, b"r" * 16, 2**63, "请求-1".encode())
        writer.tally(OTHER, 2, 429, 12, 0, 0, "rate-limited")
        writer.settled(CONTEXT, 3, b"r" * 16, 2, 100)
        writer.close()

        assert list(read_segment(tmp_path / "00000001.journal")) == [
            Answer(CONTEXT, 1, 206, 1, 3, 400, (b"r" * 16).hex(), 2**63, "请求-1"),
            Tally(OTHER, 2, 429, 12, 0, 0, "rate-limited"),
            Settled(CONTEXT, 3, (b"r" * 16).hex(), 2, 100),
        ]

    def test_every_segment_can_be_read_alone(self, tmp_path: Path) -> None:
        writer = JournalWriter(tmp_path)
        writer.answer(CONTEXT, 1, 200, 1, 1, 1, b"a" * 16, 0, b"")
        first = writer.rotate()
        writer.answer(CONTEXT, 2, 200, 1, 1, 1, b"b" * 16, 0, b"")
        writer.close()

        assert first is not None
        assert [record.at for record in read_segment(first)] == [1]
        assert [record.at for record in read_segment(tmp_path / "00000002.journal")] == [2]

    def test_an_empty_segment_is_not_rotated_and_not_kept(self, tmp_path: Path) -> None:
        writer = JournalWriter(tmp_path)
        assert writer.rotate() is None
        writer.close()
        assert list(tmp_path.iterdir()) == []


class TestDamage:
    @given(cut=st.integers(0, 10_000))
    @settings(max_examples=examples(60))
    def test_a_cut_anywhere_loses_only_what_was_cut(self, cut: int, tmp_path_factory: pytest.TempPathFactory) -> None:
        path = _write(tmp_path_factory.mktemp("journal"), 8)
        whole = path.read_bytes()
        path.write_bytes(whole[: cut % (len(whole) + 1)])

        found = [record.at for record in read_segment(path)]

        assert found == list(range(len(found)))
        per_answer = (len(whole) - len(MAGIC)) // 9
        assert len(found) <= cut % (len(whole) + 1) // min(per_answer, 60)

    @given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
    @settings(max_examples=examples(80))
    def test_a_changed_bit_before_the_last_record_is_noticed(
        self, place: int, bit: int, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        path = _write(tmp_path_factory.mktemp("journal"), 8)
        data = bytearray(path.read_bytes())
        last = len(data) - 7 - 52 - len(b"request-1")
        data[place % last] ^= 1 << bit
        path.write_bytes(bytes(data))

        with pytest.raises(JournalUnreadable):
            list(read_segment(path))

    def test_zeros_after_the_last_record_are_what_a_lost_power_leaves(self, tmp_path: Path) -> None:
        path = _write(tmp_path, 3)
        path.write_bytes(path.read_bytes() + bytes(4096))
        assert len(list(read_segment(path))) == 3


class TestFullDisk:
    def test_a_record_that_does_not_fit_leaves_no_trace(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        writer = JournalWriter(tmp_path)
        writer.answer(CONTEXT, 1, 200, 1, 1, 1, b"a" * 16, 0, b"")
        import os

        real = os.write
        monkeypatch.setattr("marketplace.metering.journal.os.write", lambda fd, data: real(fd, data[: len(data) // 2]))
        with pytest.raises(JournalUnwritable):
            writer.answer(CONTEXT, 2, 200, 1, 1, 1, b"b" * 16, 0, b"")
        monkeypatch.setattr("marketplace.metering.journal.os.write", real)
        writer.answer(CONTEXT, 3, 200, 1, 1, 1, b"c" * 16, 0, b"")
        writer.close()

        assert [record.at for record in read_segment(tmp_path / "00000001.journal")] == [1, 3]

    def test_without_place_for_the_next_segment_this_one_goes_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        writer = JournalWriter(tmp_path)
        writer.answer(CONTEXT, 1, 200, 1, 1, 1, b"a" * 16, 0, b"")
        with monkeypatch.context() as patch:
            patch.setattr("marketplace.metering.journal.os.write", lambda fd, data: 0)
            with pytest.raises(JournalUnwritable):
                writer.rotate()
        writer.answer(CONTEXT, 2, 200, 1, 1, 1, b"b" * 16, 0, b"")
        closed = writer.rotate()
        writer.close()

        assert closed == tmp_path / "00000001.journal"
        assert [record.at for record in read_segment(closed)] == [1, 2]
