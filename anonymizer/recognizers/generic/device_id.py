"""DEVICE_ID: equipment and subscriber identities of mobile devices.

3GPP TS 23.003: IMEI, 15 digits with a Luhn check digit (IMEISV: 16 without); IMSI, 15 digits that begin with the
country (460 for China). Both look like other numbers, so the label decides.
"""

from __future__ import annotations

from anonymizer.recognizers.grammar import LabelledGrammar


class DeviceId(LabelledGrammar):
    """15 to 17 digits after IMEI, IMSI, 串号; a UUID after device id."""

    entity = "DEVICE_ID"
    requires = ("IM", "im", "Im", "串", "设备", "evice")
    labels = r"(?<![A-Za-z])(?:imei|imsi|imeisv)[12]?|手机串号|串号|串码|设备识别码|设备号|device[ _-]?id"
    value = r"(?:\d{2}[- ]?\d{6}[- ]?\d{6}[- ]?\d{1,3}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|\d{14,17})"
