"""`datastore_search`: rows of a release, through the same delivery service as every other byte of it."""

import csv
import io
from typing import Any
from urllib.parse import urlencode

import orjson

from catalog.releases.models import Release
from contracts.schema import DataContract
from marketplace.gateway.app import Gateway
from marketplace.gateway.callers import Caller
from marketplace.gateway.calls import Call
from web.ckan.actions import Asked, filters_of, find_resource
from web.ckan.wire import ActionError, Parameters, boolean, denied, integer, invalid

MAX_LIMIT = 1000
TYPES = {
    "string": "text",
    "integer": "int4",
    "number": "numeric",
    "boolean": "bool",
    "date": "date",
    "timestamp": "timestamp",
}
FORMATS = ("objects", "lists", "csv", "tsv")
PLACES = {"sort": "sort", "select": "fields", "q": "q", "limit": "limit", "offset": "offset"}
"""Parameters of the data API, as CKAN calls them; all others are filters."""
OPERATORS = {"eq", "gt", "gte", "lt", "lte", "in", "ne"}


def search(asked: Asked, gateway: Gateway, caller: Caller) -> dict[str, Any]:
    """Rows with filters, words, sorting, paging and field selection. Conditional data needs an API key as the token."""
    identifier = asked.sent.get("resource_id") or asked.sent.get("id")
    if not identifier:
        raise invalid(resource_id=["Missing value"])
    form = str(asked.sent.get("records_format") or "objects")
    if form not in FORMATS:
        raise invalid(records_format=[f"Value must be one of: {', '.join(FORMATS)}"])
    dataset, release, _ = find_resource(asked, str(identifier))
    limit = min(integer(asked.sent, "limit", 100), MAX_LIMIT)
    offset = integer(asked.sent, "offset", 0)
    include_total = boolean(asked.sent, "include_total", True)
    words = _words(asked.sent.get("q"))
    filters = filters_of(asked.sent)
    columns = _fields(release, asked.sent.get("fields"))
    parameters = [("release", release.version), *_filters(filters)]
    parameters.append(("select", ",".join(column["id"] for column in columns)))
    if words:
        parameters.append(("q", words))
    if asked.sent.get("sort"):
        parameters.append(("sort", _sort(asked.sent["sort"])))
    if limit == 0 and not filters and not words:
        # Asking for the columns alone costs nothing.
        found: dict[str, Any] = {"records": [], "total": release.rows}
    else:
        parameters += [("limit", str(max(1, limit))), ("offset", str(offset))]
        if include_total:
            parameters.append(("count", "true"))
        found = _deliver(gateway, Call(dataset.slug, "records", caller, tuple(parameters)))
    result: dict[str, Any] = {
        "fields": columns,
        "include_next_page": False,
        "include_total": include_total,
        "limit": limit,
        "offset": offset,
        "records": _shown(found["records"][:limit], columns, form),
        "records_format": form,
        "resource_id": identifier,
    }
    result |= {name: asked.sent[name] for name in ("filters", "q", "sort") if asked.sent.get(name)}
    if include_total:
        result |= {"total": found["total"], "total_was_estimated": False}
    return result | {"_links": _links(asked.sent, limit, offset)}


def _links(sent: Parameters, limit: int, offset: int) -> dict[str, str]:
    kept = {name: value for name, value in sent.items() if name not in ("limit", "offset")} | {"limit": limit}
    pairs = {
        name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in sorted(kept.items())
    }
    base = f"/api/3/action/datastore_search?{urlencode(pairs)}"
    return {"start": base, "next": f"{base}&offset={offset + limit}"}


def _shown(records: list[dict[str, Any]], columns: list[dict[str, str]], form: str) -> Any:
    """Records as the caller wants them: objects, lists, or text without a header line."""
    if form == "objects":
        return records
    rows = [[record[column["id"]] for column in columns] for record in records]
    if form == "lists":
        return rows
    text = io.StringIO()
    writer = csv.writer(text, delimiter="," if form == "csv" else "\t", lineterminator="\n")
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue()


def _words(sent: Any) -> str:
    """`q`: words for all columns. Words for one column (an object) are filters here."""
    if sent in (None, ""):
        return ""
    if not isinstance(sent, str) or sent.lstrip().startswith("{"):
        raise invalid(q=["Words for single columns are not offered here; use filters"])
    return sent


def _filters(filters: dict[str, Any]) -> list[tuple[str, str]]:
    """Filters as the data API takes them; always with an operator, so that no column is taken for a control."""
    parameters: list[tuple[str, str]] = []
    for name, value in filters.items():
        if isinstance(value, dict):
            unknown = sorted(set(value) - OPERATORS)
            if unknown:
                raise invalid(filters=[f"Unknown operator: {unknown[0]}"])
            parameters += [(f"{name}.{operator}", _text(wanted)) for operator, wanted in value.items()]
        elif value is None:
            parameters.append((f"{name}.null", "true"))
        elif isinstance(value, list) and len(value) != 1:
            if any("," in str(one) for one in value):
                raise invalid(filters=["A value that has a comma cannot be one of a list; ask for it alone"])
            parameters.append((f"{name}.in", _text(value)))
        else:
            parameters.append((f"{name}.eq", _text(value[0] if isinstance(value, list) else value)))
    return parameters


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def _sort(value: Any) -> str:
    parts = value if isinstance(value, list) else str(value).split(",")
    terms: list[str] = []
    for part in parts:
        name, _, direction = str(part).strip().partition(" ")
        terms.append(f"-{name}" if direction.strip().lower().startswith("desc") else name)
    return ",".join(terms)


def _deliver(gateway: Gateway, call: Call) -> dict[str, Any]:
    answer = gateway.deliver(call)
    body: dict[str, Any] = orjson.loads(answer.read())
    if answer.status == 200:
        return body
    detail = str(body.get("detail", ""))
    if answer.status in (401, 402, 403):
        raise denied(detail)
    if answer.status == 422:
        raise _invalid(body, detail)
    raise ActionError(answer.status, str(body.get("title", "Error")), message=detail)


def _invalid(body: dict[str, Any], detail: str) -> ActionError:
    """A refused query in CKAN's words, under the parameter that CKAN calls it by."""
    parameter = str((body.get("errors") or [{}])[0].get("parameter", ""))
    place = {"sort": "sort", "select": "fields", "q": "q", "limit": "limit", "offset": "offset"}.get(
        parameter, "filters"
    )
    if str(body["type"]).endswith("/unknown-field"):
        name = str(body.get("asked", ""))
        if place == "sort":
            return invalid(sort=[f'invalid value "{name}"'])
        if place == "filters":
            return invalid(filters=[f"Unknown field: {name}"])
    return invalid(**{place: [detail]})


def _fields(release: Release, chosen: Any) -> list[dict[str, str]]:
    wanted = chosen if isinstance(chosen, list) else [part.strip() for part in str(chosen or "").split(",") if part]
    contract = DataContract.model_validate(release.contract)
    unknown = sorted(set(wanted) - {field.name for field in contract.fields} - {"_id"})
    if unknown:
        raise invalid(fields=[f'Field "{unknown[0]}" is not recognized'])
    shown = [field for field in contract.fields if not wanted or field.name in wanted]
    head = [] if wanted and "_id" not in wanted else [{"id": "_id", "type": "int"}]
    return head + [{"id": field.name, "type": TYPES[field.type]} for field in shown]
