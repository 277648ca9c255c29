"""The whole run: table and policy in, de-identified table with its reports out."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from anonymizer import keys, release_files, series, sources
from anonymizer.algorithms.recoding import Recoding
from anonymizer.applying import Classes, form_classes
from anonymizer.canonical import content_hash
from anonymizer.errors import Unreachable
from anonymizer.preparation import Prepared, prepare, search
from anonymizer.releasing import release_rows
from anonymizer.repeats import find as find_repeats
from anonymizer.report.builder import Run, build
from anonymizer.report.utility import draw
from anonymizer.results import AnonymizeResult, Progress, ScanResult
from anonymizer.series import Earlier, Followed
from anonymizer.sources import Source
from anonymizer.verification.counting import Counts, count
from contracts.errors import InvalidInput
from contracts.privacy import Manifest, MissingMeaning, Policy, RecomputableClaims, UncomparedRelease

_SAMPLE = 20

IntArray = npt.NDArray[np.int64]


def anonymize(
    table: Source,
    policy: Policy,
    *,
    secret: bytes,
    release_id: str,
    out: Path | None = None,
    scan: ScanResult | None = None,
    on_progress: Progress | None = None,
) -> AnonymizeResult:
    """Treat a table by a policy.

    ``secret`` (16 bytes or more, kept by the dataset's owner) keys pseudonyms and the order of rows. The same
    input, policy, secret and ``release_id`` give the same content hash. ``scan`` only adds its counts to the
    report. With ``out`` a folder is written that :func:`anonymizer.verify` checks; it is marked unapproved.

    Raises :class:`contracts.errors.InvalidInput` when policy and table do not fit, and
    :class:`anonymizer.errors.Unreachable` when the models cannot be met within the suppression limit.
    """
    return anonymize_in_series(
        table, policy, secret=secret, release_id=release_id, out=out, scan=scan, on_progress=on_progress
    )


def anonymize_in_series(
    table: Source,
    policy: Policy,
    *,
    secret: bytes,
    release_id: str,
    earlier: Sequence[Earlier] = (),
    not_compared: Sequence[UncomparedRelease] = (),
    out: Path | None = None,
    scan: ScanResult | None = None,
    on_progress: Progress | None = None,
) -> AnonymizeResult:
    """As :func:`anonymize`, such that the policy's models also hold when each subject's classes are intersected over
    ``earlier`` releases of the same dataset (:mod:`anonymizer.series`). ``not_compared`` names those that cannot be
    looked at, for the report.

    Also raises :class:`anonymizer.errors.SeriesUnreachable` where that cannot be reached.
    """
    tell = on_progress or (lambda stage, share: None)
    keys.check(secret)
    if not release_id.strip():
        raise InvalidInput.at("release_id", "The release needs an id")
    if out is not None:
        release_files.check_free(Path(out))
    tell("read", 0.0)
    frame = sources.read(table, coded=True)
    tell("count", 0.1)
    prepared = prepare(frame, policy)
    followed = series.follow(prepared, earlier, not_compared) if earlier or not_compared else None
    tell("search", 0.3)
    prepared, recoding = _searched(prepared, followed, keys.search_coin(secret, release_id))
    tell("apply", 0.5)
    classes = form_classes(prepared, recoding)
    released = release_rows(
        prepared, classes, secret, release_id, tell=tell, order=lambda rows: _order(rows, secret, release_id)
    )
    tell("report", 0.8)
    written, contract = released.table, released.contract
    repeats = find_repeats(released.class_of_row, released.others)
    with ThreadPoolExecutor(1) as pool:
        # Hashing and counting read the same table and do not wait for each other.
        hashing = pool.submit(content_hash, written, contract, repeats)
        counts = count(written, contract, policy, classes=pl.Series(released.class_of_row))
        hashed = hashing.result()
    _refuse_less_than_asked(prepared, classes, counts)
    sample = draw(keys.derive(secret, "sample", release_id), frame.height, _SAMPLE)
    run = Run(
        prepared=prepared,
        recoding=recoding,
        classes=classes,
        released=released,
        recomputable=_recomputable(counts, hashed),
        release_id=release_id,
        scan=scan,
        sample=sample,
        followed=followed,
    )
    public, officer = build(run)
    manifest = Manifest(
        release_id=release_id,
        created_at=public.created_at,
        content_hash=hashed,
        rows=written.height,
        policy_fingerprint=public.policy_fingerprint,
        generator=f"shuyi {_version()}",
    )
    if out is not None:
        tell("write", 0.85)
        manifest = release_files.write(Path(out), written, contract, policy, public, manifest, repeats)
    tell("done", 1.0)
    return AnonymizeResult(written, contract, public, officer, manifest, hashed, classes.of_row(prepared), repeats)


def _refuse_less_than_asked(prepared: Prepared, classes: Classes, counts: Counts) -> None:
    """Classes as they would be published are counted by code that shares nothing with the search. Where they disagree
    one of them is wrong, and nothing may leave. Raises RuntimeError: it is no fault of who asked."""
    if not prepared.quasi_identifiers or not len(classes.subjects) or prepared.policy.missing is MissingMeaning.ANY:
        return  # where an empty cell matches anything, candidates lie in several classes
    found = [int(classes.subjects.min()), *([] if counts.k_by_subject is None else [counts.k_by_subject])]
    least = prepared.histogram.requirements.k
    if min(found) < least:
        raise RuntimeError(f"a class of {min(found)} subjects would be published; the policy asks for {least}")


def _searched(prepared: Prepared, followed: Followed | None, coin: bytes) -> tuple[Prepared, Recoding]:
    """What is published of each combination; combinations are divided where earlier releases ask for it."""
    if followed is None:
        return prepared, search(prepared, coin)
    divided = series.search_after(prepared, followed)
    try:
        return divided, search(divided, coin)
    except Unreachable as error:
        if divided is prepared:
            raise
        raise series.refusal(divided, followed, coin, prepared) from error


def _version() -> str:
    try:
        return version("shuyi")
    except PackageNotFoundError:
        return "0"


def _order(rows: int, secret: bytes, release_id: str) -> IntArray:
    """A keyed order of rows, so that their order in the source tells nothing."""
    seed = int.from_bytes(keys.derive(secret, "row order", release_id), "big")
    return np.random.Generator(np.random.PCG64(seed)).permutation(rows)


def _recomputable(counts: Counts, hashed: str) -> RecomputableClaims:
    return RecomputableClaims(
        content_hash=hashed,
        rows_published=counts.rows,
        quasi_identifiers=counts.quasi_identifiers,
        subject_column=counts.subject_column,
        classes=counts.classes,
        k_by_row=counts.k_by_row,
        k_by_subject=counts.k_by_subject,
        subjects_published=counts.subjects,
        diversity=counts.diversity,
    )
