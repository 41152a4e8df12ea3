"""The Persian texts of the demo, by the English ones; with marks around those that begin with a number, in cells."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["PERSIAN"]

PERSIAN: Mapping[str, str] = {
    # the introduction
    "{count:,} messages to an emulated gateway at {url}": "ارسال {count:,} پیامک به درگاه شبیه‌سازی‌شده: {url}",
    "{size} messages per request, {concurrency} requests in flight": "هر درخواست {size} پیامک، هم‌زمان {concurrency} درخواست",
    "with faults (seed {seed})": "با خطاهای عمدی (دانه‌ی تصادف {seed})",
    "without faults": "بدون خطا",
    "{limits}, {faults}": "{limits}، {faults}",
    "The first message, to {receiver}:": "پیامک اول، به {receiver}:",
    # progress
    "Sending": "ارسال",
    "Delivery": "تحویل",
    "{title}: {done:,} of {total:,}; {detail}": "{title}: {done:,} از {total:,}؛ {detail}",
    "{rejected:,} rejected, {unknown:,} unknown": "{rejected:,} ردشده، {unknown:,} نامعلوم",
    "{delivered:,} delivered, {failed:,} not": "{delivered:,} رسید، {failed:,} نرسید",
    # outcomes
    "Outcomes": "نتیجه‌ها",
    "Outcome": "نتیجه",
    "Messages": "پیامک",
    "Why": "علت",
    "accepted": "پذیرفته‌شده",
    "rejected": "ردشده",
    "unknown": "نامعلوم",
    "not attempted": "فرستاده‌نشده",
    "total": "همه",
    "see below; not sent again": "جدول بعد؛ دوباره فرستاده نمی‌شود",
    "Unknown: these may have been accepted, so the client never resends them": (
        "نامعلوم‌ها: شاید پذیرفته شده باشند؛ پس کلاینت هرگز دوباره نمی‌فرستدشان"
    ),
    "In ledger": "در دفتر درگاه",
    "Track ids": "شناسه‌های پیگیری",
    "{count:,} accepted": "\u200f{count:,} پذیرفته\u200f",
    "{count:,} not": "\u200f{count:,} نه\u200f",
    "{runs}, and {more} more": "{runs} و {more} دسته‌ی دیگر",
    # reasons
    "(empty)": "(خالی)",
    "{why} ({examples})": "{why} ({examples})",
    "not sent: {rule}": "فرستاده نشد: {rule}",
    "expected an Iranian mobile number": "شماره‌ی موبایل ایران نیست",
    "no known cause": "علت معلوم نیست",
    "answered {code}": "درگاه با {code} پاسخ داد",
    "answered {code}: {detail}": "درگاه با {code} پاسخ داد: {detail}",
    "The receiver does not take advertising.": "گیرنده پیامک تبلیغاتی نمی‌گیرد",
    "no reason given": "علتی گفته نشد",
    "the connection was reset": "اتصال ناگهان قطع شد",
    "the connection was closed without an answer": "اتصال بی‌پاسخ بسته شد",
    "the connection was closed in the middle of the answer": "اتصال وسط پاسخ بسته شد",
    "no outcome for 1 messages": "پاسخ نتیجه‌ی یک پیامک را ندارد",
    # statistics
    "Statistics": "آمار",
    "What": "مورد",
    "Count": "تعداد",
    "messages a second": "پیامک در ثانیه",
    "send requests": "درخواست ارسال",
    "send retries": "تکرار درخواست ارسال",
    "status requests": "پرسش وضعیت تحویل",
    "status retries": "تکرار پرسش وضعیت",
    "delivery: {state}": "تحویل: {state}",
    "DELIVERED": "به گوشی رسید",
    "UNDELIVERED": "هنوز نرسیده",
    "FAILED": "ناموفق",
    "WAITING_FOR_UPDATE": "در انتظار خبر",
    "pending": "هنوز نامعلوم",
    "balance before, IRR": "موجودی پیش از ارسال، ریال",
    "balance after, IRR": "موجودی پس از ارسال، ریال",
    # faults
    "Faults": "خطاهای عمدی",
    "none": "هیچ",
    "429 with Retry-After": "پاسخ 429 با Retry-After",
    "422 for one message": "پاسخ 422 برای یک پیامک",
    "502 before accepting": "پاسخ 502 پیش از پذیرفتن",
    "502 after accepting": "پاسخ 502 پس از پذیرفتن",
    "disconnect before accepting": "بستن اتصال پیش از پذیرفتن",
    "disconnect after accepting": "بستن اتصال پس از پذیرفتن",
    "reset before accepting": "قطع ناگهانی پیش از پذیرفتن",
    "reset after accepting": "قطع ناگهانی پس از پذیرفتن",
    "answer breaks off": "پاسخ نیمه‌کاره",
    "answer leaves one message out": "پاسخ بدون یکی از پیامک‌ها",
    "answer in another order": "پاسخ با ترتیب دیگر",
    "status: 429 with Retry-After": "وضعیت: پاسخ 429 با Retry-After",
    "status: 502": "وضعیت: پاسخ 502",
    "status: disconnect": "وضعیت: بستن اتصال",
    # the ledger
    "The gateway's ledger": "دفتر درگاه",
    "Check": "بررسی",
    "Expected": "انتظار",
    "Found": "یافته",
    "ok": "درست",
    "WRONG": "نادرست",
    "{least:,} to {most:,}": "\u200f{least:,} تا {most:,}\u200f",
    "messages with one outcome each": "پیامک‌هایی که درست یک نتیجه دارند",
    "reported accepted, and in the ledger": "گزارش می‌گوید پذیرفته شد، و در دفتر هست",
    "doubled: accepted more than once": "تکراری: بیش از یک بار پذیرفته‌شده",
    "lost: reported accepted, not in ledger": "گم‌شده: پذیرفته گزارش شده و در دفتر نیست",
    "unreported: in ledger, not in report": "گزارش‌نشده: در دفتر هست و در گزارش نیست",
    "altered: another receiver or text": "تغییرکرده: گیرنده یا متن دیگر",
    "IRR charged, and taken from balance": "هزینه و کاهش موجودی، ریال",
    "messages in the ledger": "پیامک‌های دفتر",
    "unknown, and accepted": "نامعلوم، و پذیرفته‌شده",
    "unknown, and not accepted": "نامعلوم، و پذیرفته‌نشده",
    "The ledger agrees with the report: nothing doubled, nothing lost, nothing unreported.": (
        "دفتر درگاه با گزارش یکی است: هیچ پیامکی تکراری، گم‌شده یا گزارش‌نشده نیست."
    ),
    "The ledger DISAGREES with the report:": "دفتر درگاه با گزارش یکی نیست:",
    # what ends the demo early
    "the demo needs {name}: {command}": "نمایش این بسته را لازم دارد: {name}\n{command}",
    "interrupted": "کار قطع شد",
    "the picture cannot be written: {error}": "تصویر نوشته نشد: {error}",
    "The output of the demo: the outcomes of all messages, compared with the gateway's ledger": (
        "خروجی نمایش: نتیجه‌ی همه‌ی پیامک‌ها، در مقایسه با دفتر درگاه"
    ),
}
