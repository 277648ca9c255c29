"""Sentences of the reports, in both languages."""

from __future__ import annotations

from contracts.privacy import (
    SENSITIVE_MODELS,
    Algorithm,
    Drop,
    Generalise,
    Keep,
    LawReference,
    Mask,
    MicroAggregate,
    MissingMeaning,
    Operator,
    Policy,
    Pseudonymise,
    RedactText,
    Round,
    SeriesClaim,
    TopBottom,
    UncomparedRelease,
    Warning,
    With,
)
from contracts.text import Text

_HIERARCHIES: dict[str, Text] = {
    "numeric": {"zh-CN": "数值区间", "en": "ranges of numbers"},
    "date": {"zh-CN": "时间区间", "en": "spans of time"},
    "hour-bands": {"zh-CN": "一天中的时段", "en": "bands of the day"},
    "divisions": {"zh-CN": "行政区划", "en": "administrative divisions"},
    "category": {"zh-CN": "类别树", "en": "a tree of categories"},
    "prefix": {"zh-CN": "编码前缀", "en": "prefixes of the code"},
    "geo-grid": {"zh-CN": "地理网格", "en": "cells of a grid"},
}


def treatment(operator: Operator) -> Text:
    """What an operator does, for readers of the release."""
    match operator:
        case Keep():
            return {"zh-CN": "原样发布", "en": "published as it is"}
        case Drop():
            return {"zh-CN": "不发布", "en": "left out"}
        case Mask():
            return {
                "zh-CN": f"掩码，保留前 {operator.keep_start} 位和后 {operator.keep_end} 位",
                "en": f"masked but for the first {operator.keep_start} and the last {operator.keep_end} characters",
            }
        case Pseudonymise(scope="release"):
            return {
                "zh-CN": "以本次发布的密钥假名化，不能与其他发布关联",
                "en": "keyed pseudonyms of this release, not joinable with another",
            }
        case Pseudonymise():
            return {
                "zh-CN": "以数据集密钥假名化，可在该数据集各次发布间关联",
                "en": "keyed pseudonyms kept over the releases of the dataset",
            }
        case RedactText():
            return {"zh-CN": "文本中的个人信息已隐去", "en": "personal data in the text hidden"}
        case Generalise():
            by = _HIERARCHIES[operator.hierarchy.kind]
            return {"zh-CN": f"泛化为{by['zh-CN']}", "en": f"generalised to {by['en']}"}
        case With():
            return {"zh-CN": f"与“{operator.column}”一并泛化", "en": f"generalised together with {operator.column}"}
        case Round():
            return {
                "zh-CN": f"舍入到 {operator.step:g} 的倍数",
                "en": f"rounded to multiples of {operator.step:g}",
            }
        case MicroAggregate():
            return {
                "zh-CN": f"微聚集：以至少 {operator.size} 个主体的相邻数值的均值代替",
                "en": f"micro-aggregated: means of neighbouring numbers of at least {operator.size} subjects",
            }
        case TopBottom():
            low = "−∞" if operator.low is None else f"{operator.low:g}"
            high = "∞" if operator.high is None else f"{operator.high:g}"
            return {"zh-CN": f"上下限编码至 {low}–{high}", "en": f"coded to the limits {low} to {high}"}


def assumptions(policy: Policy, *, rows_without_subject: int) -> list[Text]:
    """What the figures take for granted."""
    found: list[Text] = []
    if policy.subject is None:
        found.append({"zh-CN": "每一行视为一个独立的主体。", "en": "Every row is taken to be a subject of its own."})
    else:
        unit = policy.subject_unit.value
        found.append(
            {
                "zh-CN": f"按“{policy.subject}”列区分主体（{unit}），所有计数均为不同主体数。",
                "en": f"Subjects ({unit}) are told apart by column {policy.subject!r}; "
                "all counts are of distinct subjects.",
            }
        )
    if rows_without_subject:
        found.append(
            {
                "zh-CN": f"{rows_without_subject} 行没有主体标识，合计按一个未知主体计。",
                "en": f"{rows_without_subject} rows name no subject and count as one unknown subject together.",
            }
        )
    found.append(
        {
            "zh-CN": "攻击者所知限于政策所列的准标识符；未列为准标识符的列假定攻击者不知道。",
            "en": "Attackers know the quasi-identifiers of the policy and no other column.",
        }
    )
    if policy.quasi_identifiers:
        meaning: dict[MissingMeaning, Text] = {
            MissingMeaning.VALUE: {
                "zh-CN": "空值视为一个独立的取值。",
                "en": "An empty cell is a value of its own.",
            },
            MissingMeaning.ANY: {
                "zh-CN": "空值可与任何取值相符：含空值的行与其不矛盾的行一并计数。",
                "en": "An empty cell may stand for any value: "
                "incomplete rows count with the rows they do not contradict.",
            },
            MissingMeaning.SUPPRESS: {
                "zh-CN": "准标识符为空的行不发布。",
                "en": "Rows with an empty quasi-identifier are not published.",
            },
        }
        found.append(meaning[policy.missing])
        found += _about_attackers(policy)
    return found


def _about_attackers(policy: Policy) -> list[Text]:
    """What is taken for granted of the population, and of who knows the algorithm."""
    found: list[Text] = []
    if policy.population is None:
        found.append(
            {
                "zh-CN": "没有总体数据，记者攻击者的风险以本表代替总体估计，偏于保守。",
                "en": "Without figures of the population the journalist's risk takes the table for it, "
                "which overstates it.",
            }
        )
    else:
        found.append(
            {
                "zh-CN": f"总体有 {policy.population} 个主体，各等价类在总体中的大小按抽样比例推算。",
                "en": f"The population has {policy.population} subjects; classes are as many times larger there as it "
                "is larger than the table.",
            }
        )
    if any(isinstance(model, SENSITIVE_MODELS) for model in policy.models):
        about: dict[Algorithm, Text] = {
            Algorithm.LOCAL: {
                "zh-CN": "等价类只按准标识符划分，知道算法的人也不能由类的大小推出敏感取值（最小性攻击）。",
                "en": "Classes are formed by quasi-identifiers alone, so that knowing the algorithm tells nothing of "
                "sensitive values (the minimality attack).",
            },
            Algorithm.FULL_DOMAIN: {
                "zh-CN": "各列的层级是满足全部模型、损失最小的一种；"
                "知道算法的人可由此得知更细的层级不满足要求（最小性攻击）。",
                "en": "The levels are those that lose least under all models; who knows this learns that finer levels "
                "fail somewhere in the table (the minimality attack).",
            },
        }
        found.append(about[policy.algorithm])
    return found


def law_references() -> list[LawReference]:
    """Where the requirements come from."""
    pipl: Text = {"zh-CN": "中华人民共和国个人信息保护法", "en": "Personal Information Protection Law of China"}
    return [
        LawReference(
            source=pipl,
            article="4, 73(4)",
            requirement={
                "zh-CN": "匿名化处理后的信息不属于个人信息：不能识别特定自然人且不能复原。",
                "en": "Anonymised information is not personal: no natural person identifiable, and not reversible.",
            },
        ),
        LawReference(
            source=pipl,
            article="51, 73(3)",
            requirement={
                "zh-CN": "处理者应采取去标识化等安全技术措施。",
                "en": "Handlers take technical measures such as de-identification.",
            },
        ),
        LawReference(
            source={"zh-CN": "GB/T 37964-2019 个人信息去标识化指南", "en": "GB/T 37964-2019 De-identification guide"},
            article="-",
            requirement={
                "zh-CN": "以泛化、抑制、假名化等技术去标识化，并以 k-匿名等模型衡量。",
                "en": "De-identify by generalisation, suppression and pseudonyms, "
                "measured by models such as k-anonymity.",
            },
        ),
        LawReference(
            source={
                "zh-CN": "GB/T 42460-2023 个人信息去标识化效果评估指南",
                "en": "GB/T 42460-2023 Assessing the effect of de-identification",
            },
            article="-",
            requirement={
                "zh-CN": "评估重标识风险并说明其假设与阈值。",
                "en": "Assess the risk of re-identification and state assumptions and threshold.",
            },
        ),
    ]


def hidden_warning(column: str, share: float) -> Warning:
    """A column that says next to nothing any more."""
    return Warning(
        code="worse-than-dropping",
        column=column,
        text={
            "zh-CN": f"“{column}”在 {share:.1%} 的已发布行中已无信息：不如删除该列，其他列可因此更精细。",
            "en": f"{column!r} says nothing in {share:.1%} of the published rows: "
            "dropping it would say as much and let other columns be finer.",
        },
    )


def linked_warning(column: str, size: int, k: int) -> Warning:
    """Rows of a subject joined by a published pseudonym."""
    return Warning(
        code="linked-rows",
        column=column,
        text={
            "zh-CN": f"假名列“{column}”可关联同一主体的多行；"
            f"关联后最小的相同轨迹仅有 {size} 个主体，低于 k={k}。可改为删除该列。",
            "en": f"The pseudonym {column!r} joins the rows of a subject; "
            f"so joined, the smallest group alike has {size} subjects, below k={k}. "
            "Dropping the column would prevent it.",
        },
    )


def partial_warning(column: str) -> Warning:
    """A direct identifier of which characters stay readable."""
    return Warning(
        code="partly-readable-identifier",
        column=column,
        text={
            "zh-CN": f"直接标识符“{column}”保留了部分字符，因此按准标识符计数。",
            "en": f"Characters of the direct identifier {column!r} stay readable, "
            "so it is counted as a quasi-identifier.",
        },
    )


def unreadable_warning(column: str, rows: int) -> Warning:
    """Values that are no date or number, and so count as missing."""
    return Warning(
        code="unreadable-values",
        column=column,
        text={
            "zh-CN": f"“{column}”有 {rows} 行的值无法识别为日期或数字，按缺失处理。",
            "en": f"{rows} rows of {column!r} hold what is no date or number; they count as missing.",
        },
    )


def about_series(claim: SeriesClaim) -> Text:
    """What intersecting this release with earlier ones takes for granted."""
    names = "、".join(claim.compared)
    return {
        "zh-CN": f"与此前发布的 {names} 逐一求交：按“{claim.linked_by}”列识别同一主体，"
        "攻击者知道谁在哪次发布的表中、谁尚不在其中；同一主体有多行且各不相同的，每行各自比较。",
        "en": f"Intersected with the earlier releases {', '.join(claim.compared)}: subjects are linked by column "
        f"{claim.linked_by!r}; attackers know who is in which table and who was not yet. Where a subject has several "
        "different rows, each is followed by itself.",
    }


_UNCOMPARED: dict[str, Text] = {
    "destroyed": {
        "zh-CN": "其原始数据已到期销毁，无法再识别同一主体",
        "en": "its raw data were destroyed on their date, and with them what links its subjects",
    },
    "no-link": {
        "zh-CN": "没有一列能说明两次发布中哪些行属于同一主体",
        "en": "no column tells which rows of both are about the same subject",
    },
    "no-classes": {
        "zh-CN": "它没有等价类，或发布时尚未保存等价类",
        "en": "it has no classes, or was made when they were not kept",
    },
}


def uncompared_warning(item: UncomparedRelease) -> Warning:
    """An earlier release that could not be compared: what both tell together is not known."""
    why = _UNCOMPARED[item.reason]
    return Warning(
        code="series-not-compared",
        text={
            "zh-CN": f"没有与此前发布的 {item.release} 比较：{why['zh-CN']}。两次发布合起来会透露什么，这里未检查。",
            "en": f"Not compared with the earlier release {item.release}: {why['en']}. "
            "What both tell together is not checked here.",
        },
    )
