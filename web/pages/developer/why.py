"""Why the data API refuses a call: one entry for each code, in the order in which a call is checked."""

from dataclasses import dataclass

from web.i18n import N_


@dataclass(frozen=True, slots=True)
class Reason:
    """What a code means and what to do about it; texts are messages to be translated."""

    code: str
    status: int
    title: str
    what: str
    remedy: str


REASONS = (
    Reason(
        "route-not-found",
        404,
        N_("There is nothing at this address"),
        N_("The address is none of those that the data API answers."),
        N_(
            "Compare it with the addresses in the console: records, one record, groups and figures, schema, "
            "releases, export, files."
        ),
    ),
    Reason(
        "data-method-not-allowed",
        405,
        N_("This address answers GET only"),
        N_("Data is read, never written, and a call without an answer would have to be charged for nothing."),
        N_("Send the call as GET."),
    ),
    Reason(
        "dataset-not-found",
        404,
        N_("There is no such data"),
        N_("No dataset has this short name."),
        N_("Copy the name from the address of its page in the catalogue."),
    ),
    Reason(
        "no-release",
        404,
        N_("Nothing has been released yet"),
        N_("The dataset is described, but no release of it has been approved yet."),
        N_("Look at its page: it tells when data is expected."),
    ),
    Reason(
        "release-not-found",
        404,
        N_("There is no such release"),
        N_("The parameter release names a version that this dataset does not have."),
        N_("Ask /releases for the versions there are, or leave the parameter out to read the newest."),
    ),
    Reason(
        "release-withdrawn",
        410,
        N_("The release was withdrawn"),
        N_("The provider or a data officer took the release back; the reason is in the answer."),
        N_("Read another release, and delete copies where your licence asks for it."),
    ),
    Reason(
        "key-missing",
        401,
        N_("This data needs an API key"),
        N_("The data is open under conditions, and the call came without a key."),
        N_("Subscribe, make a key, and send it in the header Authorization: Bearer."),
    ),
    Reason(
        "key-malformed",
        401,
        N_("That is not an API key"),
        N_("What came in the header Authorization does not look like a key of ours."),
        N_("A key begins with sy_live_ or sy_test_. Access tokens of your account do not open data."),
    ),
    Reason(
        "key-mistyped",
        401,
        N_("The API key has a typing error"),
        N_("The last characters of a key are a checksum, and it does not fit: a character is wrong or missing."),
        N_("Copy the key again from where you keep it."),
    ),
    Reason(
        "key-unknown",
        401,
        N_("The API key is not known"),
        N_("The key is well formed, but it was not made here."),
        N_("Check that your program speaks to the installation the key was made on."),
    ),
    Reason(
        "key-revoked",
        401,
        N_("The API key was revoked"),
        N_("Somebody of your organisation stopped this key, or it was reported as leaked."),
        N_("Make another key on the page of the subscription."),
    ),
    Reason(
        "key-expired",
        401,
        N_("The API key has expired"),
        N_("The key had an end, or it was rotated more than 24 hours ago."),
        N_("Use the key that replaced it, or make another one."),
    ),
    Reason(
        "key-from-elsewhere",
        403,
        N_("The key does not work from this address"),
        N_("The key's owner named the networks it works from, and the call came from another one."),
        N_("Call from one of them, or have the networks changed on the keys page."),
    ),
    Reason(
        "key-of-other-data",
        403,
        N_("The key belongs to other data"),
        N_("A key opens the data of one subscription."),
        N_("Use a key of the subscription to this data."),
    ),
    Reason(
        "payment-due",
        402,
        N_("The first payment is due"),
        N_("The subscription starts when its first invoice is paid."),
        N_("Pay the invoice; calls are answered at once. Test keys read the sample until then."),
    ),
    Reason(
        "payment-overdue",
        402,
        N_("An invoice is overdue"),
        N_("The subscription is paused until the overdue invoice is paid."),
        N_("Pay the invoice; calls are answered again at once."),
    ),
    Reason(
        "subscription-ended",
        403,
        N_("The subscription has ended"),
        N_("The subscription was cancelled or ran out."),
        N_("Subscribe again to go on."),
    ),
    Reason(
        "field-not-allowed",
        403,
        N_("The plan does not include this field"),
        N_("The call selects, filters or sorts by a field that your plan leaves out."),
        N_("Leave the field out, or choose a plan that has it."),
    ),
    Reason(
        "test-key-only-sample",
        403,
        N_("A test key reads the sample only"),
        N_("Test keys are free and read the sample that was approved with the release."),
        N_("Use a live key for whole files."),
    ),
    Reason(
        "range-outside",
        416,
        N_("The file has no such bytes"),
        N_("The header Range asks for bytes behind the end of the file."),
        N_("Take the size from the header Content-Range of the answer, or leave Range out to read the whole file."),
    ),
    Reason(
        "unknown-parameter",
        422,
        N_("There is no such parameter"),
        N_("A parameter is not known at this address, or is given twice."),
        N_("The answer names the parameter."),
    ),
    Reason(
        "unknown-field",
        422,
        N_("There is no such field"),
        N_("A filter, select or sort names a field that the release does not have."),
        N_("The answer lists the fields there are; /schema describes them."),
    ),
    Reason(
        "bad-filter",
        422,
        N_("The filter cannot be read"),
        N_("A value does not fit its field, or there is no such operator."),
        N_("Operators are eq, ne, gt, gte, lt, lte, in, like and null. Dates look like 2026-11-23."),
    ),
    Reason(
        "bad-limit",
        422,
        N_("The limit is out of range"),
        N_("An answer has 1 to 1,000 records."),
        N_("Ask for the next page with the cursor of the last answer, or take an export."),
    ),
    Reason(
        "bad-cursor",
        422,
        N_("The cursor does not fit"),
        N_("A cursor goes on where an answer ended, for the same release, filters and order."),
        N_("Send next of the last answer as it is, with all other parameters unchanged."),
    ),
    Reason(
        "bad-aggregate",
        422,
        N_("The aggregate cannot be read"),
        N_("A group or measure does not fit its field, or there are too many of them."),
        N_("Measures look like count, avg:field or quantile:field:0.9; groups like field or field:month."),
    ),
    Reason(
        "request-id-reused",
        422,
        N_("The request id was used for another request"),
        N_("A repeat under the same X-Request-Id is free for 24 hours, so the id must mean the same request."),
        N_("Use a new id for every new request."),
    ),
    Reason(
        "query-too-slow",
        422,
        N_("The query takes too long"),
        N_("The query was stopped after 10 seconds. Nothing was charged."),
        N_("Filter on one more field, or take an export."),
    ),
    Reason(
        "rate-exceeded",
        429,
        N_("Too many requests in a minute"),
        N_("The plan allows so many calls a minute; the header RateLimit tells how many are left."),
        N_("Wait for the seconds in Retry-After, and spread calls over the minute."),
    ),
    Reason(
        "organisation-rate-exceeded",
        429,
        N_("Too many requests of the organisation in a minute"),
        N_("All keys of an organisation together may make so many calls a minute, whatever their plans allow."),
        N_("Wait for the seconds in Retry-After, and spread calls over the minute and over programs."),
    ),
    Reason(
        "quota-exhausted",
        429,
        N_("The quota of this period is used up"),
        N_("All calls of the month are used."),
        N_("Wait for the next month, choose a larger plan, or raise the limit for further calls."),
    ),
    Reason(
        "record-not-found",
        404,
        N_("There is no such record"),
        N_("The release has no record with this key, or no file of this name. Nothing was charged."),
        N_("Keys are the values of the primary key, or the number of the row; see /schema."),
    ),
    Reason(
        "unexpected",
        500,
        N_("Something went wrong on our side"),
        N_("This is our fault. It has been recorded under the request id of the answer."),
        N_("Try again; if it stays, tell us the request id."),
    ),
    Reason(
        "release-preparing",
        503,
        N_("The release is being made ready"),
        N_("The release cannot be read right now. Nothing was charged."),
        N_("Try again after the seconds in Retry-After."),
    ),
    Reason(
        "metering-unavailable",
        503,
        N_("Usage cannot be recorded right now"),
        N_("Nothing is answered that cannot be recorded. Nothing was charged."),
        N_("Try again after the seconds in Retry-After."),
    ),
)
BY_CODE = {reason.code: reason for reason in REASONS}
COUNTED = {
    "repeat": N_("Repeat of a paid request"),
    "not-modified": N_("Not changed since your last call"),
    "description": N_("Schema, releases, papers"),
    "dry-run": N_("Cost asked only"),
    "": N_("Answered"),
}
"""What answers that are no refusals are called in the table of answers."""
