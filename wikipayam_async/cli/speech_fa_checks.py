"""The Persian sentences of `wikipayam doctor` and `wikipayam pattern`, by patterns of the English ones.

The rules of `speech_fa` hold here: names, paths, ids and commands stand at the end of a line or on one of their own.
"""

from __future__ import annotations

__all__ = ["CHECKS", "CHECK_WORDS"]

CHECK_WORDS = {
    "ok   ": "درست  ",
    "FAILS": "نادرست",
    "versions": "نسخه‌ها",
    "proxy": "پروکسی",
    "token": "توکن",
    "connection": "اتصال",
    "tls": "رمزنگاری",
    "clock": "ساعت",
    "gateway": "درگاه",
    "database": "پایگاه داده",
    "pooler": "واسط اتصال پایگاه داده",
    "connections": "اتصال‌های پایگاه داده",
    "schema": "جدول‌ها",
    "behind": "عقب‌تر",
    "ahead of": "جلوتر",
    ", which is soon": "، که نزدیک است",
    ", encrypted": "رمزنگاری‌شده",
    ", not encrypted; over a network, add ?sslmode=require to the URL": (
        "بی‌رمزنگاری؛ اگر پایگاه داده روی دستگاه دیگری است، در نشانی بنویسید ?sslmode=require"
    ),
    "the environment": "متغیرهای محیطی",
    "the keyring": "دسته‌کلید سیستم",
}

_CHECKS = "versions|proxy|token|connection|tls|clock|gateway|database|pooler|connections|schema"

CHECKS: tuple[tuple[str, str], ...] = (
    (rf"(?P<mark>ok   |FAILS)  (?P<check>{_CHECKS}): (?P<line>.+)", "{mark} {check}:{line}"),
    (r"none", "ندارد"),
    (r"--proxy is used", "همان که در گزینه آمده است: --proxy"),
    (
        r"none; (?P<raw>[A-Za-z_, ]+) is ignored, pass --proxy to use a proxy",
        "ندارد؛ این متغیر محیطی به کار نمی‌رود: {raw}\n  --proxy",
    ),
    (r"not found: set (?P<raw>\w+)", "نیست؛ این متغیر محیطی را بگذارید: {raw}"),
    (r"found in (?P<place>the environment|the keyring)", "از {place}"),
    (r"found in (?P<raw>.+)", "از فایل {raw}"),
    (r"(?P<raw>\S+), connected in (?P<n>[0-9]+) ms", "در {n} میلی‌ثانیه برقرار شد\n  {raw}"),
    (r"failed: (?P<raw>.+)", "برقرار نشد\n  {raw}"),
    (r"none: plain http, allowed only for loopback", "ندارد؛ بی‌رمزنگاری فقط به همین دستگاه می‌شود وصل شد"),
    (
        r"(?P<raw>TLS\S+), the certificate expires in (?P<n>-?[0-9]+) days(?P<soon>(?:, which is soon)?)",
        "گواهی تا {n} روز دیگر اعتبار دارد{soon}\n  {raw}",
    ),
    (r"the gateway sent no time", "درگاه ساعتش را نگفت"),
    (r"(?P<n>[0-9]+) s (?P<side>behind|ahead of) the gateway's", "{n} ثانیه {side} از ساعت درگاه"),
    (
        r"accepted the token; (?P<least>[0-9]+) to (?P<most>[0-9]+) ms per call",
        "توکن را پذیرفت؛ هر فراخوانی {least} تا {most} میلی‌ثانیه",
    ),
    (
        (
            r"PostgreSQL (?P<raw>.+), (?P<n>[0-9.]+) ms a statement"
            r"(?P<encryption>, (?:not )?encrypted(?:; over a network, add \?sslmode=require to the URL)?)"
            r"(?:; (?P<line>.+))?"
        ),
        "هر پرسش {n} میلی‌ثانیه، {encryption}\n  PostgreSQL {raw}{line}",
    ),
    (r"the workers need (?P<n>[0-9]+) or newer", "برای کارگرها نسخه‌ی {n} یا تازه‌تر لازم است"),
    (
        r"it takes no writes, as a replica does: use the URL of the primary",
        "در این پایگاه داده، مانند نسخه‌ی دوم، نمی‌شود نوشت؛ نشانی پایگاه اصلی را بدهید",
    ),
    (
        r"the workers need (?P<n>[0-9]+) or newer; it takes no writes, .*",
        "برای کارگرها نسخه‌ی {n} یا تازه‌تر لازم است، و نشانی پایگاه اصلی",
    ),
    (
        r"in transaction mode: workers poll for new jobs, since nothing can be listened to",
        "در حالت تراکنش: کارگرها کارهای تازه را هر چند ثانیه می‌پرسند",
    ),
    (r"in session mode", "در حالت نشست"),
    (r"(?P<n>[0-9]+) of (?P<most>[0-9]+) are in use", "{n} از {most} در کار است"),
    (
        r"(?P<n>[0-9]+) of (?P<most>[0-9]+) are in use; a worker needs up to (?P<need>[0-9]+): raise .*",
        "{n} از {most} در کار است؛ هر کارگر تا {need} اتصال می‌خواهد، یکی از این دو:\n  max_connections\n  pgbouncer",
    ),
    (r"version (?P<n>[0-9]+), up to date", "نسخه‌ی {n}، به‌روز"),
    (
        r"version (?P<n>[0-9]+) is of a newer wikipayam_async: install that version here, too",
        "نسخه‌ی {n} از بسته‌ی تازه‌تری است؛ همان را اینجا هم نصب کنید",
    ),
    (
        r"version none; (?P<due>[0-9]+) migrations? due: .*",
        "هنوز ساخته نشده است؛ برای ساختن:\n  wikipayam campaign migrate",
    ),
    (
        r"version (?P<n>[0-9]+); (?P<due>[0-9]+) migrations? due: .*",
        "نسخه‌ی {n}، که {due} نسخه عقب است؛ کارگرها را متوقف کنید، سپس:\n  wikipayam campaign migrate",
    ),
    # the text of a pattern
    (
        r"(?P<parts>[0-9,]+ parts?) in (?P<kind>ucs2|gsm7): (?P<units>[0-9]+) units",
        "{parts} {kind}: {units} کاراکتر",
    ),
    (r"no problem found", "مشکلی ندارد"),
    (
        r"no_code: the text has no (?P<raw>.+), so no code is sent",
        "متن جایی برای کد ندارد، پس کدی فرستاده نمی‌شود: {raw}",
    ),
    (
        r"readable_code: write (?P<raw>.+) before the last line, too: .*",
        "کد را پیش از سطر آخر هم بنویسید؛ هر گوشی آن سطر را نمی‌خواند و آدم‌ها هم نمی‌خوانند: {raw}",
    ),
    (
        r"adjacent: put a space or a colon between (?P<raw>.+) and letters or digits",
        "میان کد و حرف یا رقم کنارش فاصله یا دونقطه بگذارید: {raw}",
    ),
    (
        r"other_number: the text has another number of 4 to 10 digits, which phones may offer as the code",
        "متن عدد 4 تا 10 رقمی دیگری هم دارد؛ شاید گوشی آن را به جای کد پیشنهاد دهد",
    ),
    (
        r"autofill_not_last: nothing may follow the line (?P<raw>.+), not even an empty line or a space",
        "پس از این سطر نباید چیزی بیاید، حتی سطر خالی یا فاصله:\n  {raw}",
    ),
    (
        r"autofill_spelling: write the last line exactly so: (?P<raw>.+) \(the host alone, .*\)",
        "سطر آخر را درست همین‌گونه بنویسید؛ فقط دامنه، یک فاصله، و پس از آن هیچ:\n  {raw}",
    ),
    (r"autofill_missing: end the text with the line (?P<raw>.+)", "متن را با این سطر تمام کنید:\n  {raw}"),
)
"""The patterns, the first that matches counts."""
