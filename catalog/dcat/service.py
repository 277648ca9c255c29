"""Datasets and the catalogue as RDF graphs after DCAT-AP 3.0.1, and graphs as Turtle, JSON-LD and RDF/XML."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from rdflib import BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, RDF, SKOS, XSD
from rdflib.term import Node
from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.datasets.vocabulary import THEMES
from catalog.distributions.files import DOWNLOADS
from catalog.parties import service as parties
from catalog.parties.models import Organisation
from catalog.releases import service as releases
from catalog.releases.errors import ReleaseNotFound
from catalog.releases.models import Release

DCAT = Namespace("http://www.w3.org/ns/dcat#")
"""Of DCAT 3; rdflib's own knows the terms of DCAT 2."""
SPDX = Namespace("http://spdx.org/rdf/terms#")
VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
MEDIA_TYPE = Namespace("https://www.iana.org/assignments/media-types/")
ACCESS = Namespace("http://publications.europa.eu/resource/authority/access-right/")
FREQUENCY = Namespace("http://publications.europa.eu/resource/authority/frequency/")
FREQUENCIES = {
    "once": "NEVER",
    "realtime": "UPDATE_CONT",
    "hourly": "HOURLY",
    "daily": "DAILY",
    "weekly": "WEEKLY",
    "monthly": "MONTHLY",
    "quarterly": "QUARTERLY",
    "yearly": "ANNUAL",
    "irregular": "IRREG",
}
"""Our update frequencies in the vocabulary of the Publications Office of the European Union."""
FORMS = {
    "ttl": ("turtle", "text/turtle"),
    "jsonld": ("json-ld", "application/ld+json"),
    "xml": ("pretty-xml", "application/rdf+xml"),
}
"""Ending of an address to rdflib's name of the form and its media type."""


def serialise(graph: Graph, form: str) -> bytes:
    """A graph as text in UTF-8; `form` is a key of `FORMS`."""
    return graph.serialize(format=FORMS[form][0], encoding="utf-8")


def describe_dataset(session: Session, id_or_slug: str, base: str) -> Graph:
    """One dataset with the release that is served. Raises `DatasetNotFound`, or `ReleaseNotFound` where nothing is."""
    dataset = datasets.get_dataset(session, id_or_slug)
    release = releases.current_release(session, dataset.id)
    if release is None:
        raise ReleaseNotFound("Nothing of this dataset is published.")
    description = _Description(base)
    description.dataset(dataset, release, parties.get_organisation(session, dataset.provider_id))
    return description.graph


def describe_catalogue(session: Session, base: str) -> Graph:
    """The catalogue with every dataset that has a release being served."""
    current = releases.current_releases(session)
    found = sorted(datasets.list_datasets(session, ids=list(current)), key=lambda dataset: dataset.slug)
    cities = parties.list_organisations(session, kinds=("city",))
    providers = parties.organisations_by_id(session, {dataset.provider_id for dataset in found})
    description = _Description(base)
    description.catalogue(cities[0] if cities else None, found, current)
    for dataset in found:
        description.dataset(dataset, current[dataset.id], providers[dataset.provider_id])
    return description.graph


class _Description:
    """A graph being filled. `base` is the site's address without a slash at its end."""

    def __init__(self, base: str) -> None:
        self.base = base.rstrip("/")
        self.graph = Graph()
        for prefix, namespace in {
            "dcat": DCAT, "dct": DCTERMS, "foaf": FOAF, "skos": SKOS, "spdx": SPDX, "vcard": VCARD,
        }.items():  # fmt: skip
            self.graph.bind(prefix, namespace)

    def catalogue(self, city: Organisation | None, found: Iterable[Dataset], current: Mapping[str, Release]) -> None:
        itself = URIRef(f"{self.base}/#catalogue")
        self._add(itself, RDF.type, DCAT.Catalog)
        names = city.name if city else {}
        title = {
            "zh-CN": f"{names.get('zh-CN', '')}数据目录",
            "en": f"Data catalogue of {names['en']}" if "en" in names else "Data catalogue",
        }
        self._texts(itself, DCTERMS.title, title)
        told = {
            "zh-CN": "经数据专员审核发布的数据集。",
            "en": "Datasets that were published after review by data officers.",
        }
        self._texts(itself, DCTERMS.description, told)
        self._typed(itself, FOAF.homepage, URIRef(f"{self.base}/"), FOAF.Document)
        self._add(itself, DCAT.themeTaxonomy, self._scheme())
        if city is not None:
            self._add(itself, DCTERMS.publisher, self._agent(city))
        for dataset in found:
            self._add(itself, DCAT.dataset, self._dataset_name(dataset))
            self._add(itself, DCAT.service, self._service_name(dataset))
        if current:
            self._moment(itself, DCTERMS.modified, max(release.published_at for release in current.values()))

    def dataset(self, dataset: Dataset, release: Release, provider: Organisation) -> None:
        itself = self._dataset_name(dataset)
        page = URIRef(f"{self.base}/dataset/{dataset.slug}")
        self._add(itself, RDF.type, DCAT.Dataset)
        self._texts(itself, DCTERMS.title, dataset.title)
        self._texts(itself, DCTERMS.description, dataset.description or dataset.title)
        self._add(itself, DCTERMS.identifier, Literal(dataset.id))
        self._add(itself, DCAT.version, Literal(release.version))
        self._add(itself, DCTERMS.publisher, self._agent(provider))
        if provider.contact_email:
            contact = URIRef(f"{self._agent(provider)}#contact")
            self._add(itself, DCAT.contactPoint, contact)
            self._add(contact, RDF.type, VCARD.Organization)
            self._texts(contact, VCARD.fn, provider.name)
            self._add(contact, VCARD.hasEmail, URIRef(f"mailto:{provider.contact_email}"))
        for keyword in dataset.keywords:
            self._texts(itself, DCAT.keyword, keyword)
        for theme in dataset.themes:
            self._add(itself, DCAT.theme, self._theme(theme))
        is_open = dataset.openness == "unconditional"
        rights = ACCESS.PUBLIC if is_open else ACCESS.RESTRICTED
        self._typed(itself, DCTERMS.accessRights, rights, DCTERMS.RightsStatement)
        frequency = FREQUENCY[FREQUENCIES[dataset.update_frequency]]
        self._typed(itself, DCTERMS.accrualPeriodicity, frequency, DCTERMS.Frequency)
        self._typed(itself, DCAT.landingPage, page, FOAF.Document)
        self._moment(itself, DCTERMS.issued, dataset.created_at)
        self._moment(itself, DCTERMS.modified, release.published_at)
        service = self._service(dataset)
        for file in release.files:
            if file["name"] in DOWNLOADS:
                self._add(itself, DCAT.distribution, self._distribution(dataset, release, file, page, service))

    def _distribution(
        self, dataset: Dataset, release: Release, file: Mapping[str, object], page: URIRef, service: URIRef
    ) -> URIRef:
        name = str(file["name"])
        itself = URIRef(f"{self.base}/id/release/{release.id}#{name}")
        address = URIRef(f"{self.base}/dataset/{dataset.slug}/download/{release.version}/{name}")
        media_type = MEDIA_TYPE[str(file["media_type"]).partition(";")[0]]
        self._add(itself, RDF.type, DCAT.Distribution)
        titles = {language: f"{title} {release.version} ({name})" for language, title in dataset.title.items()}
        self._texts(itself, DCTERMS.title, titles)
        self._add(itself, DCAT.accessURL, page)
        self._add(itself, DCAT.downloadURL, address)
        self._add(itself, DCAT.accessService, service)
        self._typed(itself, DCAT.mediaType, media_type, DCTERMS.MediaType)
        self._add(itself, DCAT.byteSize, Literal(str(file["size"]), datatype=XSD.nonNegativeInteger))
        self._typed(itself, DCTERMS.license, self._licence(dataset), DCTERMS.LicenseDocument)
        self._moment(itself, DCTERMS.issued, release.published_at)
        checksum = BNode()
        self._add(itself, SPDX.checksum, checksum)
        self._add(checksum, RDF.type, SPDX.Checksum)
        self._add(checksum, SPDX.algorithm, SPDX.checksumAlgorithm_sha256)
        self._add(SPDX.checksumAlgorithm_sha256, RDF.type, SPDX.ChecksumAlgorithm)
        self._add(checksum, SPDX.checksumValue, Literal(str(file["sha256"]), datatype=XSD.hexBinary))
        return itself

    def _service(self, dataset: Dataset) -> URIRef:
        """The data API of a dataset."""
        itself = self._service_name(dataset)
        self._add(itself, RDF.type, DCAT.DataService)
        self._texts(itself, DCTERMS.title, {language: f"{title} API" for language, title in dataset.title.items()})
        self._add(itself, DCAT.endpointURL, itself)
        self._add(itself, DCAT.endpointDescription, URIRef(f"{itself}/openapi.json"))
        self._add(itself, DCAT.servesDataset, self._dataset_name(dataset))
        self._typed(itself, DCTERMS.license, self._licence(dataset), DCTERMS.LicenseDocument)
        return itself

    def _agent(self, organisation: Organisation) -> URIRef:
        itself = URIRef(f"{self.base}/id/organisation/{organisation.id}")
        self._add(itself, RDF.type, FOAF.Agent)
        self._texts(itself, FOAF.name, organisation.name)
        return itself

    def _theme(self, theme: str) -> URIRef:
        itself = URIRef(f"{self.base}/id/theme/{theme}")
        self._add(itself, RDF.type, SKOS.Concept)
        self._texts(itself, SKOS.prefLabel, THEMES[theme])
        self._add(itself, SKOS.inScheme, self._scheme())
        return itself

    def _scheme(self) -> URIRef:
        itself = URIRef(f"{self.base}/search#themes")
        self._add(itself, RDF.type, SKOS.ConceptScheme)
        self._texts(itself, DCTERMS.title, {"zh-CN": "主题", "en": "Themes"})
        return itself

    def _dataset_name(self, dataset: Dataset) -> URIRef:
        return URIRef(f"{self.base}/id/dataset/{dataset.id}")

    def _service_name(self, dataset: Dataset) -> URIRef:
        return URIRef(f"{self.base}/data/v1/{dataset.slug}")

    def _licence(self, dataset: Dataset) -> URIRef:
        return URIRef(f"{self.base}/licences/{dataset.licence_id}")

    def _typed(self, subject: Node, predicate: URIRef, thing: URIRef, kind: URIRef) -> None:
        """Point to a thing and say what it is, for readers that look no further."""
        self._add(subject, predicate, thing)
        self._add(thing, RDF.type, kind)

    def _texts(self, subject: Node, predicate: URIRef, text: Mapping[str, str]) -> None:
        for language, words in sorted(text.items()):
            if words:
                self._add(subject, predicate, Literal(words, lang=language))

    def _moment(self, subject: Node, predicate: URIRef, moment: datetime) -> None:
        self._add(subject, predicate, Literal(moment.isoformat(timespec="seconds"), datatype=XSD.dateTime))

    def _add(self, subject: Node, predicate: URIRef, thing: Node) -> None:
        self.graph.add((subject, predicate, thing))
