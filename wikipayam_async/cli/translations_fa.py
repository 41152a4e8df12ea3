"""The Persian help texts, keyed by the English ones.

A single sentence has no full stop, and Latin words stand at the end of a clause where possible: a terminal without
right-to-left support would misplace them.
"""

from __future__ import annotations

__all__ = ["TRANSLATIONS"]

_COMMON = {
    "Send and receive SMS through the Wikipayam gateway.": "ارسال و دریافت پیامک از راه درگاه ویکی‌پیام",
    "Exit codes: 0 all accepted, 1 some rejected, 2 usage error, 3 some outcomes unknown, "
    "4 token missing or refused, 5 gateway or network failure, 130 interrupted.": (
        "کد خروج: 0 همه پذیرفته شد، 1 بعضی رد شد، 2 دستور اشتباه است، 3 سرنوشت بعضی نامعلوم است، "
        "4 توکن نیست یا پذیرفته نشد، 5 درگاه یا شبکه خطا داد، 130 کار قطع شد"
    ),
    "Usage:": "نحوه‌ی استفاده:",
    "Commands": "دستورها",
    "Arguments": "آرگومان‌ها",
    "Options": "گزینه‌ها",
    "[required]": "[الزامی]",
    "[default: {}]": "[پیش‌فرض: {}]",
    "[choices: {}]": "[یکی از: {}]",
    "Display this message and exit.": "نمایش همین راهنما",
    "Display application version.": "نمایش نسخه",
    "Write JSON to stdout, for programs.": "خروجی برای برنامه‌ها، به شکل JSON در stdout",
    "The timeout of one attempt, in seconds.": "مهلت هر تلاش، به ثانیه",
    "The URL of the gateway (default: WIKIPAYAM_SMS_API_BASE_URL).": "نشانی درگاه، به جای WIKIPAYAM_SMS_API_BASE_URL",
    "The URL of an HTTP proxy; proxy variables of the environment are ignored.": (
        "نشانی پروکسی؛ پروکسی‌های متغیرهای محیطی به کار نمی‌روند"
    ),
    "A file with settings, as SMS_AUTH_TOKEN=...": "فایل تنظیم‌ها؛ هر سطر مانند SMS_AUTH_TOKEN=...",
}

_COMMANDS = {
    "Show the outcome of a message under an idempotency key.": "نمایش سرنوشت پیامکی که با یک کلید یکتایی فرستاده شده",
    "Show the outcome of the message under an idempotency key.": "نمایش سرنوشت پیامکی که با این کلید یکتایی فرستاده شده",
    "The exit code is 0 if the message was accepted, 1 if it was refused, not attempted or never heard of, and 3 if its "
    "outcome is unknown or it is being sent.": (
        "کد خروج: 0 پیامک پذیرفته شده، 1 رد شده یا فرستاده نشده یا کلید پیدا نشده، 3 سرنوشتش نامعلوم است یا در حال ارسال است"
    ),
    "The key.": "کلید یکتایی",
    "The file of a store, or the URL of PostgreSQL or Redis (default: WIKIPAYAM_IDEMPOTENCY_STORE).": (
        "فایل انباره‌ی کلیدها، یا نشانی PostgreSQL یا Redis، به جای WIKIPAYAM_IDEMPOTENCY_STORE"
    ),
    "Show the account's balance, which also checks the token.": "نمایش موجودی حساب؛ درستی توکن را هم می‌سنجد",
    "Send one text to one or more receivers.": "ارسال یک متن به یک یا چند گیرنده",
    "Send a message for each row of a file: CSV, XLSX or JSON Lines.": "ارسال انبوه از روی فایل CSV, XLSX, JSON Lines",
    "Show the delivery status of sent messages.": "وضعیت تحویل پیامک‌های فرستاده‌شده",
    "Read, mark, delete, watch and export received messages.": (
        "پیام‌های دریافتی: خواندن، علامت‌زدن، حذف، دریافت پیوسته و نوشتن در فایل"
    ),
    "Send a one-time code by SMS.": "ارسال کد تأیید با پیامک",
    "Send a one-time code by a voice call.": "ارسال کد تأیید با تماس صوتی",
    "Send a one-time code, and check what you type: a trial of a login.": "آزمایش ورود با کد: ارسال کد و سنجیدن آنچه می‌نویسید",
    "Send a one-time code to a number, and check what you type: a trial of the login of your service.": (
        "ارسال کد تأیید به یک شماره و سنجیدن آنچه می‌نویسید؛ آزمایش ورود به سرویس شما"
    ),
    "The code is generated, and never shown. An empty line asks for the same code in a voice call. The exit code is 0 if the "
    "code was right, and 1 if the number was not verified.": (
        "کد ساخته می‌شود و هیچ‌جا نمایش داده نمی‌شود. سطر خالی یعنی همان کد با تماس صوتی خوانده شود. کد خروج: 0 کد درست بود، "
        "1 شماره تأیید نشد"
    ),
    "The mobile number, in any usual form.": "شماره‌ی موبایل، به هر شکل معمول",
    "The id of the pattern in the panel; without one the code is read out in a voice call.": (
        "شناسه‌ی پترن در پنل؛ بدون آن، کد با تماس صوتی خوانده می‌شود"
    ),
    "Send without asking.": "ارسال بدون پرسش",
    "Send through the endpoint of the accounting software Holoo.": "ارسال از مسیر نرم‌افزار حسابداری هلو",
    "Count the parts of a text, and their cost.": "شمردن پارت‌های یک متن و هزینه‌ی آن",
    "Check the text of a one-time code's pattern.": "بررسی متن الگوی (پترن) کد تأیید",
    "Check the text of a one-time code's pattern: its parts, and whether phones offer the code for input.": (
        "بررسی متن الگوی (پترن) کد تأیید: چند پارت است و آیا گوشی کد را خودکار پیشنهاد می‌دهد"
    ),
    "The exit code is 1 if there is a problem.": "اگر مشکلی باشد کد خروج 1 است",
    "The text of the pattern; - reads it from stdin.": "متن الگو؛ با - از stdin خوانده می‌شود",
    "The host of the login page, such as shop.example, for the line that phones read.": (
        "دامنه‌ی صفحه‌ی ورود، برای خطی که گوشی می‌خواند؛ مانند shop.example"
    ),
    "What stands for the code in the text.": "آنچه در متن به جای کد نوشته شده است",
    "The number of digits of a code.": "تعداد رقم‌های کد",
    "Show the kind and the forms of a phone number.": "شناختن یک شماره‌ی تلفن و شکل‌های نوشتنش",
    "Serve an emulated gateway, which sends nothing, and control one that runs.": (
        "روشن‌کردن شبیه‌ساز درگاه و کنترل آن هنگام کار؛ چیزی فرستاده نمی‌شود"
    ),
    "Open a page that tries every call: of the emulator, or of the gateway with --real.": (
        "روشن‌کردن صفحه‌ای برای آزمودن همه‌ی فراخوانی‌ها: با شبیه‌ساز، یا با --real روی درگاه واقعی"
    ),
    "Serve a page that tries every call, of an emulator or of the gateway.": (
        "روشن‌کردن صفحه‌ای برای آزمودن همه‌ی فراخوانی‌ها، با شبیه‌ساز یا روی درگاه واقعی"
    ),
    "It runs until Ctrl-C, and answers this machine only. With --real every send costs money; the page asks before each, "
    "and the token stays in this process.": (
        "تا Ctrl-C کار می‌کند و فقط به همین دستگاه پاسخ می‌دهد. با --real هر ارسال هزینه دارد؛ صفحه پیش از هر ارسال می‌پرسد "
        "و توکن در همین پردازه می‌ماند"
    ),
    "Use the gateway instead of an emulator.": "استفاده از درگاه واقعی به‌جای شبیه‌ساز",
    "Run a bulk send against an emulated gateway with faults.": "تماشای یک ارسال انبوه به شبیه‌سازی که عمداً خطا می‌دهد",
    "Check token, TLS, clock, proxy and connection.": "بررسی توکن، ساعت، پروکسی، مسیر درگاه و TLS",
    "Print the completion script for a shell.": "چاپ اسکریپت تکمیل خودکار برای یک پوسته",
    "The shell.": "نام پوسته",
}

_SENDING = {
    "The receiver's mobile number, in any usual form.": "موبایل گیرنده، به هر شکل رایجی که نوشته شود",
    "The mobile number to call, in any usual form.": (
        "موبایلی که با آن تماس گرفته می‌شود، به هر شکل رایجی که نوشته شود"
    ),
    "The text, sent unchanged; - reads it from stdin.": (
        "متن پیامک، که بی‌هیچ تغییری فرستاده می‌شود؛ خط تیره (-) یعنی از stdin"
    ),
    "A line below every text that does not end with it already, such as how to opt out of advertising.": (
        "سطری زیر متن‌هایی که آن را ندارند، مانند لغو۱۱ زیر پیامک تبلیغاتی"
    ),
    "The text; - reads it from stdin.": "متن پیامک؛ خط تیره (-) یعنی از stdin",
    "The code, 1 to 32 digits or ASCII letters; - reads it from stdin, to keep it out of process lists.": (
        "کد، 1 تا 32 رقم یا حرف لاتین؛ خط تیره (-) یعنی از stdin، تا در فهرست پردازه‌ها دیده نشود"
    ),
    "The id of the pattern in the panel.": "شناسه‌ی الگو (پترن) در پنل",
    "Another receiver of the same text; may be repeated.": "گیرنده‌ی دیگری برای همین متن؛ می‌توان چند بار داد",
    "The sender number (default: SMS_SENDER).": "خط ارسال؛ اگر ندهید SMS_SENDER",
    "Your own track id (default: a generated one).": "شناسه‌ی پیگیری خودتان؛ اگر ندهید ساخته می‌شود",
    "The account's user name (default: SMS_USERNAME).": "نام کاربری حساب؛ اگر ندهید SMS_USERNAME",
    "Use the legacy endpoint, which puts the token into the URL, where every proxy logs it.": (
        "راه قدیمی، که توکن را در نشانی می‌گذارد و هر پروکسی میان راه آن را در لاگ می‌نویسد"
    ),
    "The gateway's ids, as shown by the send.": "شناسه‌های درگاه، که هنگام ارسال گفته شده‌اند",
    "Show every change until the status of each message is final.": "هر تغییر را نشان بده، تا وضعیت همه نهایی شود",
    "The maximum time to follow, in seconds.": "حداکثر چند ثانیه دنبال شود",
}

_BULK_FILE = {
    "The sheet of a workbook (default: the first visible sheet).": "نام برگه‌ی فایل اکسل؛ اگر ندهید برگه‌ی اول",
    "The first row holds data; the columns are named 1, 2, 3 and so on.": (
        "سطر اول هم داده است؛ نام ستون‌ها به ترتیب 1 و 2 و 3 است"
    ),
    "The column of the receivers (default: guessed by its name).": (
        "ستون گیرنده‌ها؛ اگر ندهید از روی نام حدس زده می‌شود"
    ),
    "The column of the texts (default: guessed by its name, if no other option gives the texts).": (
        "ستون متن‌ها؛ اگر هیچ گزینه‌ای متن را نگوید از روی نام حدس زده می‌شود"
    ),
    "A UTF-8 file that holds the template.": "فایل چنین متنی، با کدگذاری UTF-8",
    "The same text for all messages.": "یک متن برای همه",
    "The column of the sender numbers.": "ستون خط ارسال",
}

_FILES = {
    "The file: .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl or .ndjson.": (
        "فایل: .csv, .tsv, .txt, .xlsx, .xlsm, .xls, .ods, .jsonl, .ndjson"
    ),
    "The encoding of CSV and JSON Lines, as cp1256 (default: UTF-8, or UTF-16 with its byte order mark).": (
        "کدگذاری فایل متنی، مانند cp1256؛ اگر ندهید UTF-8 یا UTF-16 از خود فایل شناخته می‌شود"
    ),
    "The delimiter of CSV, or the word tab (default: detected from the first lines).": (
        "جداکننده‌ی خانه‌ها؛ اگر ندهید از سطرهای اول پیدا می‌شود. برای کلید Tab بنویسید tab"
    ),
    "The number of the row with the names of the columns (default: found below titles).": (
        "شماره‌ی سطری که نام ستون‌ها در آن است؛ اگر ندهید زیر عنوان‌ها پیدا می‌شود"
    ),
    "Read the hidden and filtered rows and the hidden columns of a sheet, too.": (
        "سطرهای پنهان و فیلترشده و ستون‌های پنهان برگه هم خوانده شوند"
    ),
    'A text with column names in braces, as in "Dear {name}, you owe {amount|thousands}".': (
        "متنی با نام ستون‌ها میان دو آکولاد، مانند: سلام {نام}، بدهی شما {مبلغ|تومان} تومان است"
    ),
    "Send one message to a receiver that is named twice.": "به گیرنده‌ای که دو بار نام برده شده یک پیامک بفرست",
}

_BULK = {
    "Check the file, show parts and cost, and send nothing.": "فایل را بررسی کن، پارت و هزینه را بگو و چیزی نفرست",
    "The price of a part in UCS-2 (Persian, or any character that GSM-7 lacks), in rials; 89.5t is in tomans.": (
        "تعرفه‌ی هر پارت فارسی به ریال؛ متنی هم که کاراکتری بیرون از GSM-7 دارد فارسی حساب می‌شود؛ به تومان: 89.5t"
    ),
    "The price of a part in GSM-7, in rials or tomans (default: the Persian price).": (
        "تعرفه‌ی هر پارت لاتین، به ریال یا تومان؛ اگر ندهید همان تعرفه‌ی فارسی"
    ),
    "The value-added tax in percent that the prices do not include (default: 0).": (
        "درصد مالیات بر ارزش افزوده، اگر در تعرفه‌ها حساب نشده است؛ اگر ندهید صفر"
    ),
    "A TOML file with the prices, also by line and operator, instead of the other price options.": (
        "فایل تعرفه‌ها به جای سه گزینه‌ی بالا، با تعرفه‌ی جداگانه برای خط‌ها و اپراتورها، با قالب TOML"
    ),
    "Send without asking if the cost is at most this many rials, or tomans as 500,000t.": (
        "اگر هزینه حداکثر این‌قدر ریال باشد بدون پرسش بفرست؛ به تومان: 500,000t"
    ),
    "Send without asking, at any cost.": "بدون پرسش بفرست، هر هزینه‌ای که داشته باشد",
    "Skip the bad rows without asking.": "سطرهایی را که پیامک نمی‌شوند، بدون پرسش کنار بگذار",
    "The maximum number of requests in flight.": "چند درخواست با هم در راه باشند",
    "Stop at the first message that is not accepted; the rest is not attempted.": (
        "با نخستین پیامکی که پذیرفته نشود بایست؛ بقیه فرستاده نمی‌شوند"
    ),
}

_CAMPAIGN = {
    "Plan and resume bulk sends, and show, decide, export and delete outcomes.": (
        "کمپین‌ها: برنامه‌ریزی و ادامه‌ی ارسال انبوه، سرنوشت پیامک‌ها، تصمیم درباره‌ی نامعلوم‌ها، نوشتن در فایل و حذف"
    ),
    "Send each receiver one message, or each text only once.": "به هر گیرنده فقط یک پیامک بفرست، یا هر متن را فقط یک بار",
    "The column of the track ids (default: generated).": "ستون شناسه‌ی پیگیری خودتان؛ اگر ندهید ساخته می‌شود",
    "The maximum number of messages in any second.": "حداکثر چند پیامک در هر یک ثانیه",
    "The maximum number of messages per request (default: 100, or fewer with --rate).": (
        "حداکثر چند پیامک در هر درخواست؛ اگر ندهید 100، یا کمتر با گزینه‌ی --rate"
    ),
    "The file of the campaign (default: FILE.campaign); another one sends the whole file again.": (
        "فایل کمپین؛ اگر ندهید FILE.campaign. با نامی دیگر، کل فایل دوباره فرستاده می‌شود"
    ),
    "A file of numbers that opted out, one per line; they are kept, and every later run holds them back too.": (
        "فایل شماره‌ی کسانی که پیامک نمی‌خواهند، هر سطر یک شماره؛ در کمپین می‌مانند و در اجراهای بعدی هم به آنان "
        "پیامکی نمی‌رود"
    ),
    "Send only in these hours, as 08:00-21:00, in the time zone of Tehran; or 08:00-21:00@Asia/Dubai.": (
        "فقط در این ساعت‌ها به وقت تهران بفرست، مانند 08:00-21:00؛ برای جای دیگر 08:00-21:00@Asia/Dubai"
    ),
    "Pause before all runs together cost more than this many rials; needs --price-persian or --tariff.": (
        "پیش از آن‌که هزینه‌ی همه‌ی اجراها از این‌قدر ریال بگذرد بایست؛ همراه --price-persian یا --tariff"
    ),
    "The file of the campaign, unless it is in a database.": "فایل کمپین، مگر آن‌که در پایگاه‌داده باشد",
    "The file of the campaign. With --name, leave it out and begin with the track ids.": (
        "فایل کمپین؛ اگر کمپین در پایگاه‌داده باشد، شناسه‌ها از همین‌جا آغاز می‌شوند، همراه --name"
    ),
    "The file of the campaign. With --name, leave it out and give the file to write instead.": (
        "فایل کمپین؛ اگر کمپین در پایگاه‌داده باشد، نام فایل خروجی همین‌جا می‌آید، همراه --name"
    ),
    "Resume a campaign: send what is left. The input file is not needed.": (
        "ادامه‌ی کمپین: فرستادن باقی‌مانده؛ به فایل ورودی نیازی نیست"
    ),
    "What was in flight when an earlier run ended without notice becomes unknown, and is not sent again. A campaign that "
    "was never run asks first.": (
        "آنچه هنگام پایان ناگهانی اجرای پیشین در راه بوده نامعلوم می‌شود و دوباره نمی‌رود. برای کمپینی که هنوز اجرا نشده، "
        "نخست پرسیده می‌شود"
    ),
    "Show how far a campaign has got, and why messages were not accepted. It may be running.": (
        "کمپین تا کجا رسیده و چرا بعضی پذیرفته نشده‌اند؛ در حال اجرا هم می‌شود پرسید"
    ),
    "Show what is known of each message, one per line, its cells separated by tabs.": (
        "آنچه از هر پیامک می‌دانیم، هر پیامک در یک سطر؛ خانه‌ها با Tab از هم جدا هستند"
    ),
    "With --json each message is a line of JSON, with its full number, its text and the columns of its row.": (
        "هر پیامک یک سطر JSON می‌شود، با شماره‌ی کامل و متن و ستون‌های فایل شما، با گزینه‌ی --json"
    ),
    "Only messages with this outcome.": "فقط پیامک‌هایی با این سرنوشت",
    "Only messages with this cause, as `campaign status` shows it.": (
        "فقط پیامک‌هایی با این علت، همان‌گونه که در نمایش وضعیت کمپین نوشته شده است"
    ),
    "Show only the track ids.": "فقط شناسه‌های پیگیری را نشان بده",
    "Record that unknown messages were accepted after all: the panel shows them.": (
        "ثبت این‌که بعضی نامعلوم‌ها پذیرفته شده بودند و در پنل هستند"
    ),
    "Their track ids; - reads them from stdin, one per line.": (
        "شناسه‌های پیگیری؛ خط تیره (-) یعنی از stdin، هر سطر یکی"
    ),
    'How you know, for the audit, as "panel, ticket 81".': "از کجا می‌دانید؛ در سابقه می‌ماند، مانند: پنل، تیکت 81",
    "All unknown messages with this cause, after a confirmation.": "همه‌ی نامعلوم‌های این علت، پس از پرسش",
    "Put unknown or rejected messages back, under new track ids; the next run sends them.": (
        "برگرداندن نامعلوم‌ها یا ردشده‌ها به صف، با شناسه‌ی تازه؛ اجرای بعدی آن‌ها را می‌فرستد"
    ),
    "Requeue an unknown message only if the panel shows it neither by receiver, text and time nor by track id: otherwise "
    "it is sent twice.": (
        "نامعلوم را فقط وقتی برگردانید که در پنل نیست، نه با گیرنده و متن و زمان و نه با شناسه‌ی پیگیری؛ وگرنه دو بار فرستاده می‌شود"
    ),
    'How you know, for the audit, as "not in the panel".': "از کجا می‌دانید؛ در سابقه می‌ماند، مانند: در پنل نیست",
    "All unknown messages with this cause, after a confirmation; with --rejected the rejected ones.": (
        "همه‌ی نامعلوم‌های این علت، پس از پرسش؛ یا ردشده‌های آن، همراه --rejected"
    ),
    "All messages that the gateway rejected, after a confirmation.": "همه‌ی پیامک‌هایی که درگاه رد کرده است، پس از پرسش",
    "Show every decision about unknown and rejected messages, oldest first.": (
        "سابقه‌ی همه‌ی تصمیم‌ها درباره‌ی نامعلوم‌ها و ردشده‌ها، از قدیم به جدید"
    ),
    "Pause a campaign, also one that other processes send: they finish what is in flight, record it, and stop.": (
        "نگه‌داشتن کمپین، حتی اگر برنامه‌های دیگر آن را می‌فرستند؛ آنچه در راه است تمام و ثبت می‌شود"
    ),
    "Cancel a campaign for good, after a confirmation: what was not sent is never sent.": (
        "لغو همیشگی کمپین، پس از پرسش؛ آنچه فرستاده نشده دیگر فرستاده نمی‌شود"
    ),
    "Poll the delivery of accepted messages until each is final, and keep it in the campaign.": (
        "پرسیدن تحویل پذیرفته‌ها تا نهایی شدن همه، و نگه‌داشتن آن در کمپین"
    ),
    "The exit code is 1 if some were not delivered, and 3 if some are still pending at the time limit.": (
        "اگر بعضی نرسند کد خروج 1 است؛ اگر در پایان مهلت بعضی هنوز معلوم نباشند، 3"
    ),
    "Write what is known of each message to a file, after the columns of your own file, with full numbers.": (
        "نوشتن آنچه از هر پیامک می‌دانیم در یک فایل، پس از ستون‌های فایل خودتان و با شماره‌ی کامل"
    ),
    "Only you can read the file. In CSV a text that a spreadsheet would read as a formula gets a leading apostrophe.": (
        "فایل را فقط خودتان می‌توانید بخوانید. در CSV متنی که شاید فرمول شمرده شود، یک آپاستروف در آغاز می‌گیرد"
    ),
    "The file to write, .csv or .jsonl.": "فایلی که نوشته می‌شود: .csv, .jsonl",
    "Delete a campaign with all its numbers and texts, after a confirmation. It cannot be resumed or restored.": (
        "حذف کمپین با همه‌ی شماره‌ها و متن‌هایش، پس از پرسش؛ نه ادامه‌پذیر است و نه برگشت‌پذیر"
    ),
    "It also deletes what a process left that was killed while it planned or deleted the campaign.": (
        "آنچه پس از کشته شدن فرایند، هنگام برنامه‌ریزی یا حذف همین کمپین، به جا مانده نیز حذف می‌شود"
    ),
    "The whole file is checked and stored in FILE.campaign before anything is sent. Nothing is sent twice: after an "
    "interruption, even a power cut, the same command, or `wikipayam campaign run FILE.campaign`, sends what is left.": (
        "کل فایل پیش از ارسال بررسی می‌شود و در FILE.campaign می‌ماند. هیچ پیامکی دو بار نمی‌رود: پس از قطع کار، حتی قطع "
        "برق، همین دستور باقی‌مانده را می‌فرستد، یا `wikipayam campaign run FILE.campaign`"
    ),
}

_DATABASE = {
    "Send the campaigns that are enqueued in a database.": "فرستادن کمپین‌هایی که در پایگاه‌داده به صف سپرده شده‌اند",
    "Any number of workers may run, on any machines. A worker sends the campaigns of its account and its line, until "
    "Ctrl-C or SIGTERM; then it finishes what is in flight, and records it.": (
        "هر تعداد کارگر روی هر تعداد سرور می‌تواند روشن باشد. هر کارگر کمپین‌های حساب و خط خودش را می‌فرستد، تا زدن Ctrl-C یا "
        "رسیدن SIGTERM؛ آن‌گاه آنچه در راه است تمام و ثبت می‌شود"
    ),
    "The name of the worker (default: that of the machine, and the process).": "نام کارگر؛ اگر ندهید، نام سرور و شماره‌ی پردازه",
    "The URL of the PostgreSQL database (default: WIKIPAYAM_DATABASE_URL, which no process list shows).": (
        "نشانی پایگاه‌داده‌ی PostgreSQL؛ اگر ندهید WIKIPAYAM_DATABASE_URL، که در فهرست پردازه‌ها دیده نمی‌شود"
    ),
    "The name of the campaign in the database.": "نام کمپین در پایگاه‌داده",
    "Check a file as `bulk` does and store its messages as a campaign, in a file or a database. Nothing is sent.": (
        "بررسی یک فایل، مانند دستور `bulk`، و ذخیره‌ی پیامک‌هایش به شکل کمپین، در فایل یا پایگاه‌داده؛ چیزی فرستاده نمی‌شود"
    ),
    "The same plan again changes nothing. The exit code is 1 if there are bad rows.": (
        "بار دوم چیزی را عوض نمی‌کند. اگر سطری پیامک نشود، کد خروج 1 است"
    ),
    "Leave a campaign in a database to the workers. One of which nothing was sent yet asks first.": (
        "سپردن کمپین به کارگرها؛ اگر هنوز چیزی از آن نرفته باشد، نخست پرسیده می‌شود"
    ),
    "All workers obey the options. Enqueue it again to change them.": (
        "گزینه‌ها برای همه‌ی کارگرهاست. برای عوض‌کردنشان دوباره همین دستور را بزنید"
    ),
    "Campaigns with a higher priority go first; those with the same share the workers.": (
        "کمپینی با عدد بزرگ‌تر زودتر می‌رود؛ کمپین‌های هم‌عدد کارگرها را میان خود تقسیم می‌کنند"
    ),
    "Let the workers go on with a campaign that was paused, with the options that it was enqueued with.": (
        "ادامه‌ی کمپینی که نگه داشته شده است، به دست کارگرها و با همان گزینه‌هایی که به صف سپرده شد"
    ),
    "Show progress, workers, rate and remaining time until the campaign is completed or canceled.": (
        "پیشرفت، کارگرها، سرعت و زمان باقی‌مانده را نشان بده، تا کمپین تمام یا لغو شود"
    ),
    "With --watch the exit code is that of a run: 0 if all messages are accepted, 1 if some are rejected, 3 if some are "
    "unknown.": "کد خروج همان کد اجراست: 0 همه پذیرفته شد، 1 بعضی رد شد، 3 سرنوشت بعضی نامعلوم است؛ همراه --watch",
    "Set up a database for campaigns, or bring its tables up to date. It changes nothing where they are.": (
        "ساختن جدول‌های کمپین در پایگاه‌داده، یا به‌روزکردنشان؛ اگر به‌روز باشند چیزی عوض نمی‌شود"
    ),
    "Stop the workers before a migration.": "پیش از به‌روزکردن، کارگرها را خاموش کنید",
}

_INBOX = {
    "List received messages, one page at a time.": "فهرست پیام‌های دریافتی، صفحه به صفحه",
    "List unread messages, one page at a time.": "فهرست پیام‌های خوانده‌نشده، صفحه به صفحه",
    "Show one received message.": "نمایش یک پیام دریافتی",
    "Mark messages as read.": "علامت‌زدن پیام‌ها به عنوان خوانده‌شده",
    "Delete messages, after a confirmation. They cannot be restored.": "حذف پیام‌ها، پس از پرسش؛ برگشت‌پذیر نیست",
    "Show unread messages as they arrive, until Ctrl-C.": "نمایش پیام‌های خوانده‌نشده همان‌طور که می‌رسند، تا زدن Ctrl-C",
    "Write all matching messages to a file.": "نوشتن همه‌ی پیام‌های خواسته‌شده در یک فایل",
    "A message that cannot be read is left out and named by its offset; the exit code is then 5.": (
        "پیامی که خواندنی نباشد نوشته نمی‌شود و جایش در فهرست گفته می‌شود؛ کد خروج در این حال ۵ است"
    ),
    "CSV is for spreadsheets: a text that a spreadsheet would read as a formula gets a leading apostrophe. "
    "JSON Lines keeps every text unchanged.": (
        "برای اکسل CSV بگیرید؛ متنی که شاید فرمول شمرده شود، یک آپاستروف در آغاز می‌گیرد. "
        "برای متن‌های بی‌تغییر، JSON Lines"
    ),
    "Show the gateway's statistics of received messages, in a format that the gateway does not document.": (
        "آمار پیام‌های دریافتی، به همان شکلی که درگاه می‌دهد؛ شکلش در مستندات درگاه نیامده است"
    ),
    "All, read or unread messages.": "همه، خوانده‌شده‌ها یا خوانده‌نشده‌ها",
    "Only messages from this number.": "فقط از این شماره",
    "Only messages from this day on, as 2026-01-31 or 1404/11/11.": "فقط از این روز به بعد، شمسی یا میلادی؛ مانند 1404/11/11",
    "Only messages until this day.": "فقط تا این روز",
    "Only messages that contain this text.": "فقط اگر این در متن باشد",
    "The field to sort by.": "ترتیب بر چه پایه‌ای باشد",
    "The sort order.": "ترتیب صعودی باشد یا نزولی",
    "The number of messages, at most 500.": "چند تا؛ حداکثر 500",
    "The number of messages to skip.": "چند مورد اول رد شود",
    "Show only the number of unread messages.": "فقط بگو چند تا هستند",
    "The gateway's id.": "شناسه‌ی درگاه",
    "The gateway's ids.": "شناسه‌های درگاه",
    "Mark all messages.": "همه‌ی پیام‌ها را علامت بزن",
    "Delete all read messages.": "حذف همه‌ی خوانده‌شده‌ها",
    "Delete all unread messages.": "حذف همه‌ی خوانده‌نشده‌ها",
    "Delete all messages older than this many days.": "حذف همه‌ی پیام‌هایی که بیش از این‌قدر روز از آن‌ها گذشته است",
    "Do not ask.": "نپرس",
    "The polling interval, in seconds.": "فاصله‌ی دو بررسی، به ثانیه",
    "Mark each message as read after it is shown.": "هر پیام را پس از نمایش، خوانده‌شده علامت بزن",
    "The file; - is stdout.": "نام فایل؛ خط تیره (-) یعنی stdout",
    "CSV or JSON Lines.": "قالب فایل: CSV, JSON Lines",
    "Replace an existing file.": "اگر فایل هست، جایگزینش کن",
    "From this day on, as 2026-01-31 or 1404/11/11.": "از این روز به بعد، شمسی یا میلادی؛ مانند 1404/11/11",
    "Until this day.": "تا این روز",
}

_LOCAL = {
    "The number of receivers.": "چند نفر آن را می‌گیرند",
    "Show the text of each part.": "جاهای بریدن متن را نشان بده",
    "The number, in any usual form.": "شماره، به هر شکل رایجی که نوشته شود",
    "The address to listen on.": "روی کدام نشانی گوش بدهد",
    "The port to listen on; 0 picks a free one.": "روی کدام پورت؛ با 0 یک پورت آزاد برمی‌دارد",
    "The latency of every response: 0.05, 20ms, 50ms-200ms.": "هر پاسخ چقدر طول بکشد، مانند 0.05, 20ms, 50ms-200ms",
    "A fault, as 502:after@5% or reset@every10@/sms/send; may be repeated.": (
        "چه خرابی‌هایی پیش بیاید؛ می‌توان چند بار داد، مانند 502:after@5%, reset@every10@/sms/send"
    ),
    "A file that keeps balance, sent messages and inbox between runs.": (
        "فایلی که موجودی، پیامک‌های فرستاده‌شده و پیام‌های دریافتی را تا اجرای بعدی نگه می‌دارد"
    ),
    "The opening balance in rials; a state file that exists keeps its own.": (
        "موجودی اولیه به ریال؛ اگر فایل وضعیت از قبل باشد، موجودی همان فایل می‌ماند"
    ),
    "The seed of all random choices.": "مقدار اولیه‌ی تصادفی (seed)؛ با عدد یکسان همه‌چیز همان‌طور تکرار می‌شود",
    "Log every request: method, path, status, milliseconds.": (
        "هر درخواست را نشان بده: متد، مسیر، کد وضعیت و زمان به میلی‌ثانیه"
    ),
    "The number of messages (default: the number of receivers).": "چند پیامک؛ اگر ندهید، به تعداد گیرنده‌ها",
    "The number of messages per request.": "چند پیامک در هر درخواست",
    "The seed of the faults.": "مقدار اولیه‌ی تصادفی (seed)؛ با عدد یکسان، همان خرابی‌ها پیش می‌آید",
    "Run without faults.": "بی‌خرابی",
}

_EMULATOR = {
    "The URL of the emulator (default: WIKIPAYAM_SMS_API_BASE_URL if that is plain http, or http://127.0.0.1:8026).": (
        "نشانی شبیه‌ساز؛ اگر ندهید WIKIPAYAM_SMS_API_BASE_URL به شرط آن‌که با http شروع شود، وگرنه http://127.0.0.1:8026"
    ),
    "Show the running emulator at a glance.": "نمایش خلاصه‌ی وضعیت شبیه‌ساز",
    "List the accepted messages, with full numbers and texts.": "فهرست پیامک‌های پذیرفته‌شده، با شماره و متن کامل",
    "Wait for new ones, until Ctrl-C.": "موارد جدید هم همان‌طور که می‌رسند نشان داده شوند، تا زدن Ctrl-C",
    "Only messages to this number, in any usual form.": "فقط پیامک‌های این شماره، به هر شکل رایجی که نوشته شود",
    "Only messages with this track id.": "فقط پیامک‌های این شناسه‌ی پیگیری",
    "List the latest requests to the gateway, with their statuses and faults.": (
        "فهرست آخرین درخواست‌ها به درگاه، با کد وضعیت و خطای عمدی هر کدام"
    ),
    "List the delivery statuses of accepted messages, and set those of a number.": (
        "نمایش وضعیت تحویل پیامک‌های پذیرفته‌شده، و تعیین آن برای یک شماره"
    ),
    "List the delivery status of every accepted message.": "فهرست وضعیت تحویل همه‌ی پیامک‌های پذیرفته‌شده",
    "Only messages with this status.": "فقط پیامک‌هایی با این وضعیت",
    "Set the delivery status of all messages to a number, also of those accepted before.": (
        "تعیین وضعیت تحویل همه‌ی پیامک‌های یک شماره، حتی آن‌هایی که پیش‌تر پذیرفته شده‌اند"
    ),
    "The final status, as UNDELIVERED; any word is allowed.": "وضعیت نهایی؛ هر کلمه‌ای می‌تواند باشد، مانند UNDELIVERED",
    "Seconds from acceptance to that status; until then it is WAITING_FOR_UPDATE.": (
        "چند ثانیه پس از پذیرش به آن وضعیت برسد؛ تا آن زمان وضعیت این است: WAITING_FOR_UPDATE"
    ),
    "Put received messages into the inbox, and list them.": "گذاشتن پیام دریافتی در صندوق، و فهرست پیام‌های دریافتی",
    "Put a message from a phone into the inbox.": "گذاشتن پیامی از یک موبایل در صندوق دریافتی",
    "The text, kept unchanged.": "متن پیام، بدون هیچ تغییری",
    "The number of the phone; the gateway spells it 989...": "شماره‌ی موبایل؛ درگاه آن را با 98 و بدون صفر می‌نویسد",
    "The line that receives it.": "خطی که پیام به آن می‌رسد",
    "List the received messages, read and unread ones.": "فهرست همه‌ی پیام‌های دریافتی، خوانده‌شده و خوانده‌نشده",
    "Add, list and clear faults while the emulator runs.": "افزودن، نمایش و حذف خطاهای عمدی هنگام کار شبیه‌ساز",
    "Add faults, as 502:after@5% or reset@every10@/sms/send; all of them or none.": (
        "افزودن خطاهای عمدی؛ همه یا هیچ‌کدام، مانند 502:after@5%, reset@every10@/sms/send"
    ),
    "The faults.": "خطاهای عمدی",
    "List the faults in force, and how many have occurred.": "فهرست خطاهای عمدی فعال، و تعداد خطاهایی که رخ داده‌اند",
    "Remove faults by their numbers, or all of them.": "حذف خطاهای عمدی با شماره‌شان، یا حذف همه",
    "Their numbers, as the list shows them (default: all).": "شماره‌ی آن‌ها در فهرست؛ اگر ندهید همه حذف می‌شوند",
    "Show or set the response time of every request.": "نمایش یا تعیین زمان پاسخ هر درخواست",
    "The time, as 0.05, 20ms or 50ms-200ms.": "زمان پاسخ، مانند 0.05, 20ms, 50ms-200ms",
    "Show or set the rate limit of the gateway; above it requests get a 429.": (
        "نمایش یا تعیین سقف تعداد درخواست‌ها؛ درخواست بیش از آن کد 429 می‌گیرد"
    ),
    "The maximum number of requests per window.": "حداکثر چند درخواست در هر بازه",
    "The length of a window, in seconds.": "طول هر بازه، به ثانیه",
    "Remove the limit.": "حذف سقف",
    "Show the clock of the emulator, and move it forward.": "نمایش ساعت شبیه‌ساز، و جلو بردن آن",
    "Show the time of day of the emulator.": "نمایش ساعت شبیه‌ساز",
    "Move the clock forward; deliveries and the rate limit move with it.": (
        "جلو بردن ساعت؛ وضعیت تحویل و سقف درخواست‌ها هم با آن جلو می‌روند"
    ),
    "The number of seconds.": "چند ثانیه",
    "Show or set the balance of the emulated account.": "نمایش یا تعیین موجودی حساب شبیه‌ساز",
    "The new balance, in rials.": "موجودی جدید، به ریال",
    "Clear sent and received messages, requests and faults, and restore the balance.": (
        "پاک‌کردن پیامک‌های فرستاده‌شده و دریافتی، درخواست‌ها و خطاهای عمدی، و برگرداندن موجودی اول"
    ),
    "Write balance, sent messages and inbox to a file, which only you can read.": (
        "نوشتن موجودی، پیامک‌های فرستاده‌شده و پیام‌های دریافتی در فایلی که فقط خودتان می‌توانید بخوانید"
    ),
    "The file; an existing one is replaced.": "نام فایل؛ اگر باشد، جایگزین می‌شود",
    "Replace balance, sent messages and inbox with those in a file.": (
        "جایگزین‌کردن موجودی، پیامک‌های فرستاده‌شده و پیام‌های دریافتی با آنچه در یک فایل است"
    ),
    "A file of save, or of --state.": "فایلی که با دستور ذخیره ساخته شده، یا فایل گزینه‌ی --state",
}

_PARAGRAPHS = {
    "Nothing is sent twice: if the outcome of a message is unknown, the exit code is 3 and it is not sent again.": (
        "هیچ پیامکی دو بار نمی‌رود؛ اگر سرنوشت پیامکی نامعلوم باشد، دوباره فرستاده نمی‌شود و کد خروج 3 است"
    ),
    "The exit code is 1 if some were not delivered, and 3 if some are still pending at the time limit or unknown to the "
    "gateway.": ("اگر بعضی نرسند کد خروج 1 است؛ اگر در پایان مهلت بعضی هنوز معلوم نباشند، یا درگاه آن‌ها را نشناسد، 3"),
    "At the end the client's report is compared with the gateway's ledger: the exit code is 0 if they agree, else 1.": (
        "در پایان، گزارش کلاینت با دفتر خود درگاه سنجیده می‌شود؛ اگر یکی باشند کد خروج 0 است، وگرنه 1"
    ),
    "Check token, TLS, clock, proxy and connection. No message is sent; the balance is read.": (
        "بررسی توکن، TLS، ساعت، پروکسی و راه رسیدن به درگاه؛ پیامکی نمی‌رود و فقط موجودی پرسیده می‌شود"
    ),
    "Print the completion script for a shell. Nothing is installed.": (
        "چاپ اسکریپت تکمیل خودکار یک پوسته؛ چیزی نصب نمی‌شود و جای آن را شما تعیین می‌کنید"
    ),
}

TRANSLATIONS = {
    **_COMMON,
    **_COMMANDS,
    **_SENDING,
    **_BULK_FILE,
    **_FILES,
    **_BULK,
    **_CAMPAIGN,
    **_DATABASE,
    **_INBOX,
    **_PARAGRAPHS,
    **_LOCAL,
    **_EMULATOR,
}
