"""Keep the Chinese of the API description complete: find every text of it that the documentation page tells.

    python scripts/update_api_texts.py            add what is missing to web/locales/zh_CN/api.po, and take out what
                                                  the description says no more
    python scripts/update_api_texts.py --list     only name what is missing

Summaries, descriptions and names of tags are written in English beside their operations; they are read from the
OpenAPI description of the site itself. Then write the Chinese into the empty `msgstr ""` of that file.
"""

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # as a script: the root, for the modules beside

from contracts.kit.settings import Settings
from scripts import update_locales
from scripts.update_locales import Key
from web.app import create_app
from web.pages.portal import api_description

AREA = "api"


def site_description() -> dict[str, Any]:
    """The OpenAPI description of a site of its own, in a folder that is gone afterwards."""
    with TemporaryDirectory() as home:
        app = create_app(Settings(home=Path(home)))
        app.state.services.close()
        return app.openapi()


def used_messages(description: dict[str, Any]) -> dict[Key, str]:
    """Every text that the page tells, in the context of such texts, and where it stands first."""
    return {(text, api_description.CONTEXT): place for text, place in api_description.texts(description).items()}


def missing(description: dict[str, Any], web: Path = update_locales.WEB) -> dict[Key, str]:
    """What has no Chinese."""
    have = update_locales.translated_keys(update_locales.catalogues(web))
    return {key: place for key, place in used_messages(description).items() if key not in have}


def update(description: dict[str, Any], web: Path = update_locales.WEB) -> tuple[int, int]:
    """Write the area's file anew; returns how many texts were added and how many taken out."""
    uses = used_messages(description)
    return update_locales.rewrite(AREA, uses, uses, web=web, script="update_api_texts", formatted=False)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--list", action="store_true", help="only name what is missing")
    only_list, description = parser.parse_args(arguments).list, site_description()
    if not only_list:
        added, removed = update(description)
        print(f"web/locales/{update_locales.LANGUAGE}/{AREA}.po: {added} added, {removed} taken out")
    gaps = missing(description)
    for (text, _context), place in gaps.items():
        print(f"{place}: {text!r}")
    print(f"{len(gaps)} without Chinese" if gaps else "complete")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
