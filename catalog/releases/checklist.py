"""Facts about a request that an officer checks against the law, each computed from what is there, with its article.

States: `good` holds, `care` needs the officer's judgement, `stop` does not hold.
"""

from dataclasses import dataclass
from typing import Literal

from sqlmodel import Session

from catalog.datasets import service as datasets
from catalog.datasets.models import Dataset
from catalog.releases import policies, service
from catalog.releases.models import Artifact, ReleaseRequest
from catalog.vault import service as vault
from catalog.vault.models import Upload
from contracts.privacy import ColumnRole, Drop, Mask, Policy, Pseudonymise, RedactText
from contracts.text import Text

State = Literal["good", "care", "stop"]


@dataclass(frozen=True, slots=True)
class Check:
    """One rule: whether it is met, the fact, the evidence, and the article behind it."""

    code: str
    state: State
    fact: Text
    evidence: Text
    law: Text


def _law(zh: str, en: str) -> Text:
    return {"zh-CN": zh, "en": en}


DEIDENTIFIED = _law(
    "个人信息保护法第七十三条；GB/T 37964-2019",
    "Personal Information Protection Law, Article 73; GB/T 37964-2019",
)
MINIMUM = _law("个人信息保护法第六条", "Personal Information Protection Law, Article 6")
SENSITIVE = _law("个人信息保护法第二十八条", "Personal Information Protection Law, Article 28")
EFFECT = _law("GB/T 42460-2023", "GB/T 42460-2023")
ASSESSMENT = _law("个人信息保护法第五十五条、第五十六条", "Personal Information Protection Law, Articles 55 and 56")
CLASSES = _law("数据安全法第二十一条；GB/T 43697-2024", "Data Security Law, Article 21; GB/T 43697-2024")
PRICE = _law("深圳经济特区数据条例第四十七条", "Data Regulations of Shenzhen Special Economic Zone, Article 47")
RETENTION = _law("个人信息保护法第十九条", "Personal Information Protection Law, Article 19")


def of_request(session: Session, request: ReleaseRequest) -> list[Check]:
    """The checklist of a request; empty until its artifact is there."""
    artifact = service.artifact_of(session, request)
    if artifact is None:
        return []
    dataset = datasets.get_dataset(session, request.dataset_id)
    upload = vault.uploads_by_id(session, [request.upload_id])[request.upload_id]
    policy = policies.policy_of(policies.get(session, artifact.policy_id))
    return [
        _direct_identifiers(policy, artifact),
        _minimum(policy),
        *_sensitive(policy, artifact),
        *_groups(policy, artifact),
        _assessment(policy, request),
        _data_class(dataset),
        _price(dataset),
        _retention(upload),
    ]


def _direct_identifiers(policy: Policy, artifact: Artifact) -> Check:
    direct = [column for column in policy.columns.values() if column.role is ColumnRole.DIRECT_IDENTIFIER]
    dropped = sum(isinstance(column.operator, Drop) for column in direct)
    treated = sum(isinstance(column.operator, Mask | Pseudonymise | RedactText) for column in direct)
    rows, cells = int(artifact.rescan["rows"]), int(artifact.rescan["cells"])
    found = "、".join(artifact.rescan["columns"])
    again = (
        _law(f"处理后再扫描{rows:,}行，命中0。", f"Scanned again after treatment, {rows:,} rows: nothing found.")
        if not cells
        else _law(
            f"处理后再扫描{rows:,}行，仍有{cells:,}个单元格像个人信息：{found}。",
            f"Scanned again after treatment, {rows:,} rows: {cells:,} cells still look personal, in {found}.",
        )
    )
    told = _law(
        f"{len(direct)}列直接标识符，{dropped}列不发布，{treated}列掩码、假名化或遮盖。",
        f"{len(direct)} columns with direct identifiers: {dropped} left out, {treated} masked, coded or redacted.",
    )
    return Check(
        "direct_identifiers",
        "care" if cells else "good",
        _law("直接标识符都已处理。", "Direct identifiers are treated."),
        _joined(told, again),
        DEIDENTIFIED,
    )


def _minimum(policy: Policy) -> Check:
    left_out = sum(isinstance(column.operator, Drop) for column in policy.columns.values())
    total = len(policy.columns)
    return Check(
        "minimum",
        "good",
        _law("只发布用途所需的列。", "Only columns that are needed are published."),
        _law(
            f"上传{total}列，发布{total - left_out}列，不发布{left_out}列。",
            f"{total} columns were uploaded, {total - left_out} are published, {left_out} left out.",
        ),
        MINIMUM,
    )


def _sensitive(policy: Policy, artifact: Artifact) -> list[Check]:
    names = [
        name
        for name, column in policy.columns.items()
        if column.role is ColumnRole.SENSITIVE and not isinstance(column.operator, Drop)
    ]
    if not names:
        return []
    return [
        Check(
            "sensitive",
            "care",
            _law("发布敏感属性，需要两位专员。", "Sensitive attributes are published; two officers decide."),
            _law(
                f"{'、'.join(names)}。需要{artifact.required_approvals}位专员批准。",
                f"{', '.join(names)}. {artifact.required_approvals} approvals are needed.",
            ),
            SENSITIVE,
        )
    ]


def _groups(policy: Policy, artifact: Artifact) -> list[Check]:
    if not policy.quasi_identifiers:
        return []
    reached, wanted = artifact.k_reached or 0, artifact.k_required
    share = artifact.rows_suppressed / artifact.rows_in if artifact.rows_in else 0.0
    checks = [
        Check(
            "k_anonymity",
            "good" if reached >= wanted else "stop",
            _law("达到要求的k-匿名。", "The k-anonymity asked for is reached.")
            if reached >= wanted
            else _law("没有达到要求的k-匿名。", "The k-anonymity asked for is not reached."),
            _law(
                f"最小等价类{reached}，要求{wanted}；单条记录被认出的可能最高{1 / max(reached, 1):.1%}。",
                f"The smallest class has {reached}, {wanted} are asked for; the highest risk of one record is "
                f"{1 / max(reached, 1):.1%}.",
            ),
            EFFECT,
        )
    ]
    checks.append(
        Check(
            "suppression",
            "good" if share <= policy.suppression_limit else "stop",
            _law("抑制在限度内。", "Suppression stays within its limit.")
            if share <= policy.suppression_limit
            else _law("抑制超过限度。", "Suppression exceeds its limit."),
            _law(
                f"抑制{artifact.rows_suppressed:,}行，占{share:.2%}，上限{policy.suppression_limit:.0%}。",
                f"{artifact.rows_suppressed:,} rows are suppressed, {share:.2%} of all; the limit is "
                f"{policy.suppression_limit:.0%}.",
            ),
            EFFECT,
        )
    )
    return checks


def _assessment(policy: Policy, request: ReleaseRequest) -> Check:
    personal = any(column.role is not ColumnRole.PLAIN for column in policy.columns.values())
    fact = _law("个人信息保护影响评估。", "Personal-information protection impact assessment.")
    if not personal:
        told = _law("没有一列涉及个人。", "No column is about a person.")
        return Check("assessment", "good", fact, told, ASSESSMENT)
    if request.impact_assessment:
        number = request.impact_assessment
        return Check(
            "assessment",
            "good",
            fact,
            _law(f"提交人给出评估书{number}。", f"The submitter names the record {number}."),
            ASSESSMENT,
        )
    return Check(
        "assessment",
        "care",
        fact,
        _law("提交人没有给出评估书编号。", "The submitter names no record of one."),
        ASSESSMENT,
    )


def _data_class(dataset: Dataset) -> Check:
    if dataset.data_class == "important":
        told = _law("提供方定为重要数据，需要两位专员。", "The provider classes it as important; two officers decide.")
        return Check("data_class", "care", _law("分类分级。", "Classification."), told, CLASSES)
    told = _law("提供方定为一般数据。", "The provider classes it as general data.")
    return Check("data_class", "good", _law("分类分级。", "Classification."), told, CLASSES)


def _price(dataset: Dataset) -> Check:
    told = (
        _law("无条件开放，不能定价。", "It is open without conditions; no price can be set.")
        if dataset.openness == "unconditional"
        else _law("有条件开放；收费在上架时另行核对。", "Open on conditions; prices are checked when it is offered.")
    )
    return Check("price", "good", _law("收费合规。", "Price."), told, PRICE)


def _retention(upload: Upload) -> Check:
    date = upload.destroy_at.date().isoformat()
    return Check(
        "retention",
        "good",
        _law("原始数据到期销毁。", "Raw data are destroyed on their date."),
        _law(f"加密存放，{date}销毁密钥。", f"They are encrypted; the key is destroyed on {date}."),
        RETENTION,
    )


def _joined(first: Text, second: Text) -> Text:
    return {"zh-CN": first["zh-CN"] + second["zh-CN"], "en": f"{first['en']} {second['en']}"}
