"""The versions of a dataset and what changed from each to the next."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.releases.models import Release, Withdrawal
from contracts.privacy import PublicReport
from contracts.schema import DataContract
from web import formats
from web.i18n import gettext as _


def version_rows(history: Sequence[Release], withdrawn: Mapping[str, Withdrawal]) -> list[dict[str, Any]]:
    """One row a version, newest first: `release`, `withdrawal`, `is_current`, `superseded`, `changes`."""
    rows: list[dict[str, Any]] = []
    current = next((one for one in history if one.id not in withdrawn), None)
    for place, release in enumerate(history):
        before = history[place + 1] if place + 1 < len(history) else None
        rows.append(
            {
                "release": release,
                "withdrawal": withdrawn.get(release.id),
                "is_current": current is not None and release.id == current.id,
                "difference": release.rows - before.rows if before else None,
                "changes": changes(before, release),
            }
        )
    return rows


def changes(before: Release | None, after: Release) -> list[str]:
    """What a reader has to know when going from one version to the next, in sentences."""
    if before is None:
        return [_("First version.")]
    if before.content_hash == after.content_hash:
        return [_("The same content as before.")]
    found: list[str] = []
    old = {field.name: field for field in DataContract.model_validate(before.contract).fields}
    new = {field.name: field for field in DataContract.model_validate(after.contract).fields}
    if added := [name for name in new if name not in old]:
        found.append(_("New columns: %(names)s.", names=_("; ").join(added)))
    if gone := [name for name in old if name not in new]:
        found.append(_("Columns left out: %(names)s.", names=_("; ").join(gone)))
    if other := [name for name in new if name in old and new[name].type != old[name].type]:
        found.append(_("Another type: %(names)s.", names=_("; ").join(other)))
    if treated := [name for name in new if name in old and new[name].treatment != old[name].treatment]:
        found.append(_("Treated otherwise: %(names)s.", names=_("; ").join(treated)))
    old_k, new_k = _k(before), _k(after)
    if old_k != new_k:
        found.append(_("k was %(old)s and is %(new)s.", old=formats.number(old_k), new=formats.number(new_k)))
    if not found:
        found.append(_("Same columns, new rows."))
    return found


def _k(release: Release) -> int | None:
    attested = PublicReport.model_validate(release.public_report).claims.attested
    return attested.k_by_subject
