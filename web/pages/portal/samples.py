"""First calls that work as they stand, in the languages people start with."""

from collections.abc import Collection
from urllib.parse import urlencode

from catalog.datasets.models import Dataset
from catalog.releases.models import Release
from contracts.schema import DataContract

PLACEHOLDER = "sy_live_…"


def first_call(base_url: str, dataset: Dataset, release: Release) -> list[dict[str, str]]:
    """Two records, with curl, Python and JavaScript; open data need no key."""
    column = DataContract.model_validate(release.contract).fields[0].name
    return _in_languages(base_url, dataset, "records", {"limit": "2", "sort": column})


def first_aggregate(
    base_url: str, dataset: Dataset, release: Release, categories: Collection[str]
) -> list[dict[str, str]]:
    """How many records there are by a field, the most frequent first; `categories` are fields known to repeat."""
    parameters = {"group_by": _grouping(release, categories), "measures": "count", "sort": "-count", "limit": "10"}
    return _in_languages(base_url, dataset, "aggregate", parameters)


def first_near(base_url: str, dataset: Dataset, release: Release, point: tuple[float, float]) -> list[dict[str, str]]:
    """The records within a kilometre of a point, given as longitude and latitude."""
    pairs = DataContract.model_validate(release.contract).coordinates
    name = "near" if len(pairs) == 1 else f"{pairs[0].latitude}.near"
    return _in_languages(base_url, dataset, "records", {name: f"{point[0]},{point[1]},1000", "limit": "10"})


def _grouping(release: Release, categories: Collection[str]) -> str:
    """A field that groups make sense by: one that repeats, rather words than figures, a date by its year, never the
    key."""
    contract = DataContract.model_validate(release.contract)
    order = ("string", "boolean", "date", "timestamp", "integer", "number")
    usual = [field for field in contract.fields if field.name != contract.primary_key] or contract.fields
    field = min(usual, key=lambda one: (one.name not in categories, order.index(one.type)))
    return f"{field.name}:year" if field.type in ("date", "timestamp") else field.name


def _in_languages(base_url: str, dataset: Dataset, what: str, parameters: dict[str, str]) -> list[dict[str, str]]:
    address = f"{base_url}/data/v1/{dataset.slug}/{what}"
    query = urlencode(parameters, safe=":-,")
    needs_key = dataset.openness != "unconditional"
    curl = [f'curl "{address}?{query}"']
    if needs_key:
        curl = [f'curl -H "Authorization: Bearer {PLACEHOLDER}" \\', f'  "{address}?{query}"']
    given = ", ".join(f'"{name}": "{value}"' for name, value in parameters.items())
    headers = f'    headers={{"Authorization": "Bearer {PLACEHOLDER}"}},\n' if needs_key else ""
    found = "records" if what == "records" else "groups"
    one = found.removesuffix("s")
    python = (
        "import httpx\n\n"
        "answer = httpx.get(\n"
        f'    "{address}",\n'
        f"    params={{{given}}},\n"
        f"{headers})\n"
        "answer.raise_for_status()\n"
        f'for {one} in answer.json()["{found}"]:\n'
        f"    print({one})"
    )
    options = f', {{\n  headers: {{ Authorization: "Bearer {PLACEHOLDER}" }},\n}}' if needs_key else ""
    javascript = (
        f'const answer = await fetch("{address}?{query}"{options});\n'
        f"const {{ {found} }} = await answer.json();\n"
        f"console.log({found});"
    )
    return [
        {"language": "curl", "text": "\n".join(curl)},
        {"language": "Python", "text": python},
        {"language": "JavaScript", "text": javascript},
    ]
