"""Part counts as in the gateway's calculator: 160/153 characters in GSM-7, 70/67 in UCS-2."""

import re

_BASIC = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
_EXTENSION = "^{}\\[~]|€\f"

_ALWAYS_SINGLE = 70
"""The most characters that fit into one part, if none takes two places of UCS-2: in GSM-7, each takes at most 2 of 160."""

_gsm7 = re.compile(f"[{re.escape(_BASIC + _EXTENSION)}]*").fullmatch
_takes_two = re.compile("[\U00010000-\U0010ffff]").search
_extended = re.compile(f"[{re.escape(_EXTENSION)}]").findall


def count_parts(text: str) -> int:
    """Return the number of parts a text is charged as, at least one."""
    if len(text) <= _ALWAYS_SINGLE and not _takes_two(text):
        return 1
    if _gsm7(text):
        # A character of the extension table counts twice: it is preceded by an escape.
        return _parts(len(text) + len(_extended(text)), single=160, multi=153)
    return _parts(len(text.encode("utf-16-le", "surrogatepass")) // 2, single=70, multi=67)


def _parts(units: int, *, single: int, multi: int) -> int:
    return 1 if units <= single else -(-units // multi)
