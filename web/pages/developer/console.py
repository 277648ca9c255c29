"""The console: a form becomes a call, shown as code and sent to the sandbox."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from contracts.schema import ContractField, DataContract
from contracts.text import pick
from marketplace.gateway.answers import Answer
from marketplace.gateway.calls import Operation
from web.i18n import N_, current_locale

ENDPOINTS: dict[str, tuple[Operation, str]] = {
    "records": ("records", N_("Records that fit")),
    "record": ("record", N_("One record")),
    "aggregate": ("aggregate", N_("Groups and their figures")),
    "schema": ("schema", N_("Fields")),
    "releases": ("releases", N_("Releases")),
}
OPERATORS = (
    ("eq", N_("is")),
    ("ne", N_("is not")),
    ("gte", N_("is at least")),
    ("lte", N_("is at most")),
    ("in", N_("is one of (commas)")),
    ("like", N_("looks like (* stands for anything)")),
)
PLACE_OPERATORS = (
    ("near", N_("is within (longitude, latitude, metres)")),
    ("bbox", N_("lies in (west, south, east, north)")),
)
"""For the coordinates of a place, whichever of the two is chosen."""
FILTERS = 2
LONGEST_SHOWN = 20_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for: `parameters` of the call, and the values to show again."""

    endpoint: str
    name: str
    parameters: tuple[tuple[str, str], ...]
    values: Mapping[str, str]

    @property
    def operation(self) -> Operation:
        """The gateway's name for it."""
        return ENDPOINTS[self.endpoint][0]

    def path(self, slug: str) -> str:
        """The address below the site's."""
        tail = {"record": f"records/{quote(self.name)}"}.get(self.endpoint, self.endpoint)
        return f"/data/v1/{slug}/{tail}"


def read(values: Mapping[str, str]) -> Asked:
    """The call that the form's values describe; anything left empty is left out."""
    endpoint = values.get("endpoint", "records")
    endpoint = endpoint if endpoint in ENDPOINTS else "records"
    parameters: list[tuple[str, str]] = []
    if endpoint == "aggregate":
        parameters += _filled(values, "group_by", "measures")
    if endpoint in ("records", "aggregate"):
        for number in range(1, FILTERS + 1):
            field, operator = values.get(f"field{number}", ""), values.get(f"op{number}", "eq")
            value = values.get(f"value{number}", "").strip()
            if field and value:
                parameters.append((field if operator == "eq" else f"{field}.{operator}", value))
        parameters += _filled(values, "sort", "limit")
    if endpoint in ("records", "record"):
        parameters += _filled(values, "select")
    return Asked(endpoint, values.get("key", "").strip() or "1", tuple(parameters), values)


def _filled(values: Mapping[str, str], *names: str) -> list[tuple[str, str]]:
    return [(name, values[name].strip()) for name in names if values.get(name, "").strip()]


def fields(contract: DataContract) -> list[tuple[str, str]]:
    """The names that filters know, with their titles: published columns, and what ranges are called together."""
    found: dict[str, str] = {}
    for field in contract.fields:
        name = field.range_of or field.name
        found.setdefault(name, _label(name, field))
    return list(found.items())


def operators(contract: DataContract) -> tuple[tuple[str, str], ...]:
    """The comparisons that make sense: those of places only where there are any."""
    return OPERATORS + (PLACE_OPERATORS if contract.coordinates else ())


def _label(name: str, field: ContractField) -> str:
    title = pick(field.title, current_locale())
    return f"{title} {name}" if title and title != name else name


def samples(base_url: str, slug: str, asked: Asked) -> list[dict[str, str]]:
    """The call in three languages."""
    address = f"{base_url.rstrip('/')}{asked.path(slug)}"
    curl = [f"curl -G {address} \\"]
    curl += [f"  --data-urlencode {_shell(f'{name}={value}')} \\" for name, value in asked.parameters]
    curl.append('  -H "Authorization: Bearer $SHUYI_KEY"')
    given = json.dumps(dict(asked.parameters), ensure_ascii=False)
    python = [
        "import os",
        "import httpx",
        "",
        "answer = httpx.get(",
        f'    "{address}",',
        *([f"    params={given},"] if asked.parameters else []),
        '    headers={"Authorization": f"Bearer {os.environ[\'SHUYI_KEY\']}"},',
        ")",
        "answer.raise_for_status()",
        "print(answer.json())",
    ]
    query = f"?{urlencode(asked.parameters)}" if asked.parameters else ""
    javascript = [
        f'const answer = await fetch("{address}{query}", {{',
        "  headers: { Authorization: `Bearer ${process.env.SHUYI_KEY}` },",
        "});",
        "if (!answer.ok) throw new Error((await answer.json()).detail);",
        "console.log(await answer.json());",
    ]
    return [
        {"language": "curl", "text": "\n".join(curl)},
        {"language": "Python", "text": "\n".join(python)},
        {"language": "JavaScript", "text": "\n".join(javascript)},
    ]


def _shell(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def shown(answer: Answer, body: bytes) -> str:
    """The body as people read it: indented, and cut where it is very long."""
    try:
        text = json.dumps(json.loads(body), ensure_ascii=False, indent=2)
    except ValueError:
        text = body.decode(errors="replace")
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "\n…"


def headers(answer: Answer) -> list[tuple[str, str]]:
    """The headers worth looking at."""
    found = [("Content-Type", answer.media_type)]
    if answer.standing is not None:
        found.append(("RateLimit-Policy", f'"minute";q={answer.standing.limit};w=60'))
        found.append(("RateLimit", f'"minute";r={answer.standing.remaining};t={answer.standing.reset}'))
    if answer.etag:
        found.append(("ETag", answer.etag))
    return found
