"""First calls that work as they stand, in the languages people start with."""

from catalog.datasets.models import Dataset
from catalog.releases.models import Release
from contracts.schema import DataContract


def first_call(base_url: str, dataset: Dataset, release: Release, *, key: str = "sy_live_…") -> list[dict[str, str]]:
    """The same call with curl, Python and JavaScript; open data need no key."""
    address = f"{base_url}/data/v1/{dataset.slug}/records?limit=2"
    needs_key = dataset.openness != "unconditional"
    column = DataContract.model_validate(release.contract).fields[0].name
    curl = [f'curl "{address}"']
    if needs_key:
        curl = [f'curl -H "Authorization: Bearer {key}" \\', f'  "{address}"']
    headers = f'    headers={{"Authorization": "Bearer {key}"}},\n' if needs_key else ""
    python = (
        "import httpx\n\n"
        "answer = httpx.get(\n"
        f'    "{base_url}/data/v1/{dataset.slug}/records",\n'
        f'    params={{"limit": 2, "sort": "{column}"}},\n'
        f"{headers})\n"
        "answer.raise_for_status()\n"
        'for record in answer.json()["records"]:\n'
        "    print(record)"
    )
    options = f', {{\n  headers: {{ Authorization: "Bearer {key}" }},\n}}' if needs_key else ""
    javascript = (
        f'const answer = await fetch("{address}"{options});\n'
        "const { records } = await answer.json();\n"
        "console.log(records);"
    )
    return [
        {"language": "curl", "text": "\n".join(curl)},
        {"language": "Python", "text": python},
        {"language": "JavaScript", "text": javascript},
    ]
