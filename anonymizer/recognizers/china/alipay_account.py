"""ALIPAY_ACCOUNT: accounts of Alipay that are neither a mobile number nor a mail address (these are found as such).

Ant's user numbers: sixteen digits that begin with 2088; otherwise the label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class AlipayAccount(LabelledGrammar):
    """An account after 支付宝."""

    entity = "ALIPAY_ACCOUNT"
    requires = ("支付宝", "lipay", "ALIPAY")
    labels = r"支付宝|alipay"
    value = r"(?:2088\d{12}|(?=[A-Za-z0-9_.-]{0,29}\d)[A-Za-z0-9][A-Za-z0-9_.-]{4,29})"
