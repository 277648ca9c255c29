"""The catalogue as linked data: valid DCAT-AP, the same in every form, and nothing that is not published."""

import os
from pathlib import Path

import pytest
from rdflib import Graph, Literal
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, RDF, SH, XSD

from tests.web.portal.conftest import WITHDRAWN_BECAUSE, Site

DATA = Path(os.environ.get("SHUYI_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
SHAPES = DATA / "dcat-ap" / "dcat-ap-SHACL.ttl"
FORMS = {"ttl": "turtle", "jsonld": "json-ld", "xml": "xml"}
MEDIA_TYPES = {"ttl": "text/turtle", "jsonld": "application/ld+json", "xml": "application/rdf+xml"}


def read(site: Site, path: str) -> Graph:
    answer = site.client.get(path)
    assert answer.status_code == 200, answer.text
    form = path.rpartition(".")[2]
    assert answer.headers["content-type"].startswith(MEDIA_TYPES[form])
    return Graph().parse(data=answer.content, format=FORMS[form])


def test_the_catalogue_has_what_is_published_and_nothing_else(site: Site) -> None:
    graph = read(site, "/catalog.ttl")
    found = list(graph.subjects(RDF.type, DCAT.Dataset))
    titles = {str(title) for one in found for title in graph.objects(one, DCTERMS.title)}
    assert {"停车场信息", "Car parks", "门诊就诊", "Clinic visits"} <= titles
    assert not {"未发布停车记录", "公交站点"} & titles
    [catalogue] = graph.subjects(RDF.type, DCAT.Catalog)
    assert len(set(graph.objects(catalogue, DCAT.dataset))) == 2


@pytest.mark.parametrize("path", ["/catalog", "/dataset/car-parks", "/dataset/clinic-visits"])
def test_every_form_says_the_same(site: Site, path: str) -> None:
    turtle = read(site, f"{path}.ttl")
    assert isomorphic(turtle, read(site, f"{path}.jsonld"))
    assert isomorphic(turtle, read(site, f"{path}.xml"))


def test_files_and_names_lead_where_they_say(site: Site) -> None:
    graph = read(site, "/dataset/car-parks.ttl")
    [dataset] = graph.subjects(RDF.type, DCAT.Dataset)
    path = str(dataset).removeprefix("http://city.test")
    assert site.client.get(path).headers["location"] == "/dataset/car-parks"
    sizes = {str(entry["name"]): entry["size"] for entry in site.parks.files}
    downloads = list(graph.subject_objects(DCAT.downloadURL))
    assert len(downloads) == 2
    for distribution, address in downloads:
        answer = site.client.get(str(address).removeprefix("http://city.test"))
        assert answer.status_code == 200
        size = Literal(str(len(answer.content)), datatype=XSD.nonNegativeInteger)
        assert graph.value(distribution, DCAT.byteSize) == size
        assert len(answer.content) == sizes[str(address).rpartition("/")[2]]
    for theme in graph.objects(dataset, DCAT.theme):
        assert site.client.get(str(theme).removeprefix("http://city.test")).status_code == 301
    [description] = graph.objects(None, DCAT.endpointDescription)
    assert site.client.get(str(description).removeprefix("http://city.test")).json()["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", ["secret-parking", "nothing"])
def test_what_is_not_served_is_not_told_of(site: Site, name: str) -> None:
    assert site.client.get(f"/dataset/{name}.ttl").status_code == 404


def test_what_was_withdrawn_says_why(site: Site) -> None:
    gone = site.client.get("/dataset/bus-stops.ttl")
    assert gone.status_code == 410
    assert WITHDRAWN_BECAUSE in gone.text


def test_an_unchanged_description_is_not_sent_again_and_old_names_lead_on(site: Site) -> None:
    etag = site.client.get("/dataset/car-parks.ttl").headers["etag"]
    assert site.client.get("/dataset/car-parks.ttl", headers={"If-None-Match": etag}).status_code == 304
    assert site.client.get("/dataset/car-parks-old.ttl").headers["location"] == "/dataset/car-parks.ttl"


@pytest.mark.skipif(not SHAPES.is_file(), reason="the shapes of DCAT-AP are not on this machine")
def test_it_keeps_the_rules_of_dcat_ap(site: Site) -> None:
    from pyshacl import validate

    shapes = Graph().parse(SHAPES)
    for shape, rule in list(shapes.subject_objects(SH.property)):
        if (rule, SH.path, None) not in shapes:  # the published shapes name some that they do not define
            shapes.remove((shape, SH.property, rule))
    assert set(shapes.objects(None, SH.property)), "rules are left to keep"
    kept, _, told = validate(read(site, "/catalog.ttl"), shacl_graph=shapes)
    assert kept, told
