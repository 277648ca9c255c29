"""The files of a release: which there are, and how they are written. The manifest comes last and lists the others."""

import hashlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any, Protocol, cast

from anonymizer import AnonymizeResult, release_files
from catalog.distributions import preview
from contracts.privacy import FileEntry, Policy
from contracts.schema import DataContract

DATA_PARQUET = release_files.PARQUET
DATA_CSV = release_files.CSV
REPORT = release_files.REPORT
POLICY = release_files.POLICY
CONTRACT = release_files.CONTRACT
MANIFEST = release_files.MANIFEST
SAMPLE = "sample.json"
MEDIA_TYPES: dict[str, str] = {
    DATA_PARQUET: "application/vnd.apache.parquet",
    DATA_CSV: "text/csv; charset=utf-8",
    REPORT: "application/json",
    POLICY: "application/yaml",
    CONTRACT: "application/json",
    SAMPLE: "application/json",
    MANIFEST: "application/json",
}
DOWNLOADS = (DATA_CSV, DATA_PARQUET)
"""Files that hold the data themselves; the others are papers about them."""


class Target(Protocol):
    """Where files are written to, by name."""

    def __call__(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """A file to write one of the release's files into."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. `files` has every file, the manifest too; `release_hash` is the manifest's."""

    files: list[FileEntry]
    release_hash: str
    contract: DataContract
    report: dict[str, Any]


class Counting:
    """Passes bytes on to a file, counting and hashing them."""

    def __init__(self, target: IO[bytes]) -> None:
        self._target, self._digest, self.size = target, hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """As a file's."""
        piece = bytes(data)
        self._digest.update(piece)
        self.size += len(piece)
        self._target.write(piece)
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back here."""

    def tell(self) -> int:
        """Bytes so far."""
        return self.size

    def entry(self, name: str) -> FileEntry:
        """What was written."""
        return FileEntry(name=name, media_type=MEDIA_TYPES[name], bytes=self.size, sha256=self._digest.hexdigest())


def described(contract: DataContract, dictionary: Mapping[str, Mapping[str, Any]]) -> DataContract:
    """The contract with titles, descriptions and units from the dataset's dictionary, where it has none of its own."""
    fields = []
    for field in contract.fields:
        known = dictionary.get(field.range_of or field.name, {})
        changes = {
            key: known[key] for key in ("title", "description", "unit") if known.get(key) and not getattr(field, key)
        }
        fields.append(field.model_copy(update=changes))
    return contract.model_copy(update={"fields": fields})


def write_release(
    target: Target,
    result: AnonymizeResult,
    policy: Policy,
    dictionary: Mapping[str, Mapping[str, Any]],
    *,
    open_data: bool,
) -> Written:
    """Write every file of a release. Its papers say `approved`, for they are written as they will be published; until
    the officers' approval they lie sealed in the vault, where nothing serves them. `open_data`: everybody may have all
    of it, so the sample need not be a small part."""
    contract = described(result.contract, dictionary)
    report = result.public_report.model_copy(update={"approved": True})
    k = policy.k if policy.quasi_identifiers else 1
    makers: dict[str, Callable[[IO[bytes]], object]] = {
        DATA_PARQUET: lambda file: result.table.write_parquet(file, compression="zstd", statistics=True),
        DATA_CSV: lambda file: release_files.write_csv(file, result.table, contract, result.repeats),
        REPORT: lambda file: file.write(report.model_dump_json(indent=2).encode() + b"\n"),
        POLICY: lambda file: file.write(policy.to_yaml().encode()),
        CONTRACT: lambda file: file.write(contract.model_dump_json(indent=2).encode() + b"\n"),
        SAMPLE: lambda file: file.write(preview.build(result.table, contract, k=k, open_data=open_data)),
    }
    listed = [_write(target, name, make) for name, make in makers.items()]
    manifest = result.manifest.model_copy(update={"approved": True, "files": listed})
    itself = _write(target, MANIFEST, lambda file: file.write(manifest.canonical_json()))
    return Written([*listed, itself], manifest.release_hash, contract, report.model_dump(mode="json"))


def _write(target: Target, name: str, make: Callable[[IO[bytes]], object]) -> FileEntry:
    with target(name) as file:
        counting = Counting(file)
        make(cast(IO[bytes], counting))
    return counting.entry(name)
