"""The mails about accounts, in the reader's language."""

from typing import Literal

from catalog.parties.models import Organisation, Person
from contracts.text import pick


def link(person: Person, purpose: Literal["sign_in", "reset_password"], url: str, minutes: int) -> tuple[str, str]:
    """Subject and body of the mail with a one-time link."""
    if person.language == "en":
        what = "set a new password" if purpose == "reset_password" else "sign in"
        return (
            f"Shuyi: {what}",
            f"Hello {person.name},\n\nopen this link to {what}. It works once, within {minutes} minutes:\n\n{url}\n\n"
            "If you did not ask for it, you need do nothing.\n",
        )
    what = "设置新密码" if purpose == "reset_password" else "登录"
    return (
        f"数易：{what}",
        f"{person.name}，您好：\n\n请打开下面的链接{what}。链接只能用一次，{minutes}分钟内有效：\n\n{url}\n\n"
        "如果不是您本人操作，无须理会。\n",
    )


def invitation(organisation: Organisation, url: str, days: int) -> tuple[str, str]:
    """Subject and body of an invitation, in both languages: we do not know the reader's yet."""
    zh, en = pick(organisation.name, "zh-CN"), pick(organisation.name, "en")
    return (
        f"数易：{zh}邀请您加入 / {en} invites you",
        f"{zh}邀请您加入数易。请在{days}天内打开：\n\n{url}\n\n"
        f"{en} invites you to join them on Shuyi. Open the link within {days} days.\n",
    )
