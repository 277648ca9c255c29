"""From a department's file to a published release, by services and jobs."""

import json
from pathlib import Path

import polars as pl

import anonymizer
from catalog.distributions.preview import sample_size
from catalog.releases import service as releases
from tests.factories.catalog import CatalogWorld


def test_clinic_visits_go_from_upload_to_a_release_that_verifies(world: CatalogWorld, tmp_path: Path) -> None:
    upload = world.upload(world.dataset())
    assert (upload.status, upload.rows, upload.rows_set_aside) == ("profiled", 400, 0)
    assert upload.personal_cells is not None
    assert upload.personal_cells >= 800

    request = world.submit(upload)
    assert request.state == "in_review", request.failure
    request = world.decide(request, "officer")
    assert request.state == "in_review"
    request = world.decide(request, "second_officer")
    assert request.state == "approved"
    world.work()
    assert world.request(request.id).state == "published"

    with world.database.reading() as session:
        release = releases.current_release(session, upload.dataset_id)
        assert release is not None
        folder = tmp_path / "release"
        folder.mkdir()
        for entry in release.files:
            with releases.open_artifact(session, world.store, release.id, entry["name"]) as stream:
                (folder / entry["name"]).write_bytes(stream.read())
    result = anonymizer.verify(folder)
    assert result.ok, result.mismatches
    table = pl.read_parquet(folder / "data.parquet")
    assert table.height == release.rows > 300
    assert "姓名" not in table.columns
    sample = json.loads((folder / "sample.json").read_bytes())
    assert sample["rows_total"] == release.rows
    assert len(sample["rows"]) == sample_size(release.rows, open_data=False)
