"""The vocabulary of uploads, requests and policies in the reader's language; officers' pages use it too."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from anonymizer import ScanResult
from catalog.releases.states import RequestState
from catalog.vault.intake.reasons import BREAKAGES
from catalog.vault.models import UploadStatus
from contracts.privacy import Policy
from web.i18n import N_, localized, raw_gettext
from web.messages import tell
from web.pages.portal.words import ROLE_KINDS, ROLES, TYPES, kind_of_data, word

__all__ = ["tell", "word"]

STATES: dict[str, str] = {
    RequestState.SUBMITTED: N_("Submitted, waiting to be de-identified"),
    RequestState.ANONYMISING: N_("Being de-identified"),
    RequestState.IN_REVIEW: N_("In review"),
    RequestState.APPROVED: N_("Approved"),
    RequestState.PUBLISHING: N_("Being published"),
    RequestState.PUBLISHED: N_("Published"),
    RequestState.SENT_BACK: N_("Sent back"),
    RequestState.REJECTED: N_("Rejected"),
    RequestState.FAILED: N_("Failed"),
    RequestState.CANCELLED: N_("Taken back"),
}
STATE_KINDS: dict[str, str] = {
    RequestState.IN_REVIEW: "care",
    RequestState.APPROVED: "good",
    RequestState.PUBLISHED: "good",
    RequestState.SENT_BACK: "care",
    RequestState.REJECTED: "stop",
    RequestState.FAILED: "stop",
}
UPLOADS: dict[str, str] = {
    UploadStatus.RECEIVED: N_("Waiting to be read"),
    UploadStatus.PROFILING: N_("Being read"),
    UploadStatus.PROFILED: N_("Read"),
    UploadStatus.REJECTED: N_("Cannot be read"),
    UploadStatus.DESTROYED: N_("Destroyed"),
}
UPLOAD_KINDS: dict[str, str] = {UploadStatus.PROFILED: "good", UploadStatus.REJECTED: "stop"}
OUTCOMES = {"approve": N_("approved"), "send_back": N_("sent back"), "reject": N_("rejected")}
FORMATS = {
    "csv": "CSV",
    "xlsx": "XLSX",
    "xls": "XLS",
    "parquet": "Parquet",
    "jsonl": "JSON Lines",
    "json": "JSON",
}
ORIGINS = {
    "proposed": N_("proposed from the profile"),
    "edited": N_("edited"),
    "carried over": N_("carried over from the last upload"),
}
NOTES = {
    "formulas": N_("Formula cells: %(count)s, the first in %(first)s. Their stored results were taken."),
    "renamed": N_("Columns without a name of their own were named: %(columns)s."),
    "titles": N_("Title rows above the header, passed over: %(rows)s."),
    "merged_header": N_("The header has %(rows)s rows; their words were joined."),
    "line_ends": N_("Lines end in different ways: %(kinds)s. All were read."),
    "no_header": N_("The file names no columns; choose the header row, or rename the columns."),
    "sheets": N_("The workbook has %(count)s sheets; one was read."),
    "nulls": N_("Words that stand for nothing were read as empty."),
}


def link(href: str, text: str, about: str = "") -> Markup:
    """A link for a table's cell; `about` is for screen readers, where the text alone does not say what it is about."""
    more = Markup('<span class="vh"> {}</span>').format(about) if about else ""
    return Markup('<a href="{}">{}{}</a>').format(href, text, more)


def state(request_state: str) -> str:
    """A request's state."""
    return word(STATES, request_state)


def upload_status(status: str) -> str:
    """An upload's status."""
    return word(UPLOADS, status)


def note(code: str, values: Mapping[str, Any]) -> str:
    """What intake did that a person should know."""
    told = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in values.items()}
    return raw_gettext(NOTES[code]) % told


def rejection(error: Mapping[str, Any]) -> str:
    """Why a file cannot be taken in."""
    return tell(str(error["detail"]))


def breakage(reason: str, values: Mapping[str, Any]) -> str:
    """Why a row was set aside."""
    told = {key: word(TYPES, value) if key == "type" else value for key, value in values.items()}
    return raw_gettext(BREAKAGES[reason]) % told


def found_in(profile: Mapping[str, Any], types: Mapping[str, str]) -> list[dict[str, Any]]:
    """A profile's columns for a table; `types` by column, as the file was read."""
    rows = []
    for column in ScanResult.model_validate(profile).columns:
        counted = sorted(column.entity_counts.items(), key=lambda entry: -entry[1])
        entities = ", ".join(f"{kind_of_data(kind)} {count:,}" for kind, count in counted)
        rows.append(
            {
                "name": column.name,
                "type": word(TYPES, types.get(column.name, "string")),
                "found": kind_of_data(column.semantic_type) if column.semantic_type else "",
                "role": word(ROLES, column.role),
                "role_kind": ROLE_KINDS.get(column.role, ""),
                "entities": entities if column.free_text else "",
                "examples": column.examples_masked[:3],
                "reason": localized(column.reason),
                "distinct": column.distinct,
                "nulls": column.nulls,
            }
        )
    return rows


def proposed_roles(profile: Mapping[str, Any], policy: Policy) -> dict[str, str]:
    """Columns whose role the policy plays down: the scan says direct identifier or sensitive, the policy does not."""
    told = {}
    for column in ScanResult.model_validate(profile).columns:
        known = policy.columns.get(column.name)
        if known is not None and column.role in ("direct-identifier", "sensitive") and known.role != column.role:
            told[column.name] = word(ROLES, column.role)
    return told
