"""The Persian of the help, by its English.

A sentence that stands alone has no full stop, and Latin words stand at the end of a clause where they can: a terminal that
lays lines out from the left would put a full stop, or a word in the middle, where nobody looks for it.
"""

from __future__ import annotations

__all__ = ["WORDS"]

_FRAME = {
    "Send and receive SMS through the gateway Wikipayam.": "ارسال و دریافت پیامک از راه درگاه ویکی‌پیام",
    "Exit codes: 0 all accepted, 1 some rejected, 2 a mistake in the command, 3 the outcome of some is unknown, "
    "4 no token or a refused one, 5 gateway or network, 130 interrupted.": (
        "کد خروج: 0 همه پذیرفته شد، 1 بعضی رد شد، 2 دستور اشتباه است، 3 سرنوشت بعضی نامعلوم است، "
        "4 توکن نیست یا پذیرفته نشد، 5 درگاه یا شبکه خطا داد، 130 کار قطع شد"
    ),
    "Usage:": "کاربرد:",
    "Commands": "دستورها",
    "Arguments": "آرگومان‌ها",
    "Options": "گزینه‌ها",
    "[required]": "[الزامی]",
    "[default: {}]": "[پیش‌فرض: {}]",
    "[choices: {}]": "[یکی از: {}]",
    "Display this message and exit.": "نمایش همین راهنما",
    "Display application version.": "نمایش نسخه",
    "Write JSON to stdout, for programs.": "خروجی برای برنامه‌ها، به شکل JSON در stdout",
    "Seconds that one attempt may take.": "مهلت هر تلاش، به ثانیه",
    "Where the gateway is, instead of WIKIPAYAM_SMS_API_BASE_URL.": "نشانی درگاه، به جای WIKIPAYAM_SMS_API_BASE_URL",
    "The URL of an HTTP proxy; those of the environment are not used.": (
        "نشانی پروکسی؛ پروکسی‌های متغیرهای محیطی به کار نمی‌روند"
    ),
    "A file with settings, as SMS_AUTH_TOKEN=...": "فایل تنظیم‌ها؛ هر سطر مانند SMS_AUTH_TOKEN=...",
}

_COMMANDS = {
    "Show the account's balance, which also checks the token.": "نمایش موجودی حساب؛ درستی توکن را هم می‌سنجد",
    "Send one text to one or more receivers.": "ارسال یک متن به یک یا چند گیرنده",
    "Send what a file lists: CSV, XLSX or JSON Lines.": "ارسال انبوه از روی فایل CSV, XLSX, JSON Lines",
    "Show what became of a bulk send, from its results file.": "سرنوشت پیامک‌های یک ارسال انبوه، از روی فایل نتیجه‌های آن",
    "Show what became of messages that were sent.": "وضعیت تحویل پیامک‌های فرستاده‌شده",
    "Read, mark, delete, watch and export received messages.": (
        "پیام‌های دریافتی: خواندن، علامت‌زدن، حذف، گوش‌دادن پیوسته و نوشتن در فایل"
    ),
    "Send a one-time code by SMS.": "ارسال کد تأیید با پیامک",
    "Send a one-time code by a call.": "ارسال کد تأیید با تماس صوتی",
    "Send by the road of the accounting software Holoo.": "ارسال از مسیر نرم‌افزار حسابداری هلو",
    "Count the parts of a text, and what they cost.": "شمردن پارت‌های یک متن و هزینه‌ی آن",
    "Tell what a phone number is, and its spellings.": "شناختن یک شماره‌ی تلفن و شکل‌های نوشتنش",
    "Serve an emulated gateway, which sends nothing.": "روشن‌کردن شبیه‌ساز درگاه؛ چیزی فرستاده نمی‌شود",
    "Watch a bulk send to an emulated gateway that misbehaves.": "تماشای یک ارسال انبوه به شبیه‌سازی که خراب‌کاری می‌کند",
    "Check token, TLS, clock, proxy and the way to the gateway.": "بررسی توکن، ساعت، پروکسی، مسیر درگاه و TLS",
    "Print the completion script of a shell.": "چاپ اسکریپت تکمیل خودکار برای یک پوسته",
    "The shell.": "نام پوسته",
}

_SENDING = {
    "The mobile that gets it, in any usual spelling.": "موبایل گیرنده، به هر شکل رایجی که نوشته شود",
    "The phone that is called, a mobile in any usual spelling.": (
        "موبایلی که با آن تماس گرفته می‌شود، به هر شکل رایجی که نوشته شود"
    ),
    "The text, sent to the letter; - reads it from stdin.": (
        "متن پیامک، که بی‌هیچ تغییری فرستاده می‌شود؛ خط تیره (-) یعنی از stdin"
    ),
    "The text; - reads it from stdin.": "متن پیامک؛ خط تیره (-) یعنی از stdin",
    "1 to 32 digits or ASCII letters; - reads it from stdin, so that no process list shows it.": (
        "کد، 1 تا 32 رقم یا حرف لاتین؛ خط تیره (-) یعنی از stdin، تا در فهرست پردازه‌ها دیده نشود"
    ),
    "The number of the pattern in the panel.": "شماره‌ی الگو در پنل",
    "A further receiver of the same text; may be repeated.": "گیرنده‌ی دیگری برای همین متن؛ تکرارشدنی است",
    "The line; SMS_SENDER if not given.": "خط ارسال؛ اگر ندهید SMS_SENDER",
    "Your own reference; one is made if not given.": "شناسه‌ی پیگیری خودتان؛ اگر ندهید ساخته می‌شود",
    "The account's user name; SMS_USERNAME if not given.": "نام کاربری حساب؛ اگر ندهید SMS_USERNAME",
    "Take the old road, which puts the token into the URL, where every proxy on the way logs it.": (
        "راه قدیمی، که توکن را در نشانی می‌گذارد و هر پروکسی میان راه آن را در لاگ می‌نویسد"
    ),
    "The gateway's ids, which the sending told.": "شناسه‌های درگاه، که هنگام ارسال گفته شده‌اند",
    "Show every change until each message has come to its end.": "هر تغییر را نشان بده، تا وضعیت همه نهایی شود",
    "The seconds to follow for at most.": "حداکثر چند ثانیه دنبال شود",
}

_BULK_FILE = {
    "The file: .csv, .tsv, .txt, .xlsx, .xlsm, .jsonl or .ndjson.": "فایل: .csv, .tsv, .txt, .xlsx, .xlsm, .jsonl, .ndjson",
    "How CSV and JSON Lines are encoded, as cp1256; UTF-8 if not given.": (
        "کدگذاری فایل متنی، مانند cp1256؛ اگر ندهید UTF-8"
    ),
    "What stands between the cells of CSV, or tab; found from the first line if not given.": (
        "جداکننده‌ی خانه‌ها؛ اگر ندهید از سطر اول پیدا می‌شود. برای کلید Tab بنویسید tab"
    ),
    "The sheet of a workbook; the first if not given.": "نام برگه‌ی فایل اکسل؛ اگر ندهید برگه‌ی اول",
    "The first row holds data; the columns are called 1, 2, 3 and so on.": (
        "سطر اول هم داده است؛ نام ستون‌ها به ترتیب 1 و 2 و 3 است"
    ),
    "The column of the receivers; guessed from its name if not given.": (
        "ستون گیرنده‌ها؛ اگر ندهید از روی نام حدس زده می‌شود"
    ),
    "The column of the texts; guessed from its name if no option says what the texts are.": (
        "ستون متن‌ها؛ اگر هیچ گزینه‌ای متن را نگوید از روی نام حدس زده می‌شود"
    ),
    'A text with columns in braces, as in "Dear {name}".': "متنی با نام ستون‌ها میان دو آکولاد، مانند: سلام {نام}",
    "A file in UTF-8 that holds such a text.": "فایل چنین متنی، با کدگذاری UTF-8",
    "The same text for all.": "یک متن برای همه",
    "The column of the lines.": "ستون خط ارسال",
    "The column of your own references; they are made from the row's number if not given.": (
        "ستون شناسه‌ی پیگیری خودتان؛ اگر ندهید از شماره‌ی سطر ساخته می‌شود"
    ),
}

_BULK = {
    "Send each receiver one message, or the same text once; earlier runs count.": (
        "به هر گیرنده فقط یک پیامک بفرست، یا هر متن را فقط یک بار؛ اجراهای پیشین هم حساب‌اند"
    ),
    "A file with the numbers of people who want no messages, one a line.": (
        "فایل شماره‌ی کسانی که پیامک نمی‌خواهند؛ هر سطر یک شماره"
    ),
    "Look through the file, tell parts and cost, and send nothing.": "فایل را بررسی کن، پارت و هزینه را بگو و چیزی نفرست",
    "Rials for a part of a text in Persian, or with any other character that GSM-7 lacks.": (
        "بهای هر پارت فارسی به ریال؛ یا هر متنی با نویسه‌ای بیرون از GSM-7"
    ),
    "Rials for a part of a text in GSM-7; that of Persian if not given.": (
        "بهای هر پارت لاتین به ریال؛ اگر ندهید همان بهای فارسی"
    ),
    "Send without asking what costs at most so many rials.": "اگر هزینه حداکثر این‌قدر ریال باشد، بی‌پرسش بفرست",
    "Send without asking, whatever it costs.": "بی‌پرسش بفرست، هر هزینه‌ای که داشته باشد",
    "Leave out the rows that give no message, without asking.": "سطرهایی را که پیامک نمی‌شوند، بی‌پرسش کنار بگذار",
    "Messages a second at most.": "حداکثر چند پیامک در ثانیه",
    "Messages of a request at most; 100, or with --rate what goes in a second, if not given.": (
        "حداکثر چند پیامک در هر درخواست؛ اگر ندهید 100، یا به اندازه‌ی یک ثانیه‌ی گزینه‌ی --rate"
    ),
    "Requests in flight at once.": "چند درخواست با هم در راه باشند",
    "End at the first message that is not accepted; the rest is not attempted.": (
        "با نخستین پیامکی که پذیرفته نشود بایست؛ بقیه فرستاده نمی‌شوند"
    ),
    "The new results file; FILE.results.jsonl if not given.": "فایل تازه‌ی نتیجه‌ها؛ اگر ندهید FILE.results.jsonl",
    "Go on with this results file: what is accepted or unknown is not sent again.": (
        "از روی این فایل نتیجه‌ها ادامه بده؛ پذیرفته‌ها و نامعلوم‌ها دوباره نمی‌روند"
    ),
    "With --resume: send what was rejected, too.": "ردشده‌ها را هم بفرست؛ همراه --resume",
    "The results file.": "فایل نتیجه‌ها",
    "List the rows of this outcome; `not_attempted` lists those that a run had begun to see to.": (
        "فقط سطرهایی با این سرنوشت؛ سطرهایی که اجرا به سراغشان نرفته باشد در فهرست نیستند"
    ),
    "Write the rows to this new file, for a spreadsheet; all of them if no outcome is named.": (
        "سطرها را در این فایل تازه برای اکسل بنویس؛ اگر سرنوشتی نگفته باشید، همه را"
    ),
}

_INBOX = {
    "List received messages, a page at a time.": "فهرست پیام‌های دریافتی، صفحه به صفحه",
    "List what was not read, a page at a time.": "فهرست پیام‌های خوانده‌نشده، صفحه به صفحه",
    "Show one received message.": "نمایش یک پیام دریافتی",
    "Mark messages as read.": "علامت‌زدن پیام‌ها به عنوان خوانده‌شده",
    "Delete messages, after a question. They cannot be brought back.": "حذف پیام‌ها، پس از پرسش؛ برگشت‌پذیر نیست",
    "Show unread messages as they come, until Ctrl-C.": "نمایش پیام‌های خوانده‌نشده همان‌طور که می‌رسند، تا زدن Ctrl-C",
    "Write all messages that fit into a file.": "نوشتن همه‌ی پیام‌های خواسته‌شده در یک فایل",
    "CSV is for spreadsheets: a text that one would take for a formula gets an apostrophe in front. "
    "JSON Lines has every text to the letter.": (
        "برای اکسل CSV بگیرید؛ متنی که شاید فرمول شمرده شود، یک آپاستروف در آغاز می‌گیرد. "
        "برای متن‌های بی‌تغییر، JSON Lines"
    ),
    "Show the gateway's statistics of received messages, whose form it does not document.": (
        "آمار پیام‌های دریافتی، به همان شکلی که درگاه می‌دهد؛ شکلش در مستندات درگاه نیامده است"
    ),
    "All, those that were read, or those that were not.": "همه، خوانده‌شده‌ها یا خوانده‌نشده‌ها",
    "Only from this number.": "فقط از این شماره",
    "Only from this day on, as 2026-01-31.": "فقط از این روز به بعد، مانند 2026-01-31",
    "Only until this day.": "فقط تا این روز",
    "Only with this in the text.": "فقط اگر این در متن باشد",
    "What they are sorted by.": "ترتیب بر چه پایه‌ای باشد",
    "Which way they are sorted.": "ترتیب صعودی باشد یا نزولی",
    "How many, 500 at most.": "چند تا؛ حداکثر 500",
    "How many to skip.": "از چند تا بگذرد",
    "Only say how many there are.": "فقط بگو چند تا هستند",
    "The gateway's id.": "شناسه‌ی درگاه",
    "The gateway's ids.": "شناسه‌های درگاه",
    "Mark every message.": "همه‌ی پیام‌ها را علامت بزن",
    "Delete every message that was read.": "حذف همه‌ی خوانده‌شده‌ها",
    "Delete every message that was not read.": "حذف همه‌ی خوانده‌نشده‌ها",
    "Delete every message older than so many days.": "حذف همه‌ی پیام‌هایی که بیش از این‌قدر روز از آن‌ها گذشته است",
    "Do not ask.": "نپرس",
    "Seconds between two looks.": "فاصله‌ی دو نگاه، به ثانیه",
    "Mark each as read once it was shown.": "هر پیام را پس از نمایش، خوانده‌شده علامت بزن",
    "The file; - is stdout.": "نام فایل؛ خط تیره (-) یعنی stdout",
    "CSV or JSON Lines.": "قالب فایل: CSV, JSON Lines",
    "Replace a file that exists.": "اگر فایل هست، جایگزینش کن",
    "From this day on, as 2026-01-31.": "از این روز به بعد، مانند 2026-01-31",
    "Until this day.": "تا این روز",
}

_LOCAL = {
    "How many people get it.": "چند نفر آن را می‌گیرند",
    "Show where the text is cut.": "جاهای بریدن متن را نشان بده",
    "The number, in any usual spelling.": "شماره، به هر شکل رایجی که نوشته شود",
    "Where to listen.": "روی کدام نشانی گوش بدهد",
    "On which port; 0 takes a free one.": "روی کدام پورت؛ با 0 یک پورت آزاد برمی‌دارد",
    "How long every answer takes: 0.05, 20ms, 50ms-200ms.": "هر پاسخ چقدر طول بکشد، مانند 0.05, 20ms, 50ms-200ms",
    "What goes wrong, as 502:after@5% or reset@every10@/sms/send; may be repeated.": (
        "چه خرابی‌هایی پیش بیاید؛ تکرارشدنی است، مانند 502:after@5%, reset@every10@/sms/send"
    ),
    "A file that keeps balance, sent messages and inbox from one start to the next.": (
        "فایلی که موجودی، پیامک‌های فرستاده‌شده و پیام‌های دریافتی را تا اجرای بعدی نگه می‌دارد"
    ),
    "Decides what chance does.": "عدد آغاز تصادف؛ با عدد یکسان همه‌چیز همان‌طور تکرار می‌شود",
    "Show every request: method, path, status, milliseconds.": (
        "هر درخواست را نشان بده: متد، مسیر، کد وضعیت و زمان به میلی‌ثانیه"
    ),
    "How many; as many as there are receivers if not given.": "چند پیامک؛ اگر ندهید، به تعداد گیرنده‌ها",
    "Requests at once.": "چند درخواست هم‌زمان",
    "Messages of a request.": "چند پیامک در هر درخواست",
    "Decides what goes wrong.": "عدد آغاز تصادف؛ با عدد یکسان، همان خرابی‌ها پیش می‌آید",
    "Let nothing go wrong.": "بی‌خرابی",
}

_PARAGRAPHS = {
    "Nothing is sent twice: where the outcome of a message is unknown, the exit code is 3, and it is not tried again.": (
        "هیچ پیامکی دو بار نمی‌رود؛ اگر سرنوشت پیامکی نامعلوم باشد، دوباره فرستاده نمی‌شود و کد خروج 3 است"
    ),
    "The whole file is looked through before anything is sent. What became of each row is written to a results file as it "
    "goes: after an interruption, even a power cut, --resume goes on with the rest, and sends nothing twice.": (
        "کل فایل پیش از ارسال بررسی می‌شود. سرنوشت هر سطر همان لحظه در فایل نتیجه‌ها نوشته می‌شود؛ "
        "پس از قطع کار، حتی قطع برق، بقیه می‌روند و هیچ پیامکی دو بار نمی‌رود، با --resume"
    ),
    "The exit code is 1 if some will not arrive, and 3 if the outcome of some is still open when the time is up, or if the "
    "gateway does not know them.": (
        "اگر بعضی نرسند کد خروج 1 است؛ اگر در پایان مهلت بعضی هنوز معلوم نباشند، یا درگاه آن‌ها را نشناسد، 3"
    ),
    "It serves until Ctrl-C, and tells how to point a client at it.": (
        "می‌گوید کلاینت چگونه به آن وصل شود و روشن می‌ماند، تا زدن Ctrl-C"
    ),
    "At the end the client's report is compared with the gateway's own books: the exit code is 0 if they agree, else 1.": (
        "در پایان، گزارش کلاینت با دفتر خود درگاه سنجیده می‌شود؛ اگر یکی باشند کد خروج 0 است، وگرنه 1"
    ),
    "Show what became of a bulk send, from its results file. Nothing is asked of the gateway.": (
        "سرنوشت سطرهای یک ارسال انبوه، از روی فایل نتیجه‌ها؛ از درگاه چیزی پرسیده نمی‌شود"
    ),
    "Check token, TLS, clock, proxy and the way to the gateway. Nothing is sent; the balance is asked for.": (
        "بررسی توکن، TLS، ساعت، پروکسی و راه رسیدن به درگاه؛ پیامکی نمی‌رود و فقط موجودی پرسیده می‌شود"
    ),
    "Print the completion script of a shell. Nothing is installed: where it goes is yours to say.": (
        "چاپ اسکریپت تکمیل خودکار یک پوسته؛ چیزی نصب نمی‌شود و جای آن را شما تعیین می‌کنید"
    ),
}

WORDS = {**_FRAME, **_COMMANDS, **_SENDING, **_BULK_FILE, **_BULK, **_INBOX, **_PARAGRAPHS, **_LOCAL}
