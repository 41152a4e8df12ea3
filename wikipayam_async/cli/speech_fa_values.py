"""The Persian words for the values in tables, by the headings of their columns."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["DELIVERIES", "QUANTITIES", "VALUES"]

_OUTCOMES = {
    "accepted": "پذیرفته‌شده",
    "rejected": "ردشده",
    "unknown": "نامعلوم",
    "not_attempted": "فرستاده‌نشده",
    "in_flight": "در راه",
}
DELIVERIES = {
    "WAITING_FOR_UPDATE": "در انتظار خبر",
    "QUEUED": "در صف درگاه",
    "SENT": "به مخابرات رسید",
    "DELIVERED": "به گوشی رسید",
    "UNDELIVERED": "هنوز نرسیده",
    "FAILED": "ناموفق",
    "REJECTED": "ردشده",
    "EXPIRED": "مهلتش گذشت",
    "BLOCKED": "تبلیغات نمی‌گیرد",
    "BLACKLISTED": "در لیست سیاه مخابرات",
    "INVALID_NUMBER": "شماره‌ی نادرست",
    "CANCELED": "لغوشده",
}

VALUES: Mapping[str, Mapping[str, str]] = {
    "status": _OUTCOMES | DELIVERIES,
    "delivery": DELIVERIES,
    "before": _OUTCOMES,
    "decision": {"accepted": "پذیرفته ثبت شد", "requeued": "به صف برگشت", "late_answer": "پاسخ دیررس"},
    "state": {"read": "خوانده‌شده"},
    "kind": {
        "mobile": "موبایل",
        "landline": "تلفن ثابت",
        "service_line": "خط خدماتی",
        "short_code": "شماره‌ی کوتاه",
        "sms": "پیامک",
        "otp": "کد تأیید",
        "voice": "تماس صوتی",
        "holoo": "هلو",
    },
    "operator": {
        "MCI": "همراه اول",
        "Irancell": "ایرانسل",
        "RighTel": "رایتل",
        "Shatel Mobile": "شاتل موبایل",
        "ApTel": "آپتل",
        "Azartel": "آذرتل",
        "SamanTel": "سامانتل",
        "LotusTel": "لوتوستل",
        "ArianTel": "آریانتل",
        "Espadan": "اسپادان",
        "TeleKish": "تله‌کیش",
    },
    "province": {
        "Mazandaran": "مازندران",
        "Gilan": "گیلان",
        "Golestan": "گلستان",
        "Tehran": "تهران",
        "Semnan": "سمنان",
        "Zanjan": "زنجان",
        "Qom": "قم",
        "Alborz": "البرز",
        "Qazvin": "قزوین",
        "Isfahan": "اصفهان",
        "Kerman": "کرمان",
        "Yazd": "یزد",
        "Chaharmahal and Bakhtiari": "چهارمحال و بختیاری",
        "East Azerbaijan": "آذربایجان شرقی",
        "West Azerbaijan": "آذربایجان غربی",
        "Ardabil": "اردبیل",
        "Razavi Khorasan": "خراسان رضوی",
        "Sistan and Baluchestan": "سیستان و بلوچستان",
        "South Khorasan": "خراسان جنوبی",
        "North Khorasan": "خراسان شمالی",
        "Khuzestan": "خوزستان",
        "Lorestan": "لرستان",
        "Fars": "فارس",
        "Kohgiluyeh and Boyer-Ahmad": "کهگیلویه و بویراحمد",
        "Hormozgan": "هرمزگان",
        "Bushehr": "بوشهر",
        "Hamadan": "همدان",
        "Kermanshah": "کرمانشاه",
        "Ilam": "ایلام",
        "Markazi": "مرکزی",
        "Kurdistan": "کردستان",
    },
}
"""The values of columns that have a fixed set of words; a value that is not here stays as it is."""

QUANTITIES = frozenset({"balance", "left"})
"""The columns whose values are numbers with a unit."""
