"""CN_SOCIAL_SECURITY_NUMBER: numbers of social security, medical insurance and housing fund accounts.

Local insurers number their accounts as they like (the national card since 2018 carries the resident identity number,
its serial is one letter and eight digits), so the label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class SocialSecurityNumber(LabelledGrammar):
    """A number after the name of the account."""

    entity = "CN_SOCIAL_SECURITY_NUMBER"
    requires = ("社保", "参保", "社会", "医保", "医疗", "公积金")
    labels = r"社保(?:电脑|个人)?卡?|参保人?(?:身份)?|社会保障卡?|社会保险|医保卡?|医疗保险|公积金"
    value = r"[A-Za-z]{0,2}\d{6,18}[A-Za-z]?"
