"""WECHAT_ID: account names of WeChat.

Tencent's rule: 6 to 20 places, a letter first, then letters, digits, _ and -. A mobile number serves too; that is
found as a mobile number. The shape is that of any English word, so the label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class WechatId(LabelledGrammar):
    """An account name after 微信, VX and their like."""

    entity = "WECHAT_ID"
    requires = ("微信", "威信", "加薇", "vx", "VX", "Vx", "wx", "WX", "Wx", "echat", "eixin", "eChat", "ECHAT", "EIXIN")
    labels = r"微信|威信|加薇|(?<![A-Za-z])(?:vx|wx|wechat|weixin)"
    value = r"[A-Za-z][A-Za-z0-9_-]{5,19}"
