"""Keep the translations complete: find the messages of an area of pages that no catalogue translates yet.

    python scripts/update_locales.py officer            add what is missing to web/locales/zh_CN/officer.po
    python scripts/update_locales.py officer --prune    and take out what no file under web/ uses any more
    python scripts/update_locales.py --list             only name what is missing anywhere, by area

Then write the Chinese into the empty `msgstr ""` of that file. Messages are looked for in Python and templates
under web/; a message translated in any area's file counts for all.
"""

import argparse
import re
import sys
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
WEB = ROOT / "web"
LANGUAGE = "zh_CN"
FRAME = "frame"
FRAME_MODULES = {"i18n", "formats", "rendering", "assets"}
METHODS = [("**.py", "python"), ("**.html", "jinja2"), ("**.txt", "jinja2")]
# No dates and no names in it: the file changes only when its texts do.
HEADER = """# Shuyi: Chinese texts of the area "{area}". What is missing: scripts/{script}.py --list
msgid ""
msgstr ""
"Language: zh_CN\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
_JINJA = {
    "newstyle_gettext": "true",
    "trimmed": "true",
    "trim_blocks": "true",
    "lstrip_blocks": "true",
    "silent": "false",
    "extensions": "jinja2.ext.do",
}
OPTIONS = {"**.html": _JINJA, "**.txt": _JINJA}

MessageId = str | tuple[str, ...]
Key = tuple[MessageId, str | None]


@dataclass
class Use:
    """A message and where it stands: `(path under web/, line)`."""

    id: MessageId
    context: str | None
    places: list[tuple[str, int]] = field(default_factory=list)

    @property
    def areas(self) -> set[str]:
        return {area_of(path) for path, _ in self.places}


def area_of(path: str) -> str:
    """The area that translates a file: `pages/<area>/…`, a package or module of its own, else the frame."""
    parts = Path(path).parts
    if parts[0] == "pages" and len(parts) > 2:
        return parts[1]
    name = Path(parts[0]).stem
    return FRAME if name in {"templates", "charts", "pages", "__init__", *FRAME_MODULES} else name


def used_messages(web: Path = WEB) -> dict[Key, Use]:
    """Every message that Python and templates under `web` ask for."""
    uses: dict[Key, Use] = {}
    skip = ("static", "locales", "__pycache__")
    found = extract_from_dir(web, METHODS, OPTIONS, directory_filter=lambda folder: Path(str(folder)).name not in skip)
    for path, line, message, _comments, context in found:
        key = (message, context)
        uses.setdefault(key, Use(message, context)).places.append((Path(path).as_posix(), line))
    return uses


def catalogues(web: Path = WEB) -> dict[str, Catalog]:
    """What is there, by area."""
    found: dict[str, Catalog] = {}
    for path in sorted((web / "locales" / LANGUAGE).glob("*.po")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file, locale=LANGUAGE)
    return found


def translated_keys(known: dict[str, Catalog]) -> set[Key]:
    """The messages that have a Chinese text in some area."""
    return {
        (message.id if isinstance(message.id, str) else tuple(message.id), message.context)
        for catalogue in known.values()
        for message in catalogue
        if message.id and not message.fuzzy and _has_text(message.string)
    }


def missing(web: Path = WEB) -> Iterator[Use]:
    """The messages in use that have no Chinese text."""
    have = translated_keys(catalogues(web))
    return (use for key, use in used_messages(web).items() if key not in have)


def placeholders(text: str) -> list[str]:
    """The names of the values that a message takes, sorted."""
    return sorted(set(re.findall(r"%\((\w+)\)", text)))


def update(area: str, *, prune: bool, web: Path = WEB) -> tuple[int, int]:
    """Write `area`'s file anew; returns how many messages were added and how many taken out."""
    uses = used_messages(web)
    own = [key for key, use in uses.items() if area in use.areas]
    return rewrite(area, own, uses if prune else None, web=web)


def rewrite(
    area: str,
    own: Iterable[Key],
    used: Container[Key] | None,
    *,
    web: Path = WEB,
    script: str = "update_locales",
    formatted: bool = True,
) -> tuple[int, int]:
    """Write `area`'s file anew with what no other area translates of its `own` messages; returns how many were added
    and how many taken out. `used`: what may stay in it (None: everything). `script`: which one its head names.
    `formatted`: whether Python fills values in; if not, percent signs and braces are text."""
    known = catalogues(web)
    elsewhere = translated_keys({name: catalogue for name, catalogue in known.items() if name != area})
    old = known.get(area) or Catalog(locale=LANGUAGE)
    new = Catalog(locale=LANGUAGE, fuzzy=False)
    added = removed = 0
    for message in old:
        if not message.id:
            continue
        if used is not None and (message.id, message.context) not in used:
            removed += 1
        else:
            new.add(message.id, message.string, flags=message.flags, context=message.context)
    for text, context in own:
        if (text, context) not in elsewhere and new.get(text, context) is None:
            new.add(text, "", context=context)
            added += 1
    if not formatted:
        for message in new:
            message.flags -= {"python-format", "python-brace-format"}
    path = web / "locales" / LANGUAGE / f"{area}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(HEADER.format(area=area, script=script).encode())
        write_po(file, new, sort_output=True, omit_header=True, no_location=True, width=0)
    return added, removed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("area", nargs="?", help="the area of pages, such as portal, developer, officer, frame")
    parser.add_argument("--prune", action="store_true", help="take out messages that nothing uses any more")
    parser.add_argument("--list", action="store_true", help="only name what is missing, by area")
    chosen = parser.parse_args(arguments)
    if chosen.list or not chosen.area:
        gaps = [(min(use.areas), use) for use in missing()]
        for area, use in sorted(gaps, key=lambda gap: (gap[0], str(gap[1].id))):
            path, line = use.places[0]
            print(f"{area}: {use.id!r} (web/{path}:{line})")
        print(f"{len(gaps)} without Chinese" if gaps else "complete")
        return 1 if gaps else 0
    added, removed = update(chosen.area, prune=chosen.prune)
    empty = sum(1 for message in catalogues()[chosen.area] if message.id and not _has_text(message.string))
    print(f"web/locales/{LANGUAGE}/{chosen.area}.po: {added} added, {removed} taken out, {empty} to translate")
    return 0


def _has_text(string: object) -> bool:
    return all(string) if isinstance(string, list | tuple) else bool(string)


if __name__ == "__main__":
    sys.exit(main())
