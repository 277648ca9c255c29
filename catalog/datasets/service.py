"""Describe datasets and find them again."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError
from sqlmodel import Session, col, select

from catalog.datasets.errors import CoreDataRefused, DatasetNotFound, SlugTaken
from catalog.datasets.models import Dataset, FormerSlug
from catalog.datasets.vocabulary import THEMES, UpdateFrequency
from catalog.parties import service as parties
from contracts import clock
from contracts.access import Actor, Permission
from contracts.errors import InvalidInput
from contracts.events import Event
from contracts.ids import is_slug, new_id
from contracts.kit import audit, outbox
from contracts.licence import CONDITIONAL, LICENCES, OPEN
from contracts.schema import DataClass, Openness
from contracts.text import Text

_TEXT: TypeAdapter[dict[str, str]] = TypeAdapter(Text)
_FIELD_KEYS = {"title", "description", "unit"}


def create_dataset(
    session: Session,
    actor: Actor,
    provider_id: str,
    *,
    title: Mapping[str, str],
    description: Mapping[str, str] | None = None,
    slug: str | None = None,
    themes: Sequence[str] = (),
    keywords: Sequence[Mapping[str, str]] = (),
    openness: Openness = "conditional",
    data_class: DataClass = "general",
    licence_id: str | None = None,
    update_frequency: UpdateFrequency = "irregular",
    fields: Mapping[str, Mapping[str, Any]] | None = None,
    spatial: Mapping[str, Any] | None = None,
    external_ids: Mapping[str, str] | None = None,
) -> Dataset:
    """Describe a new dataset of `provider_id`. Class core is refused (`CoreDataRefused`).

    `fields` is the dictionary: column name of the source to `{"title": Text, "description": Text, "unit": str}`.
    Without a `slug` one is made from the English title. The licence follows the openness unless given.
    """
    actor.require(Permission.CATALOG_WRITE, provider_id)
    parties.get_organisation(session, provider_id)
    dataset_id = new_id()
    dataset = Dataset(
        id=dataset_id,
        slug=_free_slug(session, slug, title, dataset_id),
        provider_id=provider_id,
        title=_text("title", title),
        openness=openness,
        data_class=data_class,
        licence_id="",
        update_frequency=update_frequency,
        created_by=actor.person_id,
    )
    _describe(
        dataset,
        {
            "description": description or {},
            "themes": themes,
            "keywords": keywords,
            "openness": openness,
            "data_class": data_class,
            "licence_id": licence_id or (OPEN.id if openness == "unconditional" else CONDITIONAL.id),
            "update_frequency": update_frequency,
            "fields": fields or {},
            "spatial": spatial or {},
            "external_ids": external_ids or {},
        },
    )
    session.add(dataset)
    session.flush()
    audit.record(session, actor, "dataset.created", "dataset", dataset.id, slug=dataset.slug)
    outbox.emit(session, Event.DATASET_CHANGED, dataset_id=dataset.id)
    return dataset


def update_dataset(session: Session, actor: Actor, dataset_id: str, **changes: Any) -> Dataset:
    """Change what a dataset says about itself: any keyword of `create_dataset` except the provider.

    A changed `slug` keeps the old one leading here. Releases already published keep their own contract.
    """
    dataset = get_dataset(session, dataset_id)
    actor.require(Permission.CATALOG_WRITE, dataset.provider_id)
    if "slug" in changes:
        new_slug = changes.pop("slug")
        if new_slug and new_slug != dataset.slug:
            own_former = session.get(FormerSlug, new_slug)
            if own_former is not None and own_former.dataset_id == dataset.id:
                session.delete(own_former)
                session.flush()
            wanted = _free_slug(session, new_slug, dataset.title, dataset.id)
            session.add(FormerSlug(slug=dataset.slug, dataset_id=dataset.id))
            dataset.slug = wanted
    if changes.get("openness") and not changes.get("licence_id"):
        changes["licence_id"] = OPEN.id if changes["openness"] == "unconditional" else CONDITIONAL.id
    _describe(dataset, changes)
    dataset.updated_at = clock.now()
    session.add(dataset)
    session.flush()
    audit.record(session, actor, "dataset.updated", "dataset", dataset.id, fields=sorted(changes))
    outbox.emit(session, Event.DATASET_CHANGED, dataset_id=dataset.id)
    return dataset


def get_dataset(session: Session, id_or_slug: str) -> Dataset:
    """A dataset by id, short name or a former short name; `DatasetNotFound` otherwise."""
    dataset = session.get(Dataset, id_or_slug)
    if dataset is None:
        dataset = session.exec(select(Dataset).where(Dataset.slug == id_or_slug)).first()
    if dataset is None and (former := session.get(FormerSlug, id_or_slug)) is not None:
        dataset = session.get(Dataset, former.dataset_id)
    if dataset is None:
        raise DatasetNotFound(f"There is no dataset {id_or_slug}.")
    return dataset


def datasets_by_id(session: Session, ids: Collection[str]) -> dict[str, Dataset]:
    """Several datasets at once, by id."""
    return {found.id: found for found in session.exec(select(Dataset).where(col(Dataset.id).in_(list(ids))))}


def list_datasets(
    session: Session, *, provider_ids: Collection[str] | None = None, ids: Collection[str] | None = None
) -> list[Dataset]:
    """All datasets, newest first; only those of `provider_ids`, only `ids`, when given."""
    query = select(Dataset).order_by(col(Dataset.id).desc())
    if provider_ids is not None:
        query = query.where(col(Dataset.provider_id).in_(list(provider_ids)))
    if ids is not None:
        query = query.where(col(Dataset.id).in_(list(ids)))
    return list(session.exec(query))


def _text(place: str, value: Mapping[str, str]) -> dict[str, str]:
    try:
        return _TEXT.validate_python(dict(value))
    except ValidationError as error:
        message = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        raise InvalidInput.at(place, f"{place}: {message}.") from error


def _one_of(place: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise InvalidInput.at(place, f"{place}: {value!r} is none of {', '.join(sorted(allowed))}.")
    return value


def _describe(dataset: Dataset, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        setattr(dataset, name, _checked(name, value))


def _checked(name: str, value: Any) -> Any:
    match name:
        case "title":
            return _text(name, value)
        case "description":
            return _text(name, value) if any(value.values()) else {}
        case "themes":
            return [_one_of("themes", theme, THEMES) for theme in dict.fromkeys(value)]
        case "keywords":
            return [_text("keywords", keyword) for keyword in value]
        case "openness":
            return _one_of(name, value, get_args(Openness))
        case "data_class":
            if value == "core":
                raise CoreDataRefused("Data of class core is neither opened nor traded; it cannot be registered here.")
            return _one_of(name, value, get_args(DataClass))
        case "licence_id":
            return _one_of(name, value, LICENCES)
        case "update_frequency":
            return _one_of(name, value, get_args(UpdateFrequency))
        case "fields":
            return {column: _field(column, entry) for column, entry in value.items()}
        case "spatial" | "external_ids":
            return dict(value)
        case _:
            raise InvalidInput.at(name, f"A dataset has no {name}.")


def _field(column: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(entry) - _FIELD_KEYS
    if unknown:
        raise InvalidInput.at(f"fields/{column}", f"The dictionary of {column} has no {sorted(unknown)[0]}.")
    checked: dict[str, Any] = {}
    for key in ("title", "description"):
        if entry.get(key) and any(entry[key].values()):
            checked[key] = _text(f"fields/{column}/{key}", entry[key])
    if entry.get("unit"):
        checked["unit"] = str(entry["unit"])[:50]
    return checked


def _free_slug(session: Session, wanted: str | None, title: Mapping[str, str], dataset_id: str) -> str:
    if wanted:
        if not is_slug(wanted):
            raise InvalidInput.at(
                "slug", "Use 2 to 100 small letters, digits, - or _, beginning and ending with a letter or digit."
            )
        if _slug_in_use(session, wanted):
            raise SlugTaken(f"The short name {wanted} is already in use; choose another.")
        return wanted
    made = re.sub(r"[^a-z0-9]+", "-", title.get("en", "").lower()).strip("-")[:80].strip("-")
    tail = dataset_id.rsplit("-", 1)[-1][-8:]
    if not is_slug(made):
        return f"dataset-{tail}"
    return f"{made}-{tail}" if _slug_in_use(session, made) else made


def _slug_in_use(session: Session, slug: str) -> bool:
    known = session.exec(select(Dataset.id).where(Dataset.slug == slug)).first()
    return known is not None or session.get(FormerSlug, slug) is not None
