"""Closed lists that datasets are described with: themes, update frequencies, classes, openness."""

from typing import Literal

UpdateFrequency = Literal[
    "once", "realtime", "hourly", "daily", "weekly", "monthly", "quarterly", "yearly", "irregular"
]

THEMES: dict[str, dict[str, str]] = {
    "transport": {"zh-CN": "交通出行", "en": "Transport"},
    "housing": {"zh-CN": "住房城建", "en": "Housing and construction"},
    "health": {"zh-CN": "医疗健康", "en": "Health"},
    "environment": {"zh-CN": "生态环境", "en": "Environment"},
    "weather": {"zh-CN": "气象服务", "en": "Weather"},
    "utilities": {"zh-CN": "水电能源", "en": "Water and energy"},
    "business": {"zh-CN": "市场主体", "en": "Business"},
    "services": {"zh-CN": "政务服务", "en": "Public services"},
    "education": {"zh-CN": "教育科技", "en": "Education and science"},
    "safety": {"zh-CN": "公共安全", "en": "Public safety"},
    "culture": {"zh-CN": "文化旅游", "en": "Culture and tourism"},
    "economy": {"zh-CN": "经济统计", "en": "Economy and statistics"},
}
"""Theme id to its name, in the order pages list them."""

FREQUENCIES: dict[str, dict[str, str]] = {
    "once": {"zh-CN": "一次性", "en": "Once"},
    "realtime": {"zh-CN": "实时", "en": "Real time"},
    "hourly": {"zh-CN": "每小时", "en": "Hourly"},
    "daily": {"zh-CN": "每日", "en": "Daily"},
    "weekly": {"zh-CN": "每周", "en": "Weekly"},
    "monthly": {"zh-CN": "每月", "en": "Monthly"},
    "quarterly": {"zh-CN": "每季度", "en": "Quarterly"},
    "yearly": {"zh-CN": "每年", "en": "Yearly"},
    "irregular": {"zh-CN": "不定期", "en": "Irregular"},
}
OPENNESS: dict[str, dict[str, str]] = {
    "unconditional": {"zh-CN": "无条件开放", "en": "Unconditional"},
    "conditional": {"zh-CN": "有条件开放", "en": "Conditional"},
    "not_open": {"zh-CN": "不予开放", "en": "Not open"},
}
DATA_CLASSES: dict[str, dict[str, str]] = {
    "general": {"zh-CN": "一般数据", "en": "General data"},
    "important": {"zh-CN": "重要数据", "en": "Important data"},
    "core": {"zh-CN": "核心数据", "en": "Core data"},
}
