"""CN_TAX_NUMBER: taxpayer and business registration numbers of older papers.

State Taxation Administration: 15, 17, 18 or 20 places (division and organisation code, or an identity number and two
digits); business registration (工商注册号, GS 15): 15 digits. Today both are the unified social credit code. The label
decides; an individual's business bears its owner's number.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class TaxNumber(LabelledGrammar):
    """A number after 税号, 纳税人识别号, 注册号."""

    entity = "CN_TAX_NUMBER"
    requires = ("税", "注册号", "执照")
    labels = r"税号|纳税人识别号|税务登记证?|税务登记号|工商注册号|注册号|营业执照(?:注册)?"
    value = r"[0-9A-Z]{15,20}"
