"""The vocabulary of uploads, requests and policies in the reader's language; officers' pages use it too."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from anonymizer import ScanResult
from catalog.releases.states import RequestState
from catalog.vault.intake.reasons import BREAKAGES, REJECTIONS
from catalog.vault.models import UploadStatus
from contracts.privacy import Policy
from web.i18n import N_, localized, raw_gettext
from web.messages import tell
from web.pages.portal.words import ROLE_KINDS, ROLES, TYPES, kind_of_data, word

__all__ = ["tell", "word"]

STATES: dict[str, str] = {
    RequestState.SUBMITTED: N_("Submitted"),
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
    "formulas": N_("%(count)s formula cells, the first in %(first)s: their stored results were taken."),
    "renamed": N_("Columns without a name of their own were named: %(columns)s."),
    "titles": N_("%(rows)s title rows above the header were passed over."),
    "merged_header": N_("The header has %(rows)s rows; their words were joined."),
    "line_ends": N_("Lines end in different ways: %(kinds)s. All were read."),
    "no_header": N_("The file names no columns; choose the header row, or rename the columns."),
    "sheets": N_("The workbook has %(count)s sheets; one was read."),
    "nulls": N_("Words that stand for nothing were read as empty."),
}
ERRORS = (
    N_("Only a data officer responsible for this provider decides."),
    N_("Who submitted a request cannot decide on it."),
    N_("People of the providing organisation cannot decide on its request."),
    N_("The request is not in review."),
    N_("You have decided on this submission; a second officer is needed."),
    N_("The file changed since you opened the page; look at it again before you decide."),
    N_("The dataset is classed as not open; change its openness before asking for a release."),
    N_("Request %(1)s is %(2)s and cannot be %(3)s."),
    N_("The upload is %(1)s; submit it once it is profiled."),
    N_("The upload is %(1)s; edit its policy once it is profiled."),
    N_("The upload is %(1)s; correct its format when it has been read."),
    N_("The upload is %(1)s; its table is ready once it is profiled."),
    N_("The data was destroyed on its retention date and cannot be read any more."),
    N_("The upload was destroyed on its retention date."),
    N_("The upload was read anew after the request was submitted; submit the request again."),
    N_("There is no such upload."),
    N_("There is no release request %(1)s."),
    N_("There is no policy for this upload yet; it is proposed once the upload is profiled."),
    N_("The short name %(1)s is already in use; choose another."),
    N_("Use 2 to 100 small letters, digits, - or _, beginning and ending with a letter or digit."),
    N_("title: give the text in at least one language."),
    N_("Data of class core is neither opened nor traded; it cannot be registered here."),
    N_("Write at least %(1)s characters."),
    N_("Write something."),
    N_("At most %(1)s characters."),
    N_("Choose a file."),
    N_("The file is empty."),
    N_("The connection broke before the file was complete."),
    N_("The file is larger than the %(1)s bytes accepted; split it, or send Parquet."),
    N_("The form was cut short or is broken; send it again."),
    N_("Say in %(1)s or more characters why the cells must be seen."),
    N_("Name 1 to %(1)s rows between 1 and %(2)s."),
    N_("There is no column %(1)s."),
    N_("Name a column."),
    N_("This is our fault and has been recorded. Please submit again."),
    N_("The table has no column %(1)s; take it out of the policy."),
    N_("The policy does not say what happens to the column %(1)s."),
    N_("Write dates with %%Y, %%m, %%d and times with %%H, %%M, %%S, for example %%d/%%m/%%Y."),
    N_("Release %(1)s was withdrawn already."),
)
"""What the services say when something cannot be; `web.messages` finds the translations by these patterns."""


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
    if error.get("reason") in REJECTIONS:
        return str(raw_gettext(REJECTIONS[str(error["reason"])]) % error["values"])
    return str(error["detail"])


def breakage(reason: str, values: Mapping[str, Any]) -> str:
    """Why a row was set aside."""
    told = {key: word(TYPES, value) if key == "type" else value for key, value in values.items()}
    return raw_gettext(BREAKAGES[reason]) % told


def found_in(profile: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A profile's columns for a table."""
    rows = []
    for column in ScanResult.model_validate(profile).columns:
        counted = sorted(column.entity_counts.items(), key=lambda entry: -entry[1])
        entities = ", ".join(f"{kind_of_data(kind)} {count:,}" for kind, count in counted)
        rows.append(
            {
                "name": column.name,
                "type": column.dtype,
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
