"""EMAIL_ADDRESS: RFC 5322 addresses as people write them.

Quoted local parts and comments are left out (nobody writes them). The local part may hold Han characters (RFC 6531)
only where a space or sign sets it apart, otherwise the words before an address would be swallowed with it.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import PatternGrammar


class EmailAddress(PatternGrammar):
    """local@domain.tld"""

    entity = "EMAIL_ADDRESS"
    requires = ("@",)
    context = ("邮箱", "邮件", "email", "e-mail", "mail")
    pattern = r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
    not_after = r"[A-Za-z0-9._%+-]"
    not_before = r"[A-Za-z0-9]"
    score = 0.95
