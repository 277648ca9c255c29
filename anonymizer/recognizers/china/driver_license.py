"""CN_DRIVER_LICENSE: numbers of a driver's licence that are not the identity number.

GA 482: the licence number is the holder's identity number (found as such); the file number (档案编号) has twelve digits
that begin with the issuing division, the certificate core number (证芯编号) thirteen. The label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class DriverLicense(LabelledGrammar):
    """Twelve or thirteen digits after 驾驶证, 档案编号, 证芯编号."""

    entity = "CN_DRIVER_LICENSE"
    requires = ("驾驶证", "驾照", "档案编号", "证芯")
    labels = r"驾驶证(?:档案)?|驾照(?:档案)?|档案编号|证芯编号"
    value = r"\d{12,13}"
