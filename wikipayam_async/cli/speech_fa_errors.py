"""The Persian sentences for errors and warnings, by patterns of the English ones.

The rules of `speech_fa` hold here: names, paths, ids and commands stand at the end of a line or on one of their own.
"""

from __future__ import annotations

import re

__all__ = ["ERRORS"]

_FIELD = r"(?P<raw>[^:]+)"
_VALUE = r"; got .*"
_WHY = r"(?P<why>it [^;]+)"
_ADVICE = r"(?P<advice>(?:; [a-z][^\"]*)?)"
_OPERATION = r"(?P<raw>[a-z]+\.[a-z_]+)"
_COUNT = r"[0-9,]+"

_RULES = {
    "expected a value": "مقدار ندارد",
    "expected valid Unicode": "متن کاراکتر نادرست دارد",
    "expected a text that is not empty": "متن نباید خالی باشد",
    "expected messages per second, above 0": "تعداد پیامک در ثانیه، بزرگ‌تر از 0",
    "expected a finite number above 0": "عددی بزرگ‌تر از 0 بنویسید",
    "expected a finite number of seconds above 0": "ثانیه، بزرگ‌تر از 0",
    "expected seconds, not below 0": "ثانیه، دست‌کم 0",
    "expected track ids, or --cause": "یا شناسه‌ی پیگیری بدهید یا علت، نه هر دو: --cause",
    "expected track ids, or --cause, or --rejected": (
        "یا شناسه‌ی پیگیری بدهید یا یکی از این گزینه‌ها: --cause, --rejected"
    ),
    "expected a new file, or --force": "این فایل هست؛ نام دیگری بدهید، یا برای جایگزینی بنویسید --force",
    "expected another file than the campaign's": "این فایل خود کمپین است؛ نام دیگری بدهید",
    "expected a file to write, .csv or .jsonl": "نام فایلی را بدهید که نوشته شود: .csv .jsonl",
    "expected the file of a campaign, or --name with --database": (
        "کمپین را فقط با یکی از این دو بگویید، فایل آن یا نامش در پایگاه داده: --database --name"
    ),
    "expected rows": "سطری برای خواندن ندارد",
    "expected a fault, as in 502:after@5%": "خطایی بنویسید، مانند 502:after@5%",
    "expected with options of the gateway": "گزینه‌های درگاه بدون این گزینه معنی ندارد",
    "expected how you know, for the audit": "بنویسید از کجا می‌دانید؛ در سابقه می‌ماند",
    "expected an open stream": "خروجی بسته شد",
    "expected a text in the encoding of the locale": "متن با رمزگذاری سیستم خوانده نشد",
    "expected a file that can be used": "از این فایل نمی‌شود استفاده کرد",
    "expected a word such as {code}": "بنویسید چه چیزی در متن جای کد است",
    "expected one source of the texts": "متن را فقط از یک راه بدهید",
    "expected one mobile number: give each receiver a row of its own": "هر گیرنده یک سطر جدا می‌خواهد",
    "expected a name that one column has": "چند ستون این نام را دارند",
    "expected a column that the sheet shows, or --include-hidden": "این ستون پنهان است؛ برای خواندنش --include-hidden",
    "expected the names of the columns, or --no-header": "سطر اول نام ستون‌ها نیست؛ اگر سطر عنوان ندارد --no-header",
    "expected the number of a row that is not empty": "شماره‌ی سطری را بدهید که خالی نیست",
    "expected one character, or the word tab": "یک کاراکتر بنویسید، یا tab",
    "expected a JSON object": "این سطر شیء نیست: JSON",
    "expected each receiver once, in whatever spelling (--dedupe sends to it once)": (
        "گیرنده‌ای دو بار آمده است؛ برای یک پیامک به هر گیرنده --dedupe"
    ),
    "the file has no rows": "فایل سطری ندارد",
    "expected 1 to 32 digits or ASCII letters": "کد 1 تا 32 رقم یا حرف لاتین است",
    "expected 1 to 64 letters, digits, '-' or '_'": "شناسه 1 تا 64 حرف لاتین یا رقم است",
    "expected a date, or a string like 2024-01-31 or 1403/01/15": "روز را این‌گونه بنویسید، 2024-01-31 یا 1403/01/15",
    "expected every brace in a pair around a name, or doubled": "هر آکولاد باید بسته شود، یا دو بار بیاید",
    "expected the name of a campaign: letters, digits, and . _ - between them, 100 at most": (
        "نام کمپین حداکثر 100 حرف لاتین و رقم است"
    ),
    "needs --price-persian": "تعرفه را هم بدهید، با --price-persian",
    "cannot be combined with the other prices": "با گزینه‌های دیگر تعرفه نمی‌آید",
}
"""What was expected of a value. The option or the column follows."""

_PATTERNS = (
    # the gateway and the network
    (
        rf'{_OPERATION}: the gateway answered (?P<status>[0-9]+); (?P<raw_said>".*?"){_ADVICE}',
        "درگاه با کد {status} پاسخ داد{advice}\n  {raw}: {raw_said}",
    ),
    (
        rf"{_OPERATION}: the gateway answered (?P<status>[0-9]+){_ADVICE}",
        "درگاه با کد {status} پاسخ داد{advice}\n  {raw}",
    ),
    (
        rf"{_OPERATION}: it is not known whether the gateway accepted this (?P<raw_why>\([^)]*\))\. Do not resend blindly.*\((?P<raw_ids>[^()]+)\)\.?",
        (
            "معلوم نیست که درگاه پذیرفت یا نه؛ دوباره نفرستید: نخست در پنل با گیرنده و متن و زمان دنبالش بگردید\n"
            "  {raw} {raw_why}\n  {raw_ids}"
        ),
    ),
    (
        rf"{_OPERATION}: it is not known whether the gateway accepted this (?P<raw_why>\(.*?\))(?:\. Do not resend.*)?",
        "معلوم نیست که درگاه پذیرفت یا نه؛ دوباره نفرستید، نخست در پنل بگردید\n  {raw} {raw_why}",
    ),
    (
        rf"{_OPERATION}: no connection to the gateway at (?P<raw_at>\S+) \((?P<raw_why>.+)\)",
        "اتصال به درگاه برقرار نشد\n  {raw}: {raw_at} ({raw_why})",
    ),
    (
        rf"{_OPERATION}: no connection to the gateway at (?P<raw_at>\S+) within the time-out",
        "درگاه در مهلت مقرر جواب اتصال را نداد\n  {raw}: {raw_at}",
    ),
    (
        rf"{_OPERATION}: no (?:complete )?answer within the time-out",
        "پاسخ درگاه در مهلت مقرر نرسید\n  {raw}",
    ),
    (
        rf"{_OPERATION}: the connection was closed without an answer",
        "اتصال بسته شد و پاسخی نرسید\n  {raw}",
    ),
    (
        rf"{_OPERATION}: the gateway's certificate was not accepted(?P<raw_why>.*)",
        "گواهی درگاه پذیرفته نشد\n  {raw}{raw_why}",
    ),
    # settings
    (
        r"(?P<raw>.+): the gateway's address is ignored, because the token does not come from this file",
        "نشانی درگاه از این فایل خوانده نشد، چون توکن از این فایل نیست:\n  {raw}",
    ),
    (r"(?P<raw>.+): cannot be read \((?P<raw_why>.+)\)", "فایل خوانده نشد:\n  {raw} ({raw_why})"),
    (
        r"--base-url: http would expose the token on the network.*",
        "نشانی درگاه باید رمزنگاری‌شده باشد، وگرنه توکن در شبکه لو می‌رود: --base-url https://...",
    ),
    (
        r"--database: expected the URL of a database; pass it, or set (?P<raw>\w+)",
        "نشانی پایگاه داده را بدهید، با این گزینه یا متغیر محیطی:\n  --database\n  {raw}",
    ),
    (
        r"pass the URL of a database as --database URL, or set (?P<raw>\w+)",
        "نشانی پایگاه داده را فقط با این گزینه یا متغیر محیطی بدهید:\n  --database URL\n  {raw}",
    ),
    (
        r"--database: expected a URL such as (?P<raw>\S+); got another text",
        "نشانی پایگاه داده را این‌گونه بنویسید:\n  {raw}",
    ),
    (r"--database: needs an extra: (?P<raw>.+)", "برای این کار نخست این را نصب کنید:\n  {raw}"),
    (r"--name: expected the name of a campaign in the database", "نام کمپین را هم بدهید: --name"),
    (
        r"store: none given; pass (?P<raw>.+), or set (?P<raw_variable>\w+)",
        "انباره‌ی کلیدها را بگویید، با این گزینه یا متغیر محیطی:\n  {raw}\n  {raw_variable}",
    ),
    (
        r"idempotency_key: expected 1 to 255 visible ASCII characters .*",
        "کلید یکتایی 1 تا 255 کاراکتر لاتین بی‌فاصله است: order-42:shipped",
    ),
    (r"store: there is no such file; pass .*", "فایل انباره‌ی کلیدها پیدا نشد: --store"),
    (
        r"--username: none given; .*",
        "نام کاربری معلوم نیست؛ این گزینه را بدهید:\n  --username",
    ),
    (r"--sender: none given; .*", "خط ارسال معلوم نیست؛ این گزینه را بدهید:\n  --sender"),
    (r"--proxy: expected a URL such as (?P<raw>.+)", "نشانی پروکسی را این‌گونه بنویسید: {raw}"),
    (
        r"--base-url(?: \(.*\))?: .*(?P<raw>https://\S+)",
        "نشانی درگاه را این‌گونه بنویسید: --base-url {raw}",
    ),
    # values
    (
        rf"{_FIELD}: expected a whole number from (?P<least>[0-9]+) to (?P<most>[0-9]+){_VALUE}",
        "عدد صحیح از {least} تا {most}: {raw}",
    ),
    (
        rf"{_FIELD}: expected a whole number of at least (?P<least>[0-9]+){_VALUE}",
        "عدد صحیح، دست‌کم {least}: {raw}",
    ),
    (
        rf"{_FIELD}: expected a string of 1 to (?P<most>[0-9]+) characters without control characters{_VALUE}",
        "1 تا {most} کاراکتر: {raw}",
    ),
    (
        rf"{_FIELD}: expected one of the formats (?P<raw_formats>.+) after '\|'{_VALUE}",
        "شکل نوشتن شناخته نشد؛ یکی از این‌ها: {raw}\n  {raw_formats}",
    ),
    (r"--tariff: expected a (?:readable )?TOML file; got (?P<raw>.+)", "فایل تعرفه خوانده نشد: --tariff\n  {raw}"),
    # files
    (r"(?P<raw>.+): there is no such file", "چنین فایلی نیست:\n  {raw}"),
    (
        r"(?P<raw>.+): is not the file, but the mark of a program that has it open; pass the file itself",
        "این نشانه‌ی برنامه‌ای است که فایل را باز کرده؛ خود فایل را بدهید:\n  {raw}",
    ),
    (
        r"(?P<raw>.+): expected a file that ends in one of (?P<raw_known>.+)",
        "پسوند فایل یکی از این‌ها نیست:\n  {raw}\n  {raw_known}",
    ),
    (
        r"(?P<raw>.+): is a workbook: give it a name that ends in (?P<raw_known>.+)",
        "این فایل اکسل است؛ نامش را با پسوند درست بنویسید:\n  {raw}\n  {raw_known}",
    ),
    (
        r"(?P<raw>.+): is (?:a web page or XML, not a table|a binary workbook \(\.xlsb\)|damaged, or no workbook): open it .*",
        "فایل اکسل خوانده نشد؛ در برنامه‌ی صفحه‌گسترده بازش کنید و دوباره ذخیره کنید، با پسوند xlsx\n  {raw}",
    ),
    (r"(?P<raw>.+): has a password.*", "فایل رمز دارد؛ رمزش را بردارید:\n  {raw}"),
    (
        r"(?P<raw>.+): is a text, not a workbook: .*",
        "این فایل اکسل نیست، متن است؛ نامش را عوض کنید، با پسوند csv\n  {raw}",
    ),
    (r"(?P<raw>.+): is empty", "فایل خالی است:\n  {raw}"),
    (r"(?P<raw>.+): has no sheet with cells", "برگه‌ای که سلول داشته باشد پیدا نشد:\n  {raw}"),
    (r"--sheet: no sheet has this name; the sheets are (?P<raw>.+)", "برگه‌ای با این نام نیست؛ برگه‌ها:\n  {raw}"),
    (r"--encoding: unknown encoding (?P<raw>.+)", "این رمزگذاری شناخته نشد: {raw}"),
    (
        r"(?P<raw>.+): bytes near line (?P<n>[0-9]+) are not valid (?P<raw_encoding>\S+); .*",
        (
            "نزدیک سطر {n} بایت‌هایی هست که خوانده نمی‌شود؛ رمزگذاری فایل را بدهید:\n  {raw}\n"
            "  --encoding cp1256\n  --encoding utf-16"
        ),
    ),
    (r"(?P<raw>.+): row (?P<n>[0-9]+) is not valid CSV: (?P<raw_why>.+)", "سطر {n} درست نیست:\n  {raw} ({raw_why})"),
    (r"(?P<raw>.+): cannot be used: (?P<raw_why>.+)", "از این فایل نمی‌شود استفاده کرد:\n  {raw} ({raw_why})"),
    (r"format: expected 'csv' or 'jsonl', .*", "قالب فایل معلوم نیست؛ پسوندش یکی از این دو باشد: .csv .jsonl"),
    (
        r"(?:file|path): expected a file that can be written: (?P<raw_why>.+); got (?P<raw>.+)",
        "فایل نوشته نشد:\n  {raw} ({raw_why})",
    ),
    (r"stdout: cannot be written; got (?P<raw>.+)", "خروجی نوشته نشد:\n  {raw}"),
    (
        rf"{_FIELD}: expected one of the columns (?P<raw_columns>.+); got .*",
        "ستون پیدا نشد؛ نام یکی از این ستون‌ها را بدهید: {raw}\n  {raw_columns}",
    ),
    (
        rf"{_FIELD}: expected at most (?P<n>[0-9]+) cells, like the first row{_VALUE}",
        "بیش از {n} سلول دارد",
    ),
    # campaigns
    (
        r"(?P<raw>.+): not a campaign; `(?P<raw_plan>.+)` plans one(?:, in .*)?",
        "چنین کمپینی نیست:\n  {raw}\nبرای ساختنش:\n  {raw_plan}",
    ),
    (
        r"(?P<raw>.+): is damaged or no campaign journal: (?P<raw_why>.+)",
        "فایل کمپین نیست، یا آسیب دیده است:\n  {raw} ({raw_why})",
    ),
    (
        r"(?P<raw>.+): process (?P<n>[0-9]+) is using this campaign; nothing was sent.*",
        (
            "پردازه‌ی {n} دارد همین کمپین را می‌فرستد؛ چیزی فرستاده نشد:\n  {raw}\n"
            "در این میان این دستورها کار می‌کنند:\n  wikipayam campaign status, results, pause, cancel"
        ),
    ),
    (
        r"(?P<raw>.+): another process has replaced the campaign; nothing was sent",
        "پردازه‌ی دیگری جای این کمپین کمپین تازه‌ای گذاشته است؛ چیزی فرستاده نشد:\n  {raw}",
    ),
    (
        (
            r"(?P<raw>.+): was planned from another file or with other options: (?P<each_difference>.+)\. Nothing was sent now\. "
            r"To send what is left of it: (?P<raw_run>.+)\. To send this file as another campaign, also to those who have "
            r"their message already: (?P<raw_other>.+)"
        ),
        (
            "این کمپین از فایل دیگری یا با گزینه‌های دیگری ساخته شده است؛ اکنون چیزی فرستاده نشد:\n  {raw}\n{each_difference}\n"
            "برای ارسال باقی‌مانده‌ی آن:\n  {raw_run}\n"
            "برای ارسال این فایل به شکل کمپینی دیگر، حتی به آن‌ها که پیامکشان را گرفته‌اند:\n  {raw_other}"
        ),
    ),
    (
        rf"(?P<raw>.+): the campaign is canceled; (?P<n>{_COUNT} messages) stay unsent",
        "این کمپین کنار گذاشته شده است و {n} فرستاده نمی‌شود:\n  {raw}",
    ),
    (
        r"(?P<raw>.+): the campaign is canceled; plan another one for messages to send",
        "این کمپین کنار گذاشته شده است؛ برای ارسال کمپین دیگری بسازید:\n  {raw}",
    ),
    (
        r"(?P<raw>.+): the campaign belongs to another account: (?P<raw_account>.+); nothing was sent\. Use .*",
        "این کمپین از حساب دیگری است؛ چیزی فرستاده نشد، توکن همان حساب را بدهید:\n  {raw}\n  {raw_account}",
    ),
    (
        r"(?P<raw>.+): was never enqueued; (?P<raw_enqueue>.+) leaves it to the workers",
        "این کمپین هنوز به صف نرفته است:\n  {raw}\nبرای سپردنش به کارگرها:\n  {raw_enqueue}",
    ),
    (
        rf"TRACK_IDS: expected messages of this campaign whose outcome is (?P<status>\w+) .*; got (?P<n>{_COUNT}) others?: (?P<raw>.+)",
        "{n} شناسه از پیامک‌های {status} این کمپین نیست؛ چیزی عوض نشد:\n  {raw}",
    ),
    (r"(?P<raw>.+): the outcomes could not be written", "سرنوشت پیامک‌ها نوشته نشد:\n  {raw}"),
    (
        rf"(?P<raw>.+): the outcomes of (?P<n>{_COUNT} messages?) could not be written, and the campaign stopped; .*",
        "سرنوشت {n} نوشته نشد و کمپین ایستاد؛ در زیر آمده‌اند و در اجرای بعدی نامعلوم می‌شوند:\n  {raw}",
    ),
    (
        r"the journal's tables in this database are of version (?P<n>[0-9]+), newer than (?P<known>[0-9]+), .*",
        "جدول‌های پایگاه داده نسخه‌ی {n} است و این بسته تا نسخه‌ی {known} را می‌شناسد؛ چیزی فرستاده نشد",
    ),
    (
        r"the journal's tables in this database are of version (?P<n>\w+), and this package needs (?P<needed>[0-9]+); .*",
        "جدول‌های پایگاه داده باید نسخه‌ی {needed} باشد؛ چیزی فرستاده نشد، کارگرها را متوقف کنید، سپس:\n  wikipayam campaign migrate",
    ),
    (
        r"not written: track id (?P<raw>\S+): (?P<status>accepted|rejected|unknown|not attempted)(?:, id (?P<raw_id>\S+))?",
        "نوشته نشد، {status}:\n  {raw} {raw_id}",
    ),
    (
        r"after the next run, record those that are accepted above: (?P<raw>.+)",
        "پس از اجرای بعدی، پذیرفته‌های بالا را ثبت کنید:\n  {raw}",
    ),
    (
        r"the tables could not be made or changed: (?P<raw>.+); nothing was changed",
        "جدول‌ها ساخته نشد و چیزی عوض نشد:\n  {raw}",
    ),
    (r"(?:[^:]+: )?the database cannot be used: (?P<raw>.+)", "پایگاه داده در دسترس نیست:\n  {raw}"),
    (r"warning: (?P<line>.+)", "هشدار:{line}"),
    # phone numbers
    (rf"number: expected an Iranian phone number, but {_WHY}{_VALUE}", "شماره‌ی تلفن ایرانی نیست: {why}"),
    # one-time codes
    (r"--host: expected a host in lower-case ASCII .*", "فقط دامنه را با حرف کوچک بنویسید: --host shop.example"),
    (
        r"resend: not sent, because the code was sent (?P<n>[0-9]+) times?, as often as it may be; .*",
        "فرستاده نشد: این کد {n} بار فرستاده شده و بیش از این نمی‌شود؛ از نو شروع کنید",
    ),
    # the emulator and the lab
    (r"the (?:emulator|lab) cannot start: (?P<raw>.+)", "روشن نشد:\n  {raw}"),
    (
        r"--fault: unknown fault (?P<raw>\S+); known are (?P<raw_known>[^;]+).*",
        "این خطا شناخته نشد: {raw}\n  {raw_known}",
    ),
    (
        r"(?P<raw>--latency|TIME): (?P<raw_value>.+) is not a duration; write .*",
        "زمان را به ثانیه یا میلی‌ثانیه بنویسید: {raw} 50ms",
    ),
    (
        r"No emulator answers at (?P<raw>\S+)\. Start one with `(?P<raw_start>.+)`, or pass its --url\.",
        "شبیه‌سازی در این نشانی نیست:\n  {raw}\nبرای روشن‌کردن، یا نشانی دیگر:\n  {raw_start}\n  --url",
    ),
    (
        r"There is no such fault rule in force\..*",
        "چنین خطایی برقرار نیست؛ فهرست خطاها:\n  wikipayam emulator fault list",
    ),
    (
        r"The control token is missing or wrong\. .* it is the value of (?P<raw>\w+) .*",
        "توکن کنترل نیست یا نادرست است؛ مقدارش در این متغیر محیطی شبیه‌ساز است:\n  {raw}",
    ),
    (r"The body (?:is invalid|does not hold an emulator's state): (?P<raw>.+)", "شبیه‌ساز این را نپذیرفت:\n  {raw}"),
    (r"(?P<raw>'.+') is not a fault rule\. .*", "این خطا شناخته نشد: {raw}"),
    (r"--port: .*", "شماره‌ی درگاه شبکه باید 0 تا 65535 باشد: --port"),
    (r"arguments: expected one of (?P<raw>.+); got .*", "درست یکی از این‌ها را بدهید:\n  {raw}"),
)


def _before_field(sentence: str) -> str:
    """Return what stands between a sentence and a field: a line break if the sentence ends in the name of an option."""
    last = sentence[-1]
    return "\n  " if last.isascii() and last.isalpha() else ": "


ERRORS: tuple[tuple[str, str], ...] = (
    *_PATTERNS,
    *(
        (rf"{_FIELD}: {re.escape(rule)}{_VALUE}", f"{sentence}{_before_field(sentence)}{{raw}}")
        for rule, sentence in _RULES.items()
    ),
)
"""The patterns, the first that matches counts."""
