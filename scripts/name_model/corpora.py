"""Raw sentences whose licence lets their text teach a model that is given away, checked against a manifest.

Common Voice's sentences (mozilla/voice-web, CC0) and the dialogues of KdConv and CrossWOZ (thu-coai, Apache-2.0) are
read from folders that hold those repositories; none of their text is kept here.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_SENTENCE: Final = re.compile(r"[^。！？!?\n]{2,}[。！？!?]?")
_HAN: Final = re.compile(r"[\u4e00-\u9fff]")
_LONGEST: Final = 110
_PERSON_FIELDS: Final = re.compile(
    r"导演|编剧|主演|演员|饰演|制片人|作词|作曲|编曲|歌手|演唱|原唱|中文名|妻子|丈夫|配偶|经纪人|队友|成员"
)
_NAME: Final = re.compile(r"[\u4e00-\u9fff]{1,8}(?:[·•][\u4e00-\u9fff]{1,10})*")


class Corpora:
    """The three sources. Raises `SystemExit` naming the file that is missing or differs from the manifest."""

    def __init__(self, voice: Path, kdconv: Path, crosswoz: Path, manifest: Path) -> None:
        folders = {"voice-web": voice, "KdConv": kdconv, "CrossWOZ": crosswoz}
        self.files: dict[str, bytes] = {}
        for line in manifest.read_text(encoding="utf-8").splitlines():
            if not line or line.startswith("#"):
                continue
            digest, source, name = line.split("\t")
            path = folders[source] / name
            if not path.is_file():
                raise SystemExit(f"train_names: {path} is missing; the manifest {manifest.name} asks for it")
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                raise SystemExit(f"train_names: {path} is not the file of the manifest {manifest.name}")
            self.files[f"{source}/{name}"] = content

    def sentences(self) -> tuple[list[str], list[str]]:
        """Distinct sentences in a fixed order: plain ones, then those of dialogues."""
        plain: dict[str, None] = {}
        spoken: dict[str, None] = {}
        for name, content in self.files.items():
            if name.startswith("voice-web"):
                plain.update(dict.fromkeys(_cut(content.decode("utf-8"))))
            elif name.endswith(".zip"):
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    for member in archive.namelist():
                        if member.endswith(".json") and not member.startswith("__"):
                            for dialogue in json.loads(archive.read(member)).values():
                                for message in dialogue["messages"]:
                                    spoken.update(dict.fromkeys(_cut(message["content"])))
            elif "/kb_" in name or "database" in name:
                for text in _strings(json.loads(content)):
                    if len(text) > 12:
                        spoken.update(dict.fromkeys(_cut(text)))
            else:
                for dialogue in json.loads(content):
                    for message in dialogue["messages"]:
                        spoken.update(dict.fromkeys(_cut(message["message"])))
        return list(plain), list(spoken)

    def known_names(self) -> frozenset[str]:
        """Names of persons that the dialogues' tables of facts give in fields of persons."""
        names: set[str] = set()
        for name, content in self.files.items():
            if name.startswith("KdConv") and "/kb_" not in name:
                for dialogue in json.loads(content):
                    for message in dialogue["messages"]:
                        for fact in message.get("attrs", ()):
                            if _PERSON_FIELDS.search(fact["attrname"]) and len(fact["attrvalue"]) < 120:
                                parts = re.split(r"[、，,;；/ （(]|等", fact["attrvalue"])
                                names.update(p for p in parts if _NAME.fullmatch(p) and 2 <= len(p) <= 12)
        return frozenset(names)


def _cut(text: str) -> Iterator[str]:
    for found in _SENTENCE.finditer(text):
        sentence = found.group().strip()
        if 4 <= len(sentence) <= _LONGEST and len(_HAN.findall(sentence)) >= 3:
            yield sentence


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
