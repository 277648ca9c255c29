"""Edit the policy of an upload with its effect beside it; as a form, or as YAML."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from catalog.datasets.models import Dataset
from catalog.releases import policies
from catalog.releases.models import PolicyVersion
from catalog.vault.models import Upload
from contracts.access import Actor
from contracts.errors import InvalidInput
from contracts.privacy import Algorithm, ColumnRole, MissingMeaning, Policy, SubjectUnit
from web import forms
from web.context import Services
from web.dependencies import Read, ServicesOf, SignedIn, Tx
from web.i18n import N_, raw_gettext
from web.i18n import gettext as _
from web.pages.portal.words import ALGORITHMS, ROLES, UNITS, word
from web.pages.provider import effect, policy_form, words
from web.pages.provider.frame import own_upload, upload_context
from web.rendering import Notice, render

router = APIRouter()
MISSING: dict[str, str] = {
    MissingMeaning.VALUE: N_("a value of its own"),
    MissingMeaning.ANY: N_("may stand for any value"),
    MissingMeaning.SUPPRESS: N_("the row is not published"),
}


def _version(session: Session, upload: Upload) -> PolicyVersion | None:
    return policies.latest(session, upload.dataset_id, upload_id=upload.id)


def _page(
    request: Request,
    upload: Upload,
    dataset: Dataset,
    version: PolicyVersion | None,
    policy: Policy | None,
    *,
    values: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
    shown: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    if upload.profile is None:
        policy = None  # made for an earlier reading of the file; there is nothing to edit until it can be read again
    context = upload_context(upload, dataset, "policy", version=version, policy=policy)
    if policy is not None and upload.profile is not None:
        context |= {
            "rows": _rows(policy, values or {}),
            "fields": _fields(policy, values or {}),
            "played_down": words.proposed_roles(upload.profile, policy),
            "parameters": [
                (word(policy_form.TREATMENTS, kind), example, raw_gettext(hint))
                for kind, (example, hint) in policy_form.PARAMETERS.items()
            ],
        }
    return render(
        request, "provider/policy.html", status_code=status, errors=errors or {}, shown_effect=shown, **context
    )


def _rows(policy: Policy, values: dict[str, str]) -> list[dict[str, Any]]:
    rows = []
    for place, (name, column) in enumerate(policy.columns.items()):
        kinds = policy_form.choices_for(column)
        rows.append(
            {
                "place": place,
                "name": name,
                "role": values.get(f"role-{place}", column.role),
                "treatment": values.get(f"treatment-{place}", policy_form.kind_of(column)),
                "parameter": values.get(f"parameter-{place}", policy_form.parameter_of(column)),
                "treatments": [(kind, word(policy_form.TREATMENTS, kind)) for kind in kinds],
                "roles": [(role.value, word(ROLES, role)) for role in ColumnRole],
            }
        )
    return rows


def _fields(policy: Policy, values: dict[str, str]) -> dict[str, Any]:
    return {
        "k": values.get("k", str(policy.k)),
        "suppression_limit": values.get("suppression_limit", f"{policy.suppression_limit * 100:g}"),
        "subject": values.get("subject", policy.subject or ""),
        "subjects": [("", _("every row is its own subject"))] + [(name, name) for name in policy.columns],
        "subject_unit": values.get("subject_unit", policy.subject_unit),
        "units": [(unit.value, word(UNITS, unit)) for unit in SubjectUnit],
        "household": values.get("household", policy.household or ""),
        "households": [("", _("the table does not tell"))] + [(name, name) for name in policy.columns],
        "missing": values.get("missing", policy.missing),
        "meanings": [(meaning.value, word(MISSING, meaning)) for meaning in MissingMeaning],
        "algorithm": values.get("algorithm", policy.algorithm),
        "algorithms": [(algorithm.value, word(ALGORITHMS, algorithm)) for algorithm in Algorithm],
    }


def _tried(
    session: Session, actor: Actor, services: Services, upload: Upload, policy: Policy, *, explore: bool = False
) -> dict[str, Any]:
    found = policies.effect(session, actor, services.store, services.settings, upload.id, policy, explore=explore)
    return effect.context(policy, found)


@router.get("/provider/uploads/{upload_id}/policy")
def policy_page(
    request: Request,
    session: Read,
    actor: SignedIn,
    services: ServicesOf,
    upload_id: str,
    saved: int = 0,
    show: int = 0,
) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    version = _version(session, upload)
    policy = policies.policy_of(version) if version else None
    if saved and version is not None:
        request.state.notices = [Notice(_("Saved as version %(number)s.", number=version.number), "good")]
    shown = _tried(session, actor, services, upload, policy) if show and policy is not None else None
    return _page(request, upload, dataset, version, policy, shown=shown)


@router.get("/provider/uploads/{upload_id}/policy/effect")
def saved_effect(request: Request, session: Read, actor: SignedIn, services: ServicesOf, upload_id: str) -> Response:
    upload, _dataset = own_upload(session, actor, upload_id)
    policy = policies.policy_of(policies.newest_for(session, actor, upload.id))
    return render(request, "provider/effect.html", **_tried(session, actor, services, upload, policy))


@router.post("/provider/uploads/{upload_id}/policy/effect")
async def form_effect(request: Request, actor: SignedIn, services: ServicesOf, upload_id: str) -> Response:
    values = forms.values_of(await request.form())
    return await run_in_threadpool(_form_effect, request, actor, services, upload_id, values)


def _form_effect(
    request: Request, actor: Actor, services: Services, upload_id: str, values: dict[str, str]
) -> Response:
    with services.database.reading() as session:
        upload, _dataset = own_upload(session, actor, upload_id)
        before = policies.policy_of(policies.newest_for(session, actor, upload.id))
        try:
            shown = _tried(session, actor, services, upload, policy_form.read(values, before))
        except InvalidInput as error:
            told = list(forms.field_errors(error).values())
            return render(request, "provider/effect_refused.html", problems=told)
        return render(request, "provider/effect.html", **shown)


@router.post("/provider/uploads/{upload_id}/policy")
async def policy_post(request: Request, actor: SignedIn, services: ServicesOf, upload_id: str) -> Response:
    values = forms.values_of(await request.form())
    return await run_in_threadpool(_policy_post, request, actor, services, upload_id, values)


def _policy_post(
    request: Request, actor: Actor, services: Services, upload_id: str, values: dict[str, str]
) -> Response:
    """Save, or only show the effect (`action=try`, `action=compare` for other k too): the same form does all, with and
    without script."""
    with services.database.transaction() as session:
        upload, dataset = own_upload(session, actor, upload_id)
        version = policies.newest_for(session, actor, upload.id)
        before = policies.policy_of(version)
        try:
            policy = policy_form.read(values, before)
            if values.get("action") not in ("try", "compare"):
                policies.save(session, actor, upload.id, policy)
                return RedirectResponse(f"/provider/uploads/{upload_id}/policy?saved=1", 303)
        except InvalidInput as error:
            errors = _by_field(error, before)
            return _page(request, upload, dataset, version, before, values=values, errors=errors, status=error.status)
    with services.database.reading() as session:
        shown = _tried(session, actor, services, upload, policy, explore=values.get("action") == "compare")
    return _page(request, upload, dataset, version, before, values=values, shown=shown)


def _by_field(error: InvalidInput, policy: Policy) -> dict[str, str]:
    """Errors of the policy under the fields of the form: `columns/<name>/…` is that column's row."""
    places = {name: place for place, name in enumerate(policy.columns)}
    told: dict[str, str] = {}
    for pointer, message in forms.field_errors(error).items():
        parts = pointer.split("/")
        if len(parts) > 1 and parts[0] == "columns" and parts[1] in places:
            field = "role" if parts[-1] == "role" else "parameter"
            told.setdefault(f"{field}-{places[parts[1]]}", f"{parts[1]}: {message}")
        else:
            told.setdefault(
                pointer if pointer in ("k", "suppression_limit", "subject", "household") or "-" in pointer else "",
                message,
            )
    return told


@router.get("/provider/uploads/{upload_id}/policy.yaml")
def download(session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    version = policies.newest_for(session, actor, upload.id)
    name = f"{dataset.slug}-policy-{version.number}.yaml"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(policies.policy_of(version).to_yaml(), media_type="application/yaml", headers=headers)


@router.get("/provider/uploads/{upload_id}/policy/yaml")
def yaml_page(request: Request, session: Read, actor: SignedIn, upload_id: str) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    version = _version(session, upload)
    text = policies.policy_of(version).to_yaml() if version else ""
    context = upload_context(upload, dataset, "yaml", version=version)
    return render(request, "provider/policy_yaml.html", text=text, errors={}, **context)


@router.post("/provider/uploads/{upload_id}/policy/yaml")
def yaml_post(
    request: Request, session: Tx, actor: SignedIn, upload_id: str, text: Annotated[str, Form()] = ""
) -> Response:
    upload, dataset = own_upload(session, actor, upload_id)
    try:
        with session.begin_nested():
            policies.save(session, actor, upload.id, Policy.from_yaml(text))
    except InvalidInput as error:
        context = upload_context(upload, dataset, "yaml", version=_version(session, upload))
        problems = [
            f"{key.replace('/', '.')}: {told}" if key else told for key, told in forms.field_errors(error).items()
        ]
        errors = {"text": problems}
        return render(
            request, "provider/policy_yaml.html", status_code=error.status, text=text, errors=errors, **context
        )
    return RedirectResponse(f"/provider/uploads/{upload_id}/policy?saved=1", 303)
