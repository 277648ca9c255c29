"""The public privacy report as people read it: what anyone can count again, and what rests on the run's word."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from catalog.releases.models import Release
from contracts.privacy import PublicReport, Threshold
from web import formats
from web.i18n import gettext as _
from web.i18n import localized, ngettext
from web.pages.portal import words


@dataclass(frozen=True, slots=True)
class PrivacyReport:
    """The report of one release, in the reader's language."""

    report: PublicReport
    release: Release
    described: Mapping[str, Mapping[str, Any]]
    """The dataset's dictionary: what the columns are called."""

    def title(self, column: str) -> str:
        """What a column is called; of a generalised pair the column it came from."""
        source = next((t.column for t in self.report.treatments if column in t.published_as), column)
        return words.column_title(self.described, source)

    @property
    def quasi_identifiers(self) -> str:
        """The columns that tell people apart, by name, each once."""
        names = self.report.claims.recomputable.quasi_identifiers
        return _("; ").join(dict.fromkeys(self.title(name) for name in names))

    @property
    def protects(self) -> bool:
        """Whether anything in the table could tell subjects apart."""
        return bool(self.report.claims.recomputable.quasi_identifiers)

    @property
    def unit(self) -> str:
        """Whom the counts are about."""
        return words.word(words.UNITS, self.report.subject_unit)

    @property
    def k(self) -> int | None:
        """The smallest group of subjects that look the same."""
        claims = self.report.claims
        return claims.attested.k_by_subject or claims.recomputable.k_by_row

    @property
    def headline(self) -> str:
        """The finding, in one sentence."""
        if not self.protects or not self.k:
            return _("No published column tells people apart")
        others = self.k - 1
        if self.report.subject_unit == "row":
            return ngettext(
                "Each record looks like at least %(num)s other",
                "Each record looks like at least %(num)s others",
                others,
                num=formats.number(others),
            )
        return ngettext(
            "Everyone in it looks like at least %(num)s other",
            "Everyone in it looks like at least %(num)s others",
            others,
            num=formats.number(others),
        )

    @property
    def figures(self) -> list[dict[str, Any]]:
        """Up to four large figures."""
        attested = self.report.claims.attested
        share = attested.rows_suppressed / attested.rows_in if attested.rows_in else 0.0
        shown: list[dict[str, Any]] = []
        required = next((t for t in self.report.thresholds if t.model == "k-anonymity"), None)
        if self.protects and self.k:
            wanted = formats.number(int(required.required)) if required else formats.DASH
            shown.append(
                {"value": formats.number(self.k), "label": _("smallest group (k), at least %(k)s asked for", k=wanted)}
            )
            shown.append({"value": formats.percent(1 / self.k), "label": _("highest chance of a right guess (1/k)")})
        shown.append({"value": formats.percent(share), "label": _("of the records were left out to protect people")})
        if self.protects:
            shown.append(
                {"value": formats.percent(attested.loss), "label": _("of the detail was lost by making values coarser")}
            )
        else:
            shown.append({"value": formats.number(self.release.rows), "label": _("records published")})
        return shown

    @property
    def thresholds(self) -> list[list[Any]]:
        """Model, column, what was asked for, what was reached."""
        return [
            [
                _model(t),
                self.title(t.column) if t.column else formats.DASH,
                words.figure(t.required),
                words.figure(t.reached),
            ]
            for t in self.report.thresholds
        ]

    @property
    def recomputable(self) -> list[tuple[str, str]]:
        """What anybody can count again from the published files alone."""
        found = self.report.claims.recomputable
        rows = [(_("Records published"), formats.number(found.rows_published))]
        if found.quasi_identifiers:
            rows.append((_("Columns that count when telling apart"), self.quasi_identifiers))
            rows.append((_("Groups that look the same"), formats.number(found.classes)))
            rows.append((_("Records in the smallest group"), formats.number(found.k_by_row)))
        if found.k_by_subject is not None and self.report.subject_unit != "row":
            rows.append((_("Subjects in the smallest group"), formats.number(found.k_by_subject)))
        if found.subjects_published is not None:
            rows.append((_("Subjects published"), formats.number(found.subjects_published)))
        for t in found.diversity:
            label = words.measure(t, self.title(t.column or ""))
            rows.append((label, words.figure(t.reached)))
        rows.append((_("Content hash"), found.content_hash))
        return rows

    @property
    def attested(self) -> list[tuple[str, str]]:
        """What the run saw and nobody else can count."""
        found = self.report.claims.attested
        rows = [
            (_("Records read"), formats.number(found.rows_in)),
            (_("Records left out"), formats.number(found.rows_suppressed)),
        ]
        if self.report.subject_unit != "row":
            rows += [
                (_("Subjects read (%(unit)s)", unit=self.unit), formats.number(found.subjects_in)),
                (_("Subjects published"), formats.number(found.subjects_published)),
                (_("Subjects of whom nothing is published"), formats.number(found.subjects_suppressed)),
                (_("Subjects in the smallest group"), formats.number(found.k_by_subject)),
            ]
        if found.linked_k is not None:
            rows.append((_("Subjects with the same set of groups, at least"), formats.number(found.linked_k)))
        if found.series is not None and found.series.k is not None:
            names = ", ".join(found.series.compared)
            label = _("Subjects left when intersected with the earlier versions %(versions)s, at least", versions=names)
            rows.append((label, formats.number(found.series.k)))
        if found.loss_by_column:
            rows.append((_("Detail lost, mean of the columns"), formats.percent(found.loss)))
        if found.texts_redacted:
            rows.append((_("Texts in which something was hidden"), formats.number(found.texts_redacted)))
        return rows

    @property
    def entities(self) -> list[list[str]]:
        """Kinds of personal data found in the source, most frequent first."""
        found = self.report.claims.attested.entities_found
        ordered = sorted(found.items(), key=lambda item: -item[1])
        return [[words.kind_of_data(kind), formats.number(count)] for kind, count in ordered if count]

    @property
    def losses(self) -> list[dict[str, Any]]:
        """Detail lost by column."""
        return [
            {"column": self.title(one.column), "loss": one.loss, "hidden": one.wholly_hidden_share}
            for one in self.report.claims.attested.loss_by_column
        ]

    @property
    def treatments(self) -> list[dict[str, Any]]:
        """Each source column: role, what was done, what it is published as."""
        return [
            {
                "column": self.title(one.column),
                "name": one.column,
                "role": words.word(words.ROLES, one.role),
                "kind": words.ROLE_KINDS.get(one.role, ""),
                "done": localized(one.description) or words.word(words.TREATMENTS, one.operator),
                "published_as": one.published_as,
            }
            for one in self.report.treatments
        ]

    @property
    def laws(self) -> list[tuple[str, str]]:
        """Where the requirements come from: source with its article, and what it asks for."""
        found: list[tuple[str, str]] = []
        for one in self.report.law_references:
            article = one.article if any(map(str.isalnum, one.article)) else ""
            found.append((f"{localized(one.source)} {article}".strip(), localized(one.requirement)))
        return found

    @property
    def algorithm(self) -> str:
        """How generalised values were chosen."""
        return words.word(words.ALGORITHMS, self.report.algorithm)


def _model(threshold: Threshold) -> str:
    return words.word(words.MODELS, threshold.model)
