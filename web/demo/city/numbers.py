"""Numbers that must be well formed: resident ids, credit codes, telephones, plates.

Every number is invented. Check characters follow the national standards:

* resident id: GB 11643, ISO 7064 MOD 11-2 over seventeen digits;
* unified social credit code: GB 32100, weights 3^i mod 31, over an organisation code
  with its own check character (GB 11714).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import numpy.typing as npt

Objects = npt.NDArray[np.object_]
Indices = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RESIDENT_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS = "10X98765432"

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))
_ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

# County-level codes of GB/T 2260, weighted by how often they are met in Shenzhen.
LOCAL_DIVISIONS = ("440303", "440304", "440305", "440306", "440307", "440308")
OTHER_DIVISIONS = (
    "440104", "440105", "440106", "440111", "440402", "440507", "440605", "441302",
    "430102", "430103", "430104", "420102", "420103", "420106", "360102", "360103",
    "510104", "510105", "410102", "410103", "450102", "450103", "350102", "350203",
    "320102", "330106", "110101", "110105", "110108", "310101", "310104", "310115",
    "500103", "500105", "610102", "610103", "370102", "340102", "520102", "530102",
    "460105", "230102", "210102",
)  # fmt: skip

MOBILE_PREFIXES = (
    "130", "131", "132", "133", "134", "135", "136", "137", "138", "139", "147", "150", "151", "152",
    "153", "155", "156", "157", "158", "159", "166", "173", "175", "176", "177", "178", "180", "181",
    "182", "183", "184", "185", "186", "187", "188", "189", "191", "193", "195", "198", "199",
)  # fmt: skip

PLATE_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_PLATE_HEADS = ("粤B", "粤B", "粤B", "粤A", "粤S", "粤L", "湘A", "赣A", "鄂A", "桂A", "闽D", "豫A", "川A")


def resident_check(body: str) -> str:
    """The eighteenth character of a resident id whose first seventeen digits are `body`."""
    total = sum(int(digit) * weight for digit, weight in zip(body, RESIDENT_WEIGHTS, strict=True))
    return RESIDENT_CHECKS[total % 11]


def resident_ids(rng: np.random.Generator, births: Sequence[date], male: npt.NDArray[np.bool_]) -> Objects:
    """One distinct, valid id for each birth date; the seventeenth digit is odd for men."""
    count = len(births)
    local = rng.random(count) < 0.22
    here = rng.integers(0, len(LOCAL_DIVISIONS), count)
    there = rng.integers(0, len(OTHER_DIVISIONS), count)
    serials = rng.integers(0, 500, count)
    seen: set[str] = set()
    ids = np.empty(count, dtype=object)
    for i, birth in enumerate(births):
        division = LOCAL_DIVISIONS[here[i]] if local[i] else OTHER_DIVISIONS[there[i]]
        serial = int(serials[i])
        while True:
            order = serial * 2 + (1 if male[i] else 0)
            body = f"{division}{birth:%Y%m%d}{order % 1000:03d}"
            if body not in seen:
                break
            serial += 1
        seen.add(body)
        ids[i] = body + resident_check(body)
    return ids


def organisation_check(body: str) -> str:
    """The ninth character of an organisation code (GB 11714)."""
    total = sum(
        _ORGANISATION_ALPHABET.index(char) * weight for char, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    check = 11 - total % 11
    return {10: "X", 11: "0"}.get(check, str(check))


def uscc_check(body: str) -> str:
    """The eighteenth character of a unified social credit code (GB 32100)."""
    total = sum(USCC_ALPHABET.index(char) * weight for char, weight in zip(body, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def credit_codes(rng: np.random.Generator, count: int) -> Objects:
    """Distinct credit codes of enterprises registered in Shenzhen (department 9, kind 1)."""
    letters = rng.integers(0, len(USCC_ALPHABET), (count, 6))
    divisions = rng.choice(["440300", "440301", "440305"], count)
    seen: set[str] = set()
    codes = np.empty(count, dtype=object)
    for i in range(count):
        tail = int(letters[i, 0])
        while True:
            serial = "MA5" + "".join(USCC_ALPHABET[k] for k in letters[i, 1:5]) + USCC_ALPHABET[tail % 31]
            if serial not in seen:
                break
            tail += 1
        seen.add(serial)
        body = f"91{divisions[i]}{serial}{organisation_check(serial)}"
        codes[i] = body + uscc_check(body)
    return codes


def mobiles(rng: np.random.Generator, count: int) -> Objects:
    """Distinct eleven-digit mobile numbers with prefixes in use."""
    prefixes = rng.integers(0, len(MOBILE_PREFIXES), count)
    # A permutation-like walk through the eight-digit space keeps them distinct without a set.
    start = int(rng.integers(0, 10**8))
    serials = (start + np.arange(count, dtype=np.int64) * 38_196_601) % 10**8
    return np.array(
        [f"{MOBILE_PREFIXES[p]}{s:08d}" for p, s in zip(prefixes.tolist(), serials.tolist(), strict=True)],
        dtype=object,
    )


def landlines(rng: np.random.Generator, count: int) -> Objects:
    """Telephone numbers of Shenzhen (area code 0755, eight digits)."""
    heads = rng.choice(["82", "83", "86", "25", "26", "88"], count)
    tails = rng.integers(0, 10**6, count)
    return np.array([f"0755-{h}{t:06d}" for h, t in zip(heads, tails.tolist(), strict=True)], dtype=object)


def plates(rng: np.random.Generator, count: int) -> tuple[Objects, Objects]:
    """Distinct number plates and the colour of each (GA 36: blue, yellow, green for new energy)."""
    heads = rng.integers(0, len(_PLATE_HEADS), count)
    kinds = rng.random(count)
    letters = rng.integers(0, 24, (count, 2))
    serials = (int(rng.integers(0, 10**5)) + np.arange(count, dtype=np.int64) * 70_001) % 10**5
    numbers = np.empty(count, dtype=object)
    colours = np.empty(count, dtype=object)
    seen: set[str] = set()
    for i in range(count):
        head, serial = _PLATE_HEADS[heads[i]], int(serials[i])
        while True:
            if kinds[i] < 0.36:
                plate, colour = f"{head}{'DF'[int(letters[i, 0]) % 2]}{serial:05d}", "绿"
            else:
                tail = f"{PLATE_ALPHABET[letters[i, 0]]}{serial % 1000:03d}{PLATE_ALPHABET[letters[i, 1]]}"
                plate, colour = head + tail, "黄" if kinds[i] > 0.95 else "蓝"
            if plate not in seen:
                break
            serial = (serial + 1) % 10**5
        seen.add(plate)
        numbers[i], colours[i] = plate, colour
    return numbers, colours
