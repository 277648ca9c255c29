"""The actions, one function each: what CKAN 2.12 answers, from our catalogue."""

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.errors import DatasetNotFound
from catalog.datasets.models import Dataset
from catalog.datasets.vocabulary import THEMES
from catalog.parties import service as parties
from catalog.parties.errors import OrganisationNotFound
from catalog.parties.models import Organisation
from catalog.releases import service as releases
from catalog.releases.models import Release
from catalog.search import Query, SearchIndex, search
from contracts.errors import ShuyiError
from contracts.kit.settings import Settings
from contracts.licence import LICENCES
from contracts.text import pick
from web.ckan import shapes
from web.ckan.wire import (
    ActionError,
    Parameters,
    boolean,
    denied,
    integer,
    invalid,
    json_list,
    missing,
    not_found,
)

MAX_ROWS = 1000
SEARCH_PARAMETERS = {
    "q", "fq", "fq_list", "rows", "start", "sort", "facet", "facet.field", "facet.limit", "facet.mincount",
    "include_drafts", "include_private", "include_deleted", "use_default_schema", "fl", "df", "qf", "defType",
}  # fmt: skip
FACETS = {"organization": "provider", "groups": "theme", "license_id": "licence", "res_format": "format"}
_FQ = re.compile(r'([+-]?)(\w+):(?:"([^"]*)"|\(([^)]*)\)|(\[[^\]]*\])|(\S+))')


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: what came with it, and what it may use."""

    session: Session
    index: SearchIndex
    settings: Settings
    site: str
    sent: Parameters

    def required(self, name: str) -> str:
        """A text parameter that has to come."""
        value = self.sent.get(name)
        if value in (None, "", []):
            raise missing(name if name != "id" else "name_or_id")
        return str(value)


def _published(asked: Asked) -> list[tuple[Dataset, Release]]:
    current = releases.current_releases(asked.session)
    found = datasets.list_datasets(asked.session, ids=list(current))
    return sorted(((dataset, current[dataset.id]) for dataset in found), key=lambda pair: pair[0].slug)


def _package(asked: Asked, dataset: Dataset, release: Release) -> dict[str, Any]:
    provider = parties.get_organisation(asked.session, dataset.provider_id)
    return shapes.package(dataset, release, provider, asked.site)


def _find(asked: Asked, name: str) -> tuple[Dataset, Release]:
    try:
        dataset = datasets.get_dataset(asked.session, name)
    except DatasetNotFound as error:
        raise not_found() from error
    release = releases.current_release(asked.session, dataset.id)
    if release is None:
        # The same answer as for a dataset that never was: existence does not leak.
        raise not_found()
    return dataset, release


def status_show(asked: Asked) -> dict[str, Any]:
    """What this site is."""
    cities = parties.list_organisations(asked.session, kinds=("city",))
    title = pick(cities[0].name, shapes.LANGUAGE) if cities else "数易"
    return {
        "ckan_version": "2.12.0",
        "error_emails_to": None,
        "extensions": ["datastore"],
        "locale_default": "zh_Hans_CN",
        "site_description": "",
        "site_title": title,
        "site_url": asked.site,
    }


def package_list(asked: Asked) -> list[str]:
    """Names of published datasets."""
    names = [dataset.slug for dataset, _ in _published(asked)]
    offset, limit = integer(asked.sent, "offset", 0), integer(asked.sent, "limit", len(names))
    return names[offset : offset + limit]


def package_show(asked: Asked) -> dict[str, Any]:
    """One dataset by name or id."""
    return _package(asked, *_find(asked, asked.required("id")))


def package_search(asked: Asked) -> dict[str, Any]:
    """Search with filters and facets; Solr's field filters for what CKAN's clients use."""
    unknown = sorted(set(asked.sent) - SEARCH_PARAMETERS)
    if unknown:
        raise ActionError(
            400, "Search Query Error", message=f'Search Query is invalid: "Invalid search parameters: {unknown}"'
        )
    text = str(asked.sent.get("q") or "")
    if text.startswith("{!"):
        raise ActionError(
            409, "Search Error", message="Search error: \"Local parameters are not supported in param 'q'.\""
        )
    rows, start = min(integer(asked.sent, "rows", 10), MAX_ROWS), integer(asked.sent, "start", 0)
    facet_fields = json_list(asked.sent, "facet.field")
    filters = [*json_list(asked.sent, "fq_list")] if "fq_list" in asked.sent else []
    if asked.sent.get("fq"):
        filters.append(str(asked.sent["fq"]))
    plain = "" if text.strip() in ("", "*:*", "*") else _FQ.sub(_keep_words, text)
    if ":" in text and plain != text:
        filters.append(text)
    found = search(asked.session, asked.index, Query(text=plain, limit=1_000_000))
    packages = [_package(asked, hit.dataset, hit.release) for hit in found.hits]
    for expression in filters:
        packages = [package for package in packages if _passes(package, expression)]
    packages = _sorted(packages, str(asked.sent.get("sort") or ""))
    facets, titles = _facets(packages, facet_fields, integer(asked.sent, "facet.limit", 50))
    return {
        "count": len(packages),
        "facets": facets,
        "results": packages[start : start + rows],
        "search_facets": titles,
        "sort": str(asked.sent.get("sort") or "score desc, metadata_modified desc"),
    }


def _keep_words(found: re.Match[str]) -> str:
    """Inside `q`, a filter on a text field is searched as words; other filters are applied as filters."""
    value = next((group for group in found.groups()[2:] if group), "")
    return value if found[2] in ("text", "title", "notes") else ""


def _values(package: dict[str, Any], name: str) -> list[str]:
    if name == "organization":
        return [package["organization"]["name"]]
    if name == "groups":
        return [group["name"] for group in package["groups"]]
    if name == "tags":
        return [tag["name"] for tag in package["tags"]]
    if name == "res_format":
        return sorted({resource["format"] for resource in package["resources"]})
    value = package.get(name)
    return [] if value is None else [str(value)]


def _passes(package: dict[str, Any], expression: str) -> bool:
    for sign, name, quoted, listed, interval, word in _FQ.findall(expression):
        if name in ("text", "title", "notes"):
            continue
        values = _values(package, name)
        if interval:
            low, _, high = interval.strip("[]").partition(" TO ")
            fits = any(
                (low in ("*", "") or value >= low.rstrip("Z")) and (high in ("*", "") or value <= high.rstrip("Z"))
                for value in values
            )
        elif listed:
            wanted = [part.strip('" ') for part in re.split(r"\s+OR\s+|\s+AND\s+|\s+", listed) if part.strip('" ')]
            fits = any(value in wanted for value in values)
        else:
            wanted_value = quoted or word
            fits = bool(values) if wanted_value == "*" else wanted_value in values
        if fits == (sign == "-"):
            return False
    return True


def _sorted(packages: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    for part in reversed([part.strip() for part in order.split(",") if part.strip()]):
        name, _, direction = part.partition(" ")
        key = {"title_string": "title"}.get(name, name)
        if packages and isinstance(packages[0].get(key), str):
            packages = sorted(packages, key=lambda package: str(package[key]), reverse=direction.strip() == "desc")
    return packages


def _facets(
    packages: list[dict[str, Any]], fields: list[str], limit: int
) -> tuple[dict[str, dict[str, int]], dict[str, dict[str, Any]]]:
    counts: dict[str, dict[str, int]] = {}
    titles: dict[str, dict[str, Any]] = {}
    for name in fields:
        counted = Counter(value for package in packages for value in _values(package, name))
        best = counted.most_common(limit or None)
        shown = {
            shape["name"]: shape["title"]
            for package in packages
            for shape in ([package["organization"]] if name == "organization" else package["groups"])
        }
        counts[name] = dict(best)
        titles[name] = {
            "items": [
                {"count": count, "display_name": shown.get(value, value), "name": value} for value, count in best
            ],
            "title": name,
        }
    return counts, titles


def _providers(asked: Asked) -> dict[str, int]:
    return Counter(dataset.provider_id for dataset, _ in _published(asked))


def organization_list(asked: Asked) -> list[Any]:
    """Public bodies, by name; whole ones with `all_fields`."""
    counts = _providers(asked)
    found = parties.list_organisations(asked.session, kinds=("department", "district", "city"))
    wanted = set(json_list(asked.sent, "organizations")) if asked.sent.get("organizations") else None
    found = [one for one in found if wanted is None or one.slug in wanted or one.id in wanted]
    offset, limit = integer(asked.sent, "offset", 0), integer(asked.sent, "limit", MAX_ROWS)
    page = found[offset : offset + min(limit, MAX_ROWS)]
    if not boolean(asked.sent, "all_fields"):
        return [one.slug for one in page]
    return [shapes.organisation(one, packages=counts.get(one.id, 0)) for one in page]


def _organisation(asked: Asked, name: str) -> Organisation:
    try:
        found = parties.get_organisation(asked.session, name)
    except OrganisationNotFound as error:
        raise not_found() from error
    if found.kind not in parties.PUBLIC_KINDS:
        raise not_found()
    return found


def organization_show(asked: Asked) -> dict[str, Any]:
    """One public body by name or id."""
    value = asked.sent.get("id")
    if not value:
        raise invalid(id=["Missing value"])
    found = _organisation(asked, str(value))
    own = [(dataset, release) for dataset, release in _published(asked) if dataset.provider_id == found.id]
    shape = shapes.organisation(found, packages=len(own)) | {"extras": [], "groups": [], "tags": [], "users": []}
    above = parties.ancestors(asked.session, found.id)
    shape["groups"] = [{"capacity": "public", "name": parent.slug} for parent in above[:1]]
    if boolean(asked.sent, "include_datasets"):
        shape["packages"] = [_package(asked, dataset, release) for dataset, release in own[:MAX_ROWS]]
    return shape


def _themes(asked: Asked) -> Counter[str]:
    return Counter(theme for dataset, _ in _published(asked) for theme in dataset.themes)


def group_list(asked: Asked) -> list[Any]:
    """Themes; whole ones with `all_fields`."""
    counts = _themes(asked)
    offset, limit = integer(asked.sent, "offset", 0), integer(asked.sent, "limit", MAX_ROWS)
    names = sorted(THEMES)[offset : offset + limit]
    return [shapes.group(n, packages=counts[n]) for n in names] if boolean(asked.sent, "all_fields") else names


def group_show(asked: Asked) -> dict[str, Any]:
    """One theme."""
    value = asked.sent.get("id")
    if not value:
        raise invalid(id=["Missing value"])
    if value not in THEMES:
        raise not_found()
    shape = shapes.group(str(value), packages=_themes(asked)[str(value)])
    return shape | {"extras": [], "groups": [], "tags": [], "users": []}


def license_list(asked: Asked) -> list[dict[str, Any]]:
    """The licences under which data is published."""
    return [shapes.licence(terms, asked.site) for terms in LICENCES.values()]


def find_resource(asked: Asked, identifier: str) -> tuple[Dataset, Release, str]:
    """Dataset, release and file name of a resource id; also of releases no longer in force, which stay addressable."""
    release_id = identifier.partition(".")[0]
    try:
        release = releases.get_release(asked.session, release_id)
    except ShuyiError as error:
        raise not_found(f'Not found: Resource "{identifier}" was not found.') from error
    for file in shapes.data_files(release):
        if shapes.resource_id(release, str(file["name"])) == identifier:
            return datasets.get_dataset(asked.session, release.dataset_id), release, str(file["name"])
    raise not_found(f'Not found: Resource "{identifier}" was not found.')


def resource_show(asked: Asked) -> dict[str, Any]:
    """One file of a release."""
    value = asked.sent.get("id")
    if not value:
        raise invalid(id=["Missing value"])
    dataset, release, name = find_resource(asked, str(value))
    files = shapes.data_files(release)
    place = next(index for index, file in enumerate(files) if file["name"] == name)
    return shapes.resource(dataset, release, files[place], place, asked.site)


def help_show(asked: Asked) -> str:
    """What an action does."""
    action = ACTIONS.get(asked.required("name"))
    if action is None:
        raise not_found()
    return action.__doc__ or ""


def site_user_only(asked: Asked) -> list[str]:
    """People are not published here."""
    raise denied("people are not listed on this site")


ACTIONS: dict[str, Callable[[Asked], Any]] = {
    "group_list": group_list,
    "group_show": group_show,
    "help_show": help_show,
    "license_list": license_list,
    "organization_list": organization_list,
    "organization_show": organization_show,
    "package_list": package_list,
    "package_search": package_search,
    "package_show": package_show,
    "resource_show": resource_show,
    "status_show": status_show,
    "user_list": site_user_only,
}
WRITING = {"package_create", "package_update", "package_patch", "package_delete", "resource_create"}


def filters_of(sent: Parameters) -> dict[str, Any]:
    """`filters` of `datastore_search`: an object, or one as JSON text."""
    value = sent.get("filters") or {}
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise invalid(filters=["Could not parse as valid JSON"]) from error
    if not isinstance(value, dict):
        raise invalid(filters=["Not a json object"])
    return value
