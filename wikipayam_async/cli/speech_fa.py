"""The Persian sentences of the command line, by patterns of the English ones.

Names, paths, ids and commands stand at the end of a line or on one of their own: within a sentence, a terminal would
reorder them. Amounts are in rials and tomans.
"""

from __future__ import annotations

import re

from wikipayam_async.cli.speech_fa_checks import CHECK_WORDS, CHECKS
from wikipayam_async.cli.speech_fa_errors import ERRORS
from wikipayam_async.cli.speech_fa_values import DELIVERIES
from wikipayam_async.cost.money import format_money

__all__ = ["ERROR", "HEADINGS", "PHRASES", "SENTENCES", "WORDS", "tomans_of"]

ERROR = "خطا:"

WORDS = {
    "accepted": "پذیرفته‌شده",
    "rejected": "ردشده",
    "unknown": "نامعلوم",
    "not attempted": "فرستاده‌نشده",
    "in flight": "در راه",
    "left": "باقی‌مانده",
    "planned": "آماده‌ی ارسال",
    "running": "در حال اجرا",
    "paused": "متوقف",
    "completed": "تمام‌شده",
    "canceled": "کنارگذاشته",
    "duplicate": "تکراری",
    "opted out": "پیامک نمی‌خواهند",
    "opt out unknown": "معلوم نیست پیامک می‌خواهند یا نه",
    "message": "پیامک",
    "row": "سطر",
    "bad row": "سطر نادرست",
    "hidden or filtered row": "سطر پنهان یا فیلترشده",
    "hidden column": "ستون پنهان",
    "hidden sheet": "برگه‌ی پنهان",
    "other sheet": "برگه‌ی دیگر",
    "part": "پارت",
    "receiver": "گیرنده",
    "shortest": "کوتاه‌ترین",
    "longest": "بلندترین",
    "ucs2": "فارسی",
    "gsm7": "لاتین",
    "an unknown cost": "هزینه‌ی نامعلوم",
    "unknown without --price-persian or --tariff": "نامعلوم؛ تعرفه را بدهید: --price-persian",
    "record as accepted": "ثبت به‌عنوان پذیرفته",
    "Record as accepted": "پذیرفته ثبت شود",
    "Send again": "دوباره فرستاده شود",
    "interrupted": "کار قطع شد",
    "it is in scientific notation, which drops digits: format the spreadsheet column as text": (
        "اکسل رقم‌هایش را انداخته است؛ ستون را به شکل متن ذخیره کنید"
    ),
    "it has an extension": "شماره‌ی داخلی دارد",
    "it looks like a decimal number": "عدد اعشاری است",
    "it contains letters": "حرف در آن است",
    "it has no digits": "رقمی ندارد",
    "it has too few digits for a mobile": "رقم کم دارد",
    "it has too many digits for a mobile": "رقم زیاد دارد",
    "it has too few digits: a landline needs its area code": "رقم کم دارد؛ تلفن ثابت پیش‌شماره می‌خواهد",
    "it has too few digits for a landline": "رقم کم دارد",
    "it has too many digits for a landline": "رقم زیاد دارد",
    "it has several zeros after the country code": "پس از کد کشور چند صفر دارد",
    "it contains characters other than digits, spaces, hyphens, dots and brackets": "کاراکتر نامربوط دارد",
    "it is neither a string nor a number": "شماره نیست",
    "it is a landline": "تلفن ثابت است",
    "it is a service line": "خط خدماتی است",
    "it is a short code": "شماره‌ی کوتاه است",
    "it appears to contain several numbers": "چند شماره در آن است",
    "all read messages": "همه‌ی خوانده‌شده‌ها",
    "all unread messages": "همه‌ی خوانده‌نشده‌ها",
    "more": "بیشتر",
    "request": "درخواست",
    "worker": "کارگر",
    "by SMS": "با پیامک",
    "by voice call": "با تماس صوتی",
    "SMS": "با پیامک",
    "voice call": "با تماس صوتی",
    "; its outcome is unknown, and it may arrive": "؛ سرنوشتش نامعلوم است و شاید برسد",
    "; check the token (panel: profile, API token)": "؛ توکن را بررسی کنید (پنل، پروفایل، توکن)",
    "; top up the account": "؛ حساب را شارژ کنید",
    "; send fewer messages in one request": "؛ در هر درخواست پیامک کمتری بفرستید",
    "; wait before the next request": "؛ پیش از درخواست بعدی صبر کنید",
    "wrong": "کد نادرست بود",
    "locked": "کد چند بار نادرست بود",
    "expired": "مهلت کد گذشته است",
    "used": "این کد به کار رفته است",
    "not_found": "این کد پیدا نشد",
    "url": "نشانی",
    "token": "توکن",
    "lines": "خط‌ها",
    "user name": "نام کاربری",
    "control": "کنترل",
    "openapi": "توصیف API",
    "lab": "صفحه‌ی آزمایش",
    "gateway": "درگاه",
    **CHECK_WORDS,
    **DELIVERIES,
}
"""Words and fixed phrases."""

HEADINGS = {
    "id": "شناسه",
    "track id": "شناسه‌ی پیگیری",
    "new track id": "شناسه‌ی پیگیری تازه",
    "status": "وضعیت",
    "state": "وضعیت",
    "receiver": "گیرنده",
    "sender": "فرستنده",
    "from": "از",
    "to": "به",
    "at": "زمان",
    "text": "متن",
    "message": "متن",
    "line": "خط",
    "kind": "نوع",
    "delivery": "تحویل",
    "accepted": "پذیرفته‌شده",
    "received": "دریافت‌شده",
    "method": "متد",
    "path": "مسیر",
    "fault": "خطا",
    "number": "شماره",
    "left": "باقی‌مانده",
    "decision": "تصمیم",
    "before": "پیش از آن",
    "note": "یادداشت",
    "campaign": "کمپین",
    "progress": "پیشرفت",
    "speed": "سرعت",
    "worker": "کارگر",
    "messages": "پیامک",
    "a second": "در ثانیه",
    "key": "کلید",
    "claimed at": "زمان ثبت",
    "expires at": "تا زمان",
    "now": "اکنون",
    "accepted messages": "پیامک‌های پذیرفته‌شده",
    "received messages": "پیامک‌های دریافتی",
    "requests": "درخواست‌ها",
    "balance": "موجودی",
    "faults in force": "خطاهای برقرار",
    "local": "شکل داخلی",
    "e164": "شکل بین‌المللی با +",
    "international": "شکل بین‌المللی",
    "operator": "اپراتور",
    "province": "استان",
}
"""The headings of tables, and the names of values."""

_NOUNS = "message|row|bad row|part|receiver|request|worker"
_COUNT = r"[0-9,]+"
_MONEY = rf"{_COUNT} rials?"


def tomans_of(rials: str) -> str:
    """Return an amount in tomans, of one written in rials.

    Args:
        rials: The rials, with separated thousands.
    """
    return format_money(int(rials.replace(",", "")), "toman").partition(" ")[0]


PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), phrase)
    for pattern, phrase in (
        (r"the receiver of row (?P<n>[0-9]+)", "گیرنده‌ی سطر {n}"),
        (r"the text of row (?P<n>[0-9]+)", "متن سطر {n}"),
        (r"the sender of row (?P<n>[0-9]+)", "خط ارسال سطر {n}"),
        (r"the row number of row (?P<n>[0-9]+)", "شماره‌ی سطر {n}"),
        (r"the other columns of row (?P<n>[0-9]+)", "ستون‌های دیگر سطر {n}"),
        (r"(?P<before>.+) rows in the plan, (?P<word>.+) now", "تعداد سطر، پیش از این {before} و اکنون {word}"),
        (r"(?P<option>--\S+): (?P<before>.+) in the plan, (?P<after>.+) now", "{option}: {before} > {after}"),
        (r"(?P<rials>[0-9,]+) rials? \([0-9,.]+ tomans?\)", "{rials} ریال ({tomans} تومان)"),
        (r"(?P<rials>[0-9,]+) rials?", "{rials} ریال ({tomans} تومان)"),
        (rf"(?P<n>{_COUNT}) (?P<noun>{_NOUNS})s?\b", "{n} {noun}"),
        (rf"(?P<n>{_COUNT}) (?P<word>accepted|rejected|unknown|not attempted|in flight|left)\b", "{n} {word}"),
        (r", ", "، "),
    )
)
"""Parts of sentences."""

_WHY = "it [^;]+"
_VALUE = r"; got .*"

SENTENCES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sentence)
    for pattern, sentence in (
        # questions
        (
            rf"Send (?P<n>{_COUNT} messages?) at (?P<cost>an unknown cost), without (?P<bad>{_COUNT} bad rows?)\? \[y/N\]",
            "{n} با {cost} فرستاده شود، بدون {bad}؟ [بله/خیر]",
        ),
        (
            rf"Send (?P<n>{_COUNT} messages?) at (?P<cost>an unknown cost)\? \[y/N\]",
            "{n} با {cost} فرستاده شود؟ [بله/خیر]",
        ),
        (
            rf"Send (?P<n>{_COUNT} messages?) for (?P<cost>{_MONEY}), without (?P<bad>{_COUNT} bad rows?)\? \[y/N\]",
            "{n} با هزینه‌ی {cost} فرستاده شود، بدون {bad}؟ [بله/خیر]",
        ),
        (
            rf"Send (?P<n>{_COUNT} messages?) for (?P<cost>{_MONEY})\? \[y/N\]",
            "{n} با هزینه‌ی {cost} فرستاده شود؟ [بله/خیر]",
        ),
        (
            rf"Send (?P<n>{_COUNT} messages?), without (?P<bad>{_COUNT} bad rows?)\? \[y/N\]",
            "{n} فرستاده شود، بدون {bad}؟ [بله/خیر]",
        ),
        (
            rf"(?P<what>Record as accepted|Send again) (?P<n>{_COUNT} messages?)\? \[y/N\]",
            "{n} {what}؟ [بله/خیر]",
        ),
        (r"Cancel (?P<raw>.+) for good\? \[y/N\]", "این کمپین برای همیشه کنار گذاشته شود؟ [بله/خیر]\n  {raw}"),
        (
            r"Delete (?P<raw>.+), which nothing can restore\? \[y/N\]",
            "این کمپین حذف شود؟ برگشت‌پذیر نیست. [بله/خیر]\n  {raw}",
        ),
        (
            r"Delete all messages older than (?P<n>[0-9]+) days\? \[y/N\]",
            "همه‌ی پیام‌های قدیمی‌تر از {n} روز حذف شوند؟ [بله/خیر]",
        ),
        (r"Delete (?P<what>[^/]+)\? \[y/N\]", "{what} حذف شود؟ [بله/خیر]"),
        # the check of a file
        (rf"(?P<n>{_COUNT} rows?) \(sheet '(?P<raw>.*)'\)", "{n}؛ برگه‌ی «{raw}»"),
        (rf"(?P<n>{_COUNT} rows?) \(delimiter '(?P<raw>.*)'\)", "{n}؛ جداکننده «{raw}»"),
        (rf"(?P<n>{_COUNT} rows?) \((?P<raw>.*)\)", "{n}؛ قالب فایل: {raw}"),
        (rf"(?P<n>{_COUNT} rows?)", "{n}"),
        (
            rf"Plan (?P<n>{_COUNT} messages?), without (?P<bad>{_COUNT} bad rows?)\? \[y/N\]",
            "{n} کمپین شود، بدون {bad}؟ [بله/خیر]",
        ),
        (
            r"Send a code (?P<way>by SMS|by voice call) to (?P<raw>\S+)\? \[y/N\]",
            "کد تأیید {way} فرستاده شود؟ [بله/خیر]\n  {raw}",
        ),
        (rf"(?P<n>{_COUNT}) held back: (?P<cause>.+)", "{n} پیامک کنار گذاشته شد: {cause}"),
        (
            rf"row (?P<row>[0-9]+): (?P<raw>[^:]+): expected a value(?:, or a default for the field)?{_VALUE}",
            "سطر {row}: مقدار ندارد: {raw}",
        ),
        (
            (
                rf"row (?P<row>[0-9]+): (?P<raw>[^:]+): expected an Iranian mobile number such as 09123456789, "
                rf"but (?P<why>{_WHY}){_VALUE}"
            ),
            "سطر {row}: شماره‌ی موبایل نیست، {why}: {raw}",
        ),
        (r"row (?P<row>[0-9]+): (?P<line>.+)", "سطر {row} پیامک نمی‌شود:{line}"),
        (
            rf"(?P<bad>{_COUNT} bad rows?) without a message; the first are above",
            "{bad} پیامک نمی‌شود؛ نخستین‌ها در بالا آمده‌اند",
        ),
        (rf"(?P<bad>{_COUNT} bad rows?) without a message", "{bad} پیامک نمی‌شود"),
        (
            rf"(?P<n>{_COUNT} messages?) to send, (?P<parts>{_COUNT} parts?); cost: (?P<cost>.+)",
            "{n} برای ارسال، {parts}؛ هزینه: {cost}",
        ),
        (
            rf"(?P<which>shortest|longest) text, row (?P<row>[0-9]+), (?P<parts>{_COUNT} parts?) in (?P<kind>ucs2|gsm7):",
            "{which} متن، سطر {row}، {parts} {kind}:",
        ),
        (rf"(?P<n>{_COUNT} messages?) with more parts because of the footer", "{n} به‌خاطر سطر پایانی پارت بیشتری دارد"),
        (
            rf"(?P<n>{_COUNT} messages?) with a link, which gateways may hold back",
            "{n} لینک دارد؛ شاید درگاه نگهش دارد",
        ),
        (
            rf"(?P<n>{_COUNT} messages?) with a card or account number, which gateways may hold back",
            "{n} شماره‌ی کارت یا حساب دارد؛ شاید درگاه نگهش دارد",
        ),
        (
            rf"(?P<n>{_COUNT} messages?) with the Arabic ي or ك in place of the Persian letters",
            "{n} حرف «ي» یا «ك» عربی دارد",
        ),
        (
            (
                rf"(?P<n>{_COUNT} messages?) to a receiver that has an earlier one; (?P<raw>--dedupe receiver) sends each receiver "
                "one message"
            ),
            "{n} به گیرنده‌ای می‌رود که پیامک دیگری هم دارد؛ برای یک پیامک به هر گیرنده: {raw}",
        ),
        (
            rf"(?P<n>{_COUNT}) hidden or filtered rows? left out; (?P<raw>--include-hidden) reads them, too",
            "{n} سطر پنهان یا فیلترشده خوانده نشد؛ برای خواندن آن‌ها: {raw}",
        ),
        (rf"(?P<n>{_COUNT}) hidden columns? left out: (?P<raw>.+)", "{n} ستون پنهان خوانده نشد: {raw}"),
        (
            rf"not read: (?P<n>{_COUNT}) (?:hidden|other) sheets? \((?P<raw>.+); see --sheet\)",
            "{n} برگه‌ی دیگر خوانده نشد: {raw}",
        ),
        # runs and results
        (r"not attempted", "فرستاده نشد"),
        (r"rejected", "رد شد"),
        (r"unknown", "نامعلوم؛ شاید فرستاده شده باشد"),
        (r"nothing was sent; the same command begins again", "چیزی فرستاده نشد؛ همین دستور از نو شروع می‌کند"),
        (r"nothing was sent", "چیزی فرستاده نشد"),
        (r"nothing was changed", "چیزی عوض نشد"),
        (r"nothing was deleted", "چیزی حذف نشد"),
        (r"nothing to send", "چیزی برای فرستادن نیست"),
        (r"no message was chosen; nothing was changed", "پیامکی انتخاب نشد؛ چیزی عوض نشد"),
        (
            r"nothing is left to send; to send the file again: (?P<raw>--campaign OTHER\.campaign) \((?P<status>\w+)\)",
            "چیزی برای فرستادن نمانده است ({status})؛ برای ارسال دوباره‌ی فایل: {raw}",
        ),
        (r"resuming (?P<raw>.+) \((?P<raw_command>wikipayam .+)\)", "ادامه‌ی کمپین:\n  {raw}\n  {raw_command}"),
        (rf"balance: (?P<cost>-?{_MONEY}), which is not enough", "موجودی: {cost}؛ کافی نیست"),
        (rf"balance: (?P<cost>-?{_MONEY})", "موجودی: {cost}"),
        (r"the balance is unknown: (?P<line>.+)", "موجودی معلوم نشد:{line}"),
        (r"interrupted", "کار قطع شد"),
        (
            r"interrupted: finishing requests in flight; a second signal ends at once",
            "کار قطع شد: درخواست‌های در راه تمام می‌شوند؛ اگر دوباره بزنید همان دم پایان می‌یابد",
        ),
        (
            r"ended at once: what was in flight may have been sent",
            "همان دم پایان یافت: آنچه در راه بود شاید فرستاده شده باشد",
        ),
        (r"(?P<status>planned|running|paused|completed|canceled)", "وضعیت کمپین: {status}"),
        (r"planned: (?P<raw>.+); to send it: (?P<raw_run>.+)", "کمپین ساخته شد:\n  {raw}\nبرای ارسال:\n  {raw_run}"),
        (
            r"(?P<status>planned|running|paused|completed|canceled): (?P<reason>interrupted)",
            "وضعیت کمپین: {status}؛ {reason}",
        ),
        (
            r"(?P<status>planned|running|paused|completed|canceled): (?P<line>.+)",
            "وضعیت کمپین: {status}، به این علت:{line}",
        ),
        (
            rf"(?P<n>{_COUNT} messages?): (?P<counts>{_COUNT} accepted, .+)",
            "{n}: {counts}",
        ),
        (
            rf"(?P<n>{_COUNT} messages?) (?P<status>accepted|rejected|unknown), (?P<raw_cause>[^:]+): (?P<below>.*)",
            "{n} {status}، به این علت:\n  {raw_cause}\n{below}",
        ),
        (r"campaign: (?P<raw>.+) \((?P<raw_command>wikipayam .+)\)", "کمپین:\n  {raw}\n  {raw_command}"),
        (
            (
                r"unknown messages may have been sent, and are not sent again\. Look for them in the panel, by receiver, text and "
                r"time, or by track id if it shows one \((?P<raw>.+)\), then record what you found: (?P<raw_found>.+), or for "
                r"those that the panel does not show, (?P<raw_missing>.+)"
            ),
            (
                "نامعلوم‌ها شاید فرستاده شده باشند و دوباره فرستاده نمی‌شوند. در پنل با گیرنده و متن و زمان دنبالشان بگردید:\n"
                "  {raw}\nآنچه در پنل بود:\n  {raw_found}\nآنچه نبود:\n  {raw_missing}"
            ),
        ),
        (r"to go on: (?P<raw>.+)", "برای ادامه:\n  {raw}"),
        (
            rf"enqueued: (?P<n>{_COUNT} messages?); to watch: (?P<raw>.+)",
            "به صف رفت: {n}؛ برای تماشا:\n  {raw}",
        ),
        (r"no worker is there: `(?P<raw>.+)` starts one", "هیچ کارگری در کار نیست؛ برای روشن‌کردنش:\n  {raw}"),
        (r"no workers", "هیچ کارگری در کار نیست"),
        (r"nothing was enqueued", "چیزی به صف نرفت"),
        (r"nothing was planned", "کمپینی ساخته نشد"),
        (
            r"changed: (?P<raw>.+); the tables are of version (?P<n>[0-9]+)",
            "جدول‌ها به نسخه‌ی {n} رسید:\n  {raw}",
        ),
        (r"nothing to change; the tables are of version (?P<n>[0-9]+)", "جدول‌ها به‌روز است، نسخه‌ی {n}"),
        (
            rf"worker (?P<raw>.+): (?P<n>{_COUNT} requests?) at once; Ctrl-C or SIGTERM ends it",
            "کارگر با {n} هم‌زمان روشن شد؛ پایان با Ctrl-C\n  {raw}",
        ),
        (r"paused; to go on: (?P<raw>.+)", "کمپین متوقف شد؛ برای ادامه:\n  {raw}"),
        (r"recorded as accepted: (?P<n>.+)", "پذیرفته ثبت شد: {n}"),
        (rf"put back: (?P<n>{_COUNT} messages?); to send them: (?P<raw>.+)", "به صف برگشت: {n}؛ برای ارسال:\n  {raw}"),
        (r"deleted: the gateway sent no count", "حذف شد؛ درگاه تعداد را نگفت"),
        (r"deleted: (?P<raw>.+)", "حذف شد: {raw}"),
        (r"marked: the gateway sent no count", "علامت خورد؛ درگاه تعداد را نگفت"),
        (r"marked: (?P<raw>.+)", "علامت خورد: {raw}"),
        (rf"(?P<n>{_COUNT}) unread", "{n} پیام خوانده‌نشده"),
        (rf"(?P<n>{_COUNT}) of (?P<total>{_COUNT})", "{n} از {total}"),
        (r"from (?P<raw>.+) to (?P<raw_line>.+), at an unknown time", "از: {raw}\nبه: {raw_line}"),
        (r"from (?P<raw>.+) to (?P<raw_line>.+), (?P<raw_at>.+)", "از: {raw}\nبه: {raw_line}\nزمان: {raw_at}"),
        (
            r"not exported, because they cannot be read: offset (?P<raw>.+)",
            "این پیام‌ها خوانده نشد و در فایل نیست؛ جایشان در فهرست: {raw}",
        ),
        (
            r"cannot be read: unread messages at offset (?P<raw>.+)",
            "این پیام‌ها خوانده نشد؛ جایشان در فهرست خوانده‌نشده‌ها: {raw}",
        ),
        (rf"(?P<n>{_COUNT} messages?)", "{n}"),
        (rf"(?P<n>{_COUNT} messages?) in (?P<raw>.+)", "{n} در این فایل:\n  {raw}"),
        (rf"(?P<rate>{_COUNT}) a second", "هر ثانیه {rate}"),
        (rf"(?P<rate>{_COUNT}) a second, about (?P<time>[0-9:]+) left", "هر ثانیه {rate}، تا پایان {time}"),
        (
            rf"(?P<n>{_COUNT}) of (?P<total>{_COUNT}): (?P<counts>{_COUNT} (?:accepted|rejected|unknown|left)[^;]*)",
            "{n} از {total}: {counts}",
        ),
        (r"works", "کار می‌کند"),
        (r"is silent; it may have died", "خبری از آن نیست؛ شاید از کار افتاده است"),
        (
            rf"(?P<n>{_COUNT}) of (?P<total>{_COUNT}): (?P<counts>[^;]+); (?P<rate>{_COUNT}) a second(?:, about (?P<time>[0-9:]+) left)?",
            "{n} از {total}: {counts}؛ هر ثانیه {rate}",
        ),
        (r"waiting for the sending hours, until (?P<raw>.+)", "در انتظار ساعت ارسال، تا: {raw}"),
        (
            rf"the spending limit is reached: (?P<spent>{_COUNT} rials) are spent, (?P<left>{_COUNT})(?: rials)? are left",
            "سقف هزینه پر شد: {spent} خرج شده و {left} ریال مانده است",
        ),
        (rf"(?P<n>{_COUNT} messages?) did not reach the gateway", "{n} به درگاه نرسید"),
        (r"the token is refused", "توکن پذیرفته نشد"),
        (r"the process that ran it has ended", "پردازه‌ای که آن را می‌فرستاد پایان یافته است"),
        (r"SIG(?:INT|TERM)", "کار قطع شد"),
        (r"stopped", "متوقف شد"),
        (r"the run raised (?P<raw>\w+)", "اجرا با خطا پایان یافت: {raw}"),
        (
            rf"(?P<raw>.+): (?P<n>{_COUNT}) of (?P<total>{_COUNT}): (?P<detail>[^;]+); (?P<rate>{_COUNT}) a second.*; (?P<workers>{_COUNT} workers?)",
            "{n} از {total}: {detail}؛ هر ثانیه {rate}، {workers}\n  {raw}",
        ),
        (r"accepted: id (?P<raw>\S+), track id (?P<raw_track>\S+)", "پذیرفته شد\n  id: {raw}\n  track id: {raw_track}"),
        (r"accepted: id (?P<raw>\S+)", "پذیرفته شد\n  id: {raw}"),
        (r"accepted", "پذیرفته شد"),
        (
            r"queued: id (?P<raw>\S+), track id (?P<raw_track>\S+)",
            "در صف تماس است\n  id: {raw}\n  track id: {raw_track}",
        ),
        (r"unknown to the gateway: (?P<raw>.+)", "درگاه این شناسه‌ها را نمی‌شناسد: {raw}"),
        (r"refused by the gateway: (?P<raw>.+)", "درگاه این شناسه‌ها را نپذیرفت: {raw}"),
        (r"still pending after (?P<n>[0-9.]+) s: (?P<raw>.+)", "پس از {n} ثانیه هنوز معلوم نیست: {raw}"),
        (rf"(?P<counts>{_COUNT} (?:accepted|rejected|unknown|left)(?:, {_COUNT} [a-z ]+)*)", "{counts}"),
        (rf"(?P<n>{_COUNT}) (?P<status>{'|'.join(DELIVERIES)})", "{n} پیامک: {status}"),
        (rf"(?P<n>{_COUNT}) (?P<raw>[A-Z_]+)", "{n} پیامک: {raw}"),
        (rf"(?P<n>{_COUNT}) pending", "{n} پیامک هنوز معلوم نیست"),
        (
            r"track id (?P<raw>\S+): (?P<status>accepted|rejected|unknown|not attempted)(?:, id (?P<raw_id>\S+))?",
            "{status}:\n  {raw} {raw_id}",
        ),
        (
            (
                r"(?P<raw>[a-z]+\.[a-z_]+), (?P<raw_track>.+): (?P<status>accepted|rejected|unknown|not attempted)"
                r"(?:, (?P<raw_id>\S+))?"
            ),
            "{status}: {raw}\n  {raw_track} {raw_id}",
        ),
        (r"API token \(not shown\):", "توکن (دیده نمی‌شود):"),
        # one-time codes
        (r"Code:", "کد:"),
        (r"Code \(an empty line for a voice call\):", "کد (سطر خالی: همان کد با تماس صوتی):"),
        (
            r"sent by (?P<way>SMS|voice call)(?P<doubt>(?:; its outcome .*)?): the code is valid for (?P<n>[0-9]+) s",
            "{way} فرستاده شد{doubt}: کد تا {n} ثانیه اعتبار دارد",
        ),
        (r"verified: (?P<raw>.+)", "شماره تأیید شد: {raw}"),
        (r"wrong: (?P<n>[0-9]+) more may be typed", "کد نادرست بود؛ {n} بار دیگر می‌شود نوشت"),
        (r"not verified: no code was typed", "شماره تأیید نشد: کدی نوشته نشد"),
        (
            r"not verified: (?P<why>wrong|locked|expired|used|not_found)(?:; wait (?P<n>[0-9]+) s before the next)?",
            "شماره تأیید نشد: {why}",
        ),
        (
            r"no such key: its message was not sent, or the key has expired",
            "چنین کلیدی نیست: پیامکش فرستاده نشده، یا مهلت کلید گذشته است",
        ),
        # the emulator and the lab
        (
            r"(?P<name>url|token|lines|user name|control|openapi|lab|gateway): +(?P<raw>\S.*)",
            "{name}: {raw}",
        ),
        (r"To point a client at it, in (?P<raw>\S+):", "برای وصل‌کردن کلاینت به آن، در {raw}:"),
        (r"Press Ctrl-C to stop\.", "برای پایان: Ctrl-C"),
        (r"Every send costs money\. Press Ctrl-C to stop\.", "هر ارسال هزینه دارد. برای پایان: Ctrl-C"),
        (
            rf"messages accepted: (?P<n>{_COUNT}), requests: (?P<requests>{_COUNT})",
            "پیامک پذیرفته‌شده: {n}، درخواست: {requests}",
        ),
        (r"received: (?P<raw>.+)", "دریافت شد: {raw}"),
        (r"saved: (?P<raw>.+)", "ذخیره شد: {raw}"),
        (r"occurred: (?P<raw>.+)", "رخ داده: {raw}"),
        (
            rf"(?P<raw>\S+) for (?P<raw_receiver>.+) from now on, and for (?P<n>{_COUNT}) accepted before",
            "از این پس، و برای {n} پیامک پیشین:\n  {raw_receiver} {raw}",
        ),
        (rf"(?P<cost>{_MONEY})", "{cost}"),
        (r"(?P<least>[0-9.e-]+) to (?P<most>[0-9.e-]+) s", "{least} تا {most} ثانیه"),
        (r"(?P<n>[0-9.e-]+) s", "{n} ثانیه"),
        (r"no limit", "محدودیتی نیست"),
        (rf"(?P<n>{_COUNT} requests?) in (?P<seconds>[0-9.e+]+) s", "{n} در {seconds} ثانیه"),
        # texts
        (
            (
                r"with the (?P<raw>.+) replacements it takes (?P<parts>[0-9,]+ parts?) in (?P<kind>ucs2|gsm7), which saves "
                r"(?P<saved>.+) per message"
            ),
            "با این جایگزینی‌ها {parts} {kind} می‌شود، هر پیامک {saved} ارزان‌تر:\n  {raw}",
        ),
        (
            r"with the (?P<raw>.+) replacements it takes (?P<parts>[0-9,]+ parts?) in (?P<kind>ucs2|gsm7)",
            "با این جایگزینی‌ها {parts} {kind} می‌شود:\n  {raw}",
        ),
        (
            rf"(?P<parts>{_COUNT} parts?) in (?P<kind>ucs2|gsm7): (?P<units>[0-9]+) units, (?P<left>[0-9]+) left",
            "{parts} {kind}: {units} کاراکتر، جا برای {left} کاراکتر دیگر",
        ),
        (rf"to (?P<n>{_COUNT} receivers?): (?P<cost>{_MONEY}.*)", "به {n}: {cost}"),
        # errors
        (
            r"confirmation: expected a terminal, or (?P<raw>.+); got no terminal",
            "کسی نیست که پاسخ بدهد؛ این گزینه را بدهید:\n  {raw}",
        ),
        (
            r"no token: .*",
            "توکن نیست. آن را از پنل (پروفایل، توکن) بردارید و در این متغیر محیطی بگذارید:\n  SMS_AUTH_TOKEN",
        ),
        (r"no sender: .*", "خط ارسال معلوم نیست؛ این گزینه را بدهید:\n  --sender"),
        (
            rf"(?P<raw>[^:]+): expected an Iranian mobile number such as 09123456789, but (?P<why>{_WHY}){_VALUE}",
            "شماره‌ی موبایل نیست، {why}: {raw}",
        ),
        (
            rf"(?P<raw>--[a-z-]+): cannot be combined with (?P<raw_other>\S+){_VALUE}",
            "این دو گزینه با هم نمی‌آیند: {raw} {raw_other}",
        ),
        (
            rf"(?P<raw>--[a-z-]+): needs (?P<raw_other>--[a-z-]+).*{_VALUE}",
            "این گزینه گزینه‌ی دوم را هم می‌خواهد: {raw} {raw_other}",
        ),
        (rf"(?P<raw>\S+): expected a readable text file in UTF-8{_VALUE}", "فایل متنی خوانده نشد: {raw}"),
        (rf"(?P<raw>--[a-z-]+): expected hours such as .*{_VALUE}", "ساعت را این‌گونه بنویسید: {raw} 08:00-21:00"),
        (rf"(?P<raw>--[a-z-]+): expected at least 1{_VALUE}", "دست‌کم 1: {raw}"),
        (r"not sent: a duplicate of an earlier message in this run", "تکراری است و فرستاده نشد"),
        (r"not sent: the receiver opted out", "گیرنده پیامک نمی‌خواهد و فرستاده نشد"),
        (r"not sent: (?P<raw>.+)", "فرستاده نشد:\n  {raw}"),
        (
            r"the process ended while the message was in flight",
            "پردازه هنگام ارسال پیامک پایان یافت",
        ),
        # usage errors
        (r"Unused Tokens: \[(?P<raw>.+)\]\.", "این را نمی‌شود اینجا نوشت: {raw}"),
        (r"Invalid value for (?P<raw>\S+): unable to convert .*", "مقدار نادرست است: {raw}"),
        (r'Invalid value "(?P<raw_value>[^"]*)" for (?P<raw>\S+)\. Must be .*', "مقدار نادرست است: {raw} {raw_value}"),
        (r'Unknown command "(?P<raw>[^"]*)"\..*', "چنین دستوری نیست: {raw}"),
        (
            r"Unknown option: (?P<raw>\S+?)\. Did you mean (?P<raw_other>\S+)\?",
            "چنین گزینه‌ای نیست: {raw}\nشاید این را می‌خواستید: {raw_other}",
        ),
        (r"Unknown option: (?P<raw>.+)\.", "چنین گزینه‌ای نیست: {raw}"),
        (r'Command "(?P<raw_command>[^"]*)" parameter (?P<raw>\S+) requires an argument\.', "این را هم بنویسید: {raw}"),
        (r"Parameter (?P<raw>\S+) specified multiple times\.", "این گزینه فقط یک بار می‌آید: {raw}"),
        (r"Invalid value for (?P<raw>\S+): expected a whole number", "عدد صحیح بنویسید: {raw}"),
        (r"Invalid value for (?P<raw>\S+): expected a number", "عدد بنویسید: {raw}"),
        (
            r"Invalid value for (?P<raw>\S+): expected an amount of .*",
            "مبلغ را به ریال یا تومان بنویسید، مانند 895 یا 89.5t: {raw}",
        ),
        (
            r'Invalid value "(?P<raw_value>[^"]*)" for (?P<raw>\S+)\. Choose from: (?P<raw_choices>.+)\.(?: Did .*)?',
            "یکی از این‌ها را بنویسید: {raw} {raw_choices}",
        ),
        *CHECKS,
        *ERRORS,
        (r"(?P<raw>.+): (?P<status>planned|running|paused|completed|canceled)", "کمپین {status}:\n  {raw}"),
        (
            r"(?P<raw>.+): (?P<status>planned|running|paused|completed|canceled): (?P<below>.+)",
            "کمپین {status}:\n  {raw}\n{below}",
        ),
    )
)
"""The sentences, the first that matches counts."""
