"""The Iranian numbering plan as tables.

Blocks and area codes are those that the regulator (CRA) reported to the ITU. That plan names no operators: a block has
one here if public lists (libphonenumber, encyclopedias, the operators, open-source tables) agree on it, as of November 2026.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

__all__ = ["AREA_CODES", "FIXED_BLOCK", "LINE_PREFIXES", "MOBILE_BLOCKS", "NumberKind", "Operator", "operator_of"]


class NumberKind(StrEnum):
    """The kind of a phone number."""

    MOBILE = "mobile"
    LANDLINE = "landline"
    SERVICE_LINE = "service_line"
    """A line that gateways send from: 6 to 15 digits that start with 1000, 2000, 3000 or 5000."""
    SHORT_CODE = "short_code"
    """3 to 6 digits: emergency numbers, information services and short SMS lines."""

    @property
    def noun(self) -> str:
        """The noun for the kind, such as `service line`."""
        return self.replace("_", " ")


class Operator(StrEnum):
    """A mobile operator, by its English name."""

    MCI = "MCI"
    """Hamrah-e Avval, including its brand Anarestan (0994) and the numbers of Taliya (0932), which it took over."""
    IRANCELL = "Irancell"
    RIGHTEL = "RighTel"
    SHATEL_MOBILE = "Shatel Mobile"
    APTEL = "ApTel"
    AZARTEL = "Azartel"
    SAMANTEL = "SamanTel"
    LOTUSTEL = "LotusTel"
    ARIANTEL = "ArianTel"
    ESPADAN = "Espadan"
    """Also MTCE; in the province of Isfahan."""
    TELE_KISH = "TeleKish"
    """Also TKC; on the island of Kish."""


MOBILE_BLOCKS = ("90", "91", "92", "93", "99")
"""The blocks reserved for mobiles, including parts not yet in use."""

FIXED_BLOCK = "94"
"""The block of landlines without a location."""

LINE_PREFIXES = ("1000", "2000", "3000", "5000")

AREA_CODES = MappingProxyType(
    {
        "11": "Mazandaran",
        "13": "Gilan",
        "17": "Golestan",
        "21": "Tehran",
        "23": "Semnan",
        "24": "Zanjan",
        "25": "Qom",
        "26": "Alborz",
        "28": "Qazvin",
        "31": "Isfahan",
        "34": "Kerman",
        "35": "Yazd",
        "38": "Chaharmahal and Bakhtiari",
        "41": "East Azerbaijan",
        "44": "West Azerbaijan",
        "45": "Ardabil",
        "51": "Razavi Khorasan",
        "54": "Sistan and Baluchestan",
        "56": "South Khorasan",
        "58": "North Khorasan",
        "61": "Khuzestan",
        "66": "Lorestan",
        "71": "Fars",
        "74": "Kohgiluyeh and Boyer-Ahmad",
        "76": "Hormozgan",
        "77": "Bushehr",
        "81": "Hamadan",
        "83": "Kermanshah",
        "84": "Ilam",
        "86": "Markazi",
        "87": "Kurdistan",
    }
)
"""The province of each area code."""

_ALLOCATED = {
    Operator.MCI: "910 911 912 913 914 915 916 917 918 919 932 990 991 992 993 994 995 996",
    Operator.IRANCELL: "900 901 902 903 904 905 930 933 935 936 937 938 939 941",
    Operator.RIGHTEL: "920 921 922 923",
    Operator.SHATEL_MOBILE: "9981 9982",
    Operator.APTEL: "99910 99911 99913",
    Operator.AZARTEL: "99914",
    Operator.SAMANTEL: "99996 99997 99998 99999",
    Operator.LOTUSTEL: "99900",
    Operator.ARIANTEL: "9998",
    Operator.ESPADAN: "931",
    Operator.TELE_KISH: "934",
}
_DISPUTED = "9955"
"""Irancell's in libphonenumber, MCI's in other lists."""
_BY_PREFIX = {prefix: operator for operator, prefixes in _ALLOCATED.items() for prefix in prefixes.split()}


def operator_of(national: str) -> Operator | None:
    """Return the operator that a number's block is allocated to; None if it is unknown.

    Args:
        national: The ten digits of the number, starting with 9.
    """
    if national.startswith(_DISPUTED):
        return None
    find = _BY_PREFIX.get
    return find(national[:3]) or find(national[:4]) or find(national[:5])
