"""Our datasets, releases and organisations in the shapes of CKAN 2.12."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from catalog.datasets.models import Dataset
from catalog.datasets.vocabulary import DATA_CLASSES, FREQUENCIES, OPENNESS, THEMES
from catalog.parties.models import Organisation
from catalog.releases.models import Release
from contracts.licence import LICENCES, LicenceTerms
from contracts.text import pick

LANGUAGE = "zh-CN"
FORMATS = {".csv": ("CSV", "text/csv"), ".parquet": ("Parquet", "application/vnd.apache.parquet")}


def stamp(moment: datetime) -> str:
    """CKAN's times are UTC without saying so, with microseconds."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def data_files(release: Release) -> list[Mapping[str, Any]]:
    """The files of a release that are resources; report and manifest are extras."""
    return [file for file in release.files if any(str(file["name"]).endswith(end) for end in FORMATS)]


def resource_id(release: Release, name: str) -> str:
    """A stable id for one file of a release: the release's for the table (CSV), with the ending for others.

    The first is a UUID, as CKAN's clients expect of a resource that has a datastore.
    """
    return release.id if name.endswith(".csv") else f"{release.id}.{name.rpartition('.')[2]}"


def resource(dataset: Dataset, release: Release, file: Mapping[str, Any], position: int, site: str) -> dict[str, Any]:
    """One file of the release in force."""
    name = str(file["name"])
    label, mime = next(found for end, found in FORMATS.items() if name.endswith(end))
    return {
        "cache_last_updated": None,
        "cache_url": None,
        "created": stamp(release.published_at),
        "datastore_active": label == "CSV",
        "description": f"{pick(dataset.title, LANGUAGE)} {release.version}",
        "format": label,
        "hash": file["sha256"],
        "id": resource_id(release, name),
        "last_modified": stamp(release.published_at),
        "metadata_modified": stamp(release.published_at),
        "mimetype": mime,
        "mimetype_inner": None,
        "name": f"{release.version} {label}",
        "package_id": dataset.id,
        "position": position,
        "resource_type": None,
        "size": file["size"],
        "state": "active",
        "url": f"{site}/dataset/{dataset.slug}/download/{release.version}/{name}",
        "url_type": None,
    }


def tag(name: str) -> dict[str, Any]:
    """A keyword."""
    return {"display_name": name, "id": name, "name": name, "state": "active", "vocabulary_id": None}


def group(theme: str, *, packages: int | None = None) -> dict[str, Any]:
    """A theme as a CKAN group."""
    title = pick(THEMES[theme], LANGUAGE)
    shape: dict[str, Any] = {
        "description": "",
        "display_name": title,
        "id": theme,
        "image_display_url": "",
        "name": theme,
        "title": title,
    }
    if packages is not None:
        shape |= {
            "approval_status": "approved",
            "image_url": "",
            "is_organization": False,
            "package_count": packages,
            "state": "active",
            "type": "group",
        }
    return shape


def organisation(found: Organisation, *, packages: int | None = None) -> dict[str, Any]:
    """A provider as a CKAN organization."""
    title = pick(found.name, LANGUAGE)
    shape: dict[str, Any] = {
        "approval_status": "approved",
        "created": stamp(found.created_at),
        "description": "",
        "id": found.id,
        "image_url": "",
        "is_organization": True,
        "name": found.slug,
        "state": "active",
        "title": title,
        "type": "organization",
    }
    if packages is not None:
        shape |= {"display_name": title, "image_display_url": "", "num_followers": 0, "package_count": packages}
    return shape


def package(dataset: Dataset, release: Release, provider: Organisation, site: str) -> dict[str, Any]:
    """A published dataset with its release in force; 29 keys, as CKAN has."""
    licence = LICENCES[dataset.licence_id]
    words = [word for keyword in dataset.keywords for word in keyword.values()]
    files = data_files(release)
    return {
        "author": pick(provider.name, LANGUAGE),
        "author_email": provider.contact_email,
        "creator_user_id": dataset.created_by,
        "extras": extras(dataset, release),
        "groups": [group(theme) for theme in dataset.themes],
        "id": dataset.id,
        "isopen": dataset.openness == "unconditional",
        "license_id": licence.id,
        "license_title": pick(licence.title, LANGUAGE),
        "license_url": f"{site}/licences/{licence.id}",
        "maintainer": None,
        "maintainer_email": None,
        "metadata_created": stamp(dataset.created_at),
        "metadata_modified": stamp(max(dataset.updated_at, release.published_at)),
        "name": dataset.slug,
        "notes": pick(dataset.description, LANGUAGE),
        "num_resources": len(files),
        "num_tags": len(words),
        "organization": organisation(provider),
        "owner_org": provider.id,
        "private": False,
        "relationships_as_object": [],
        "relationships_as_subject": [],
        "resources": [resource(dataset, release, file, place, site) for place, file in enumerate(files)],
        "state": "active",
        "tags": [tag(word) for word in words],
        "title": pick(dataset.title, LANGUAGE),
        "type": "dataset",
        "url": f"{site}/dataset/{dataset.slug}",
        "version": release.version,
    }


def extras(dataset: Dataset, release: Release) -> list[dict[str, str]]:
    """What CKAN has no field for."""
    told = {
        "data_class": pick(DATA_CLASSES[dataset.data_class], LANGUAGE),
        "manifest_sha256": release.manifest_hash,
        "openness": pick(OPENNESS[dataset.openness], LANGUAGE),
        "title_en": dataset.title.get("en", ""),
        "update_frequency": pick(FREQUENCIES[dataset.update_frequency], LANGUAGE),
    }
    return [{"key": key, "value": value} for key, value in told.items() if value]


def licence(terms: LicenceTerms, site: str) -> dict[str, Any]:
    """A licence as `license_list` tells it."""
    is_open = not terms.prohibitions
    return {
        "domain_content": is_open,
        "domain_data": is_open,
        "domain_software": False,
        "family": "",
        "id": terms.id,
        "is_generic": False,
        "maintainer": "",
        "od_conformance": "approved" if is_open else "rejected",
        "osd_conformance": "not reviewed",
        "status": "active",
        "title": pick(terms.title, LANGUAGE),
        "url": f"{site}/licences/{terms.id}",
    }
