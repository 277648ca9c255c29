"""ACCOUNT_ID: names and numbers of accounts and customers.

Every operator numbers for itself (户号 of water, power and gas, 会员号, 用户名), so the label decides; bank accounts
are `CN_BANK_CARD`.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class AccountName(LabelledGrammar):
    """A word or number after 用户名, 户号, 会员号, account name."""

    entity = "ACCOUNT_ID"
    requires = ("用户", "户号", "会员", "账号", "帐号", "昵称", "抖音号", "微博", "ccount", "ser", "学号", "工号")
    labels = (
        r"用户名|用户(?:号|编号|账号)|户号|会员(?:卡)?号|客户编号|登录名|登录账号|抖音(?:号|账号)|微博(?:号|账号|昵称)|学号|工号|"
        r"(?<![A-Za-z])(?:user ?name|user ?id|account ?(?:name|id))"
    )
    value = r"@?[A-Za-z0-9_][A-Za-z0-9_.-]{3,31}"
