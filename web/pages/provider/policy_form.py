"""A policy as a form: one row a column with its role, its treatment and the treatment's parameter, and back again.

Parameters are short lists, so that the form works without script: `3 4` keeps three characters at the start and four
at the end, `5 10 20` are widths of bands, `month year` levels. What the form cannot show (category trees, entities of a
redaction) is kept as it is and edited as YAML.
"""

from collections.abc import Mapping
from typing import Any

from contracts.errors import InvalidInput
from contracts.privacy import ColumnPolicy, Generalise, KAnonymity, Policy
from web.i18n import N_

TREATMENTS: dict[str, str] = {
    "keep": N_("Publish as it is"),
    "drop": N_("Leave out"),
    "mask": N_("Mask characters"),
    "pseudonymise": N_("Replace by a code"),
    "redact-text": N_("Hide personal data in text"),
    "numeric": N_("Generalise to number ranges"),
    "date": N_("Generalise dates"),
    "hour-bands": N_("Generalise to hours of the day"),
    "divisions": N_("Generalise to districts"),
    "prefix": N_("Generalise to a prefix"),
    "geo-grid": N_("Generalise places to a grid"),
    "category": N_("Generalise by a tree of categories"),
    "with": N_("Together with another column"),
    "round": N_("Round numbers"),
    "top-bottom": N_("Cut extremes"),
    "micro-aggregate": N_("Mean of neighbouring numbers"),
}
PARAMETERS: dict[str, tuple[str, str]] = {
    "mask": ("3 4", N_("characters kept at the start and at the end")),
    "pseudonymise": ("release", N_("release: a new code in each release; dataset: the same code in all")),
    "numeric": ("5 10 20", N_("widths of the ranges, fine to coarse; or limits: < 18 30 60")),
    "date": ("day month year", N_("levels, fine to coarse: hour day-part day week month quarter year decade")),
    "hour-bands": ("1 6", N_("hours of a band, fine to coarse")),
    "divisions": ("district city", N_("levels, fine to coarse: street district city province")),
    "prefix": ("6 4 2", N_("characters kept, most to fewest")),
    "geo-grid": ("longitude 0.01 0.05", N_("the longitude column, then cell sizes in degrees (0.01° is about 1.1 km)")),
    "category": ("", N_("the tree is edited as YAML")),
    "with": ("latitude", N_("the column it is treated with")),
    "round": ("5", N_("the step")),
    "top-bottom": ("0 100", N_("lowest and highest value; a dash leaves one open: - 100")),
    "micro-aggregate": ("5", N_("subjects in a group, at least")),
}
_GENERALISED = {"numeric", "date", "hour-bands", "divisions", "prefix", "geo-grid", "category"}


def kind_of(column: ColumnPolicy) -> str:
    """The treatment's key in `TREATMENTS`."""
    operator = column.operator
    return operator.hierarchy.kind if isinstance(operator, Generalise) else operator.kind


def parameter_of(column: ColumnPolicy) -> str:
    """The treatment's parameter as the form writes it."""
    operator = column.operator.model_dump(mode="json")
    hierarchy = operator.get("hierarchy", {})
    match kind_of(column):
        case "mask":
            return f"{operator['keep_start']} {operator['keep_end']}"
        case "pseudonymise":
            return str(operator["scope"])
        case "numeric":
            if hierarchy["widths"] is not None:
                return _joined(hierarchy["widths"])
            return "< " + _joined(hierarchy["cut_points"][0])
        case "date" | "divisions":
            return _joined(hierarchy["levels"])
        case "hour-bands":
            return _joined(hierarchy["hours"])
        case "prefix":
            return _joined(hierarchy["lengths"])
        case "geo-grid":
            sizes = hierarchy["cells"] or [10.0**-d for d in hierarchy["decimals"]]
            return f"{hierarchy['longitude']} {_joined(sizes)}"
        case "with":
            return str(operator["column"])
        case "round":
            return _joined([operator["step"]])
        case "micro-aggregate":
            return str(operator["size"])
        case "top-bottom":
            return " ".join("-" if v is None else f"{v:g}" for v in (operator["low"], operator["high"]))
    return ""


def _joined(values: list[Any]) -> str:
    return " ".join(f"{value:g}" if isinstance(value, float) else str(value) for value in values)


def read(form: Mapping[str, str], before: Policy) -> Policy:
    """The policy that a form describes; `before` gives what the form does not show. `InvalidInput` names fields of
    the form."""
    columns: dict[str, Any] = {}
    problems: list[dict[str, str]] = []
    for place, (name, known) in enumerate(before.columns.items()):
        kind = form.get(f"treatment-{place}", kind_of(known))
        try:
            operator = _operator(kind, form.get(f"parameter-{place}", "").split(), known)
        except (ValueError, IndexError):
            example = PARAMETERS.get(kind, ("", ""))[0]
            problems.append({"pointer": f"#/parameter-{place}", "detail": f"{name}: write it like “{example}”."})
            continue
        columns[name] = {
            "role": form.get(f"role-{place}", known.role),
            "operator": operator,
            "semantic_type": known.semantic_type,
            "title": known.title,
        }
    if problems:
        raise InvalidInput(problems[0]["detail"], errors=problems)
    subject = form.get("subject", "") or None
    content: dict[str, Any] = before.model_dump(mode="json") | {
        "columns": columns,
        "subject": subject,
        "subject_unit": form.get("subject_unit", before.subject_unit) if subject else "row",
        "household": form.get("household", before.household or "") or None,
        "models": _models(form, before),
        "suppression_limit": _share(form, before.suppression_limit),
        "missing": form.get("missing", before.missing),
        "algorithm": form.get("algorithm", before.algorithm),
    }
    return Policy.from_mapping(content)


def _models(form: Mapping[str, str], before: Policy) -> list[dict[str, Any]]:
    others = [model.model_dump(mode="json") for model in before.models if not isinstance(model, KAnonymity)]
    given = form.get("k", str(before.k)).strip()
    if not given.isdigit() or int(given) < 2:
        raise InvalidInput.at("k", "k is a whole number from 2 on.")
    return [{"kind": "k-anonymity", "k": int(given)}, *others]


def _share(form: Mapping[str, str], known: float) -> float:
    given = form.get("suppression_limit")
    if given is None:
        return known
    try:
        share = float(given.strip().rstrip("%"))
    except ValueError:
        share = -1.0
    if not 0 <= share <= 100:
        raise InvalidInput.at("suppression_limit", "Give a percentage from 0 to 100.")
    return share / 100


def _operator(kind: str, words: list[str], known: ColumnPolicy) -> dict[str, Any]:
    same = kind == kind_of(known)
    kept: dict[str, Any] = known.operator.model_dump(mode="json") if same else {}
    if kind not in TREATMENTS:
        raise ValueError(kind)
    if kind in _GENERALISED:
        tree = dict(kept.get("hierarchy", {})) | {"kind": kind}
        return {"kind": "generalise", "hierarchy": _hierarchy(kind, words, tree)}
    match kind:
        case "mask":
            return kept | {"kind": kind, "keep_start": int(words[0]), "keep_end": int(words[1])}
        case "pseudonymise":
            return kept | {"kind": kind, "scope": words[0] if words else "release"}
        case "with":
            return {"kind": kind, "column": " ".join(words)}
        case "round":
            return {"kind": kind, "step": float(words[0])}
        case "micro-aggregate":
            return {"kind": kind, "size": int(words[0])}
        case "top-bottom":
            low, high = (None if word == "-" else float(word) for word in words)
            return {"kind": kind, "low": low, "high": high}
    return kept | {"kind": kind}


def _hierarchy(kind: str, words: list[str], tree: dict[str, Any]) -> dict[str, Any]:
    match kind:
        case "numeric":
            if words[0] == "<":
                cuts = [float(word) for word in words[1:]]
                older = tree.get("cut_points")
                same = older is not None and older[0] == cuts
                return tree | {"widths": None, "cut_points": older if same else [cuts]}
            return tree | {"widths": [float(word) for word in words], "cut_points": None}
        case "date" | "divisions":
            return tree | {"levels": words}
        case "hour-bands":
            return tree | {"hours": [int(word) for word in words]}
        case "prefix":
            return tree | {"lengths": [int(word) for word in words]}
        case "geo-grid":
            cells = [float(word) for word in words[1:]]
            return tree | {"longitude": words[0], "cells": cells, "decimals": None}
    return tree  # category: as it is


def choices_for(column: ColumnPolicy) -> list[str]:
    """Treatments that a form can choose for a column; a tree of categories only where one is written already."""
    return [kind for kind in TREATMENTS if kind != "category" or kind_of(column) == "category"]
