"use strict";
// The texts of the page. The names of the description are translated here; its English texts come from the server.
window.LAB_TEXTS = {
  en: {
    skip: "Skip to the content", title: "Wikipayam API lab", language: "فارسی", dark: "Dark", light: "Light",
    real: "This is the real gateway.", realMore: "Every send costs money, cannot be called back, and is shown with its cost before it leaves.",
    emulated: "The emulator answers. Nothing is sent.",
    call: "Call", endpoint: "Endpoint", costs: "Sends a message", any: "not given", send: "Send", try: "Try it",
    request: "Request", python: "Python", curl: "curl", http: "HTTP", copy: "Copy", copied: "Copied",
    answer: "Answer", noAnswer: "No call was made yet.", result: "Result in Python", body: "Body", cut: "(cut off here)",
    calculator: "Parts and cost", text: "Text", receivers: "Receivers", pricePersian: "Price of a Persian part (rials)", priceLatin: "Price of a Latin part (rials)", vat: "VAT (%)",
    use: "Use this text", ledger: "Messages that the emulator accepted", noLedger: "None yet.", reset: "Reset the emulator",
    kind: "Kind", receiver: "Receiver", partsShort: "Parts", money: "Cost (rials)", delivery: "Delivery", set: "Set delivery", delivered: "Delivered", undelivered: "Undelivered",
    inbox: "Inbox", from: "From", receive: "Receive it", faults: "Faults", fault: "Fault of the gateway", arm: "Add the fault", remove: "Remove",
    calls: "Calls made", noCalls: "None yet.",
    confirmTitle: "Send it?", confirmMore: "The message is sent by the real gateway and cannot be called back.", cancel: "Do not send", confirm: "Send",
    licences: "Licences:", accepted: "no error", underWay: "running",
    part: "{n} part", parts: "{n} parts", partsLine: "{parts}, {encoding}: {units} characters, {limit} a part, {left} left", forced: "Not in the Latin alphabet of SMS: {characters}",
    cheaper: "Cheaper spelling: {parts}, {encoding} ({rules})", saved: "; saves {money} per message",
    costLine: "{messages} message(s), {parts}: {money}", costUnknown: "{messages} message(s), {parts}. Enter your prices below to see the cost.", costOfCode: "1 message; the gateway makes its text and its price.",
    balance: "Balance: {money} rials", status: "Status {status}", noStatus: "No answer", time: "{ms} ms", attempts: "{ms} ms in {n} attempts", attempt: "Attempt {n}: {what}, {ms} ms",
    rejected: "The message was not sent. It is safe to send it again.", not_attempted: "The message was not sent. It is safe to send it again.", unknown: "The message may have been sent. Do not send it again before you have looked it up.", send_accepted: "The message was accepted.",
    offline: "The lab's server does not answer. If you were sending, look at the calls made before you try again.", refused: "Refused: {message} {hint}",
    faultLeft: "{rule} ({n} left)",
  },
  fa: {
    skip: "پرش به محتوا", title: "آزمایشگاه API ویکی‌پیام", language: "English", dark: "تیره", light: "روشن",
    real: "این درگاه واقعی است.", realMore: "هر ارسال هزینه دارد و برگشت‌پذیر نیست؛ پیش از ارسال، هزینه‌اش نشان داده می‌شود.",
    emulated: "شبیه‌ساز پاسخ می‌دهد. چیزی ارسال نمی‌شود.",
    call: "فراخوانی", endpoint: "سرویس", costs: "پیام می‌فرستد", any: "داده نشده", send: "ارسال", try: "اجرا",
    request: "درخواست", python: "پایتون", curl: "curl", http: "HTTP", copy: "کپی", copied: "کپی شد",
    answer: "پاسخ", noAnswer: "هنوز چیزی فراخوانی نشده است.", result: "نتیجه در پایتون", body: "بدنه‌ی پاسخ", cut: "(ادامه‌اش نشان داده نمی‌شود)",
    calculator: "پارت‌ها و هزینه", text: "متن", receivers: "تعداد گیرندگان", pricePersian: "قیمت هر پارت فارسی (ریال)", priceLatin: "قیمت هر پارت لاتین (ریال)", vat: "مالیات (درصد)",
    use: "استفاده از این متن", ledger: "پیام‌هایی که شبیه‌ساز پذیرفته است", noLedger: "هنوز هیچ.", reset: "بازنشانی شبیه‌ساز",
    kind: "نوع", receiver: "گیرنده", partsShort: "پارت", money: "هزینه (ریال)", delivery: "تحویل", set: "تعیین تحویل", delivered: "رسید", undelivered: "نرسید",
    inbox: "صندوق ورودی", from: "فرستنده", receive: "دریافت شود", faults: "خطاهای عمدی", fault: "خطای درگاه", arm: "افزودن خطا", remove: "حذف",
    calls: "فراخوانی‌های انجام‌شده", noCalls: "هنوز هیچ.",
    confirmTitle: "ارسال شود؟", confirmMore: "پیام از درگاه واقعی ارسال می‌شود و برگشت‌پذیر نیست.", cancel: "ارسال نشود", confirm: "ارسال",
    licences: "مجوزها:", accepted: "بدون خطا", underWay: "در حال انجام",
    part: "{n} پارت", parts: "{n} پارت", partsLine: "{parts}، {encoding}: {units} کاراکتر، هر پارت {limit}، مانده {left}", forced: "این کاراکترها در الفبای لاتین پیامک نیستند: {characters}",
    cheaper: "نگارش ارزان‌تر: {parts}، {encoding} ({rules})", saved: "؛ صرفه‌جویی در هر پیام: {money}",
    costLine: "{messages} پیام، {parts}: {money}", costUnknown: "{messages} پیام، {parts}. برای دیدن هزینه، قیمت‌ها را در پایین وارد کنید.", costOfCode: "۱ پیام؛ متن و قیمت آن را درگاه تعیین می‌کند.",
    balance: "موجودی: {money} ریال", status: "وضعیت {status}", noStatus: "بدون پاسخ", time: "{ms} میلی‌ثانیه", attempts: "{ms} میلی‌ثانیه در {n} تلاش", attempt: "تلاش {n}: {what}، {ms} میلی‌ثانیه",
    rejected: "پیام ارسال نشد. ارسال دوباره‌ی آن بی‌خطر است.", not_attempted: "پیام ارسال نشد. ارسال دوباره‌ی آن بی‌خطر است.", unknown: "شاید پیام ارسال شده باشد. پیش از پیگیری، دوباره ارسال نکنید.", send_accepted: "پیام پذیرفته شد.",
    offline: "سرور آزمایشگاه پاسخ نمی‌دهد. اگر در حال ارسال بودید، پیش از تلاش دوباره، فهرست فراخوانی‌ها را ببینید.", refused: "پذیرفته نشد: {message} {hint}",
    faultLeft: "{rule} (مانده: {n})",
  },
};
window.LAB_OPERATIONS_FA = {
  account_balance: "موجودی حساب", sms_send: "ارسال پیامک", sms_delivery_status: "وضعیت تحویل پیام‌ها", sms_receive: "پیام‌های دریافتی (سرویس قدیم)",
  receives_list: "فهرست پیام‌های دریافتی", receives_delete: "حذف پیام‌های دریافتی", receives_unread: "پیام‌های خوانده‌نشده", receives_unread_count: "تعداد خوانده‌نشده‌ها",
  receives_statistics: "آمار پیام‌های دریافتی", receives_get: "یک پیام دریافتی", receives_mark_read: "خوانده‌شده کردن پیام‌ها",
  otp_send: "ارسال کد تأیید با پیامک", voice_send: "ارسال کد تأیید با تماس صوتی", holoo_send: "ارسال با سرویس سازگار با هلو", holoo_send_via_url: "ارسال با سرویس سازگار با هلو (توکن در نشانی)",
};
window.LAB_FIELDS = {
  en: {
    sender: "Line or number (sender)", receiver: "Receivers, one a line (receiver)", message: "Text (message)", note: "Text under its other name (note)", track_id: "Your reference (track_id)",
    id: "Ids of the gateway (id)", from_date: "From day (from_date)", to_date: "To day (to_date)", limit: "At most (limit)", offset: "Skip (offset)", status: "Status", search: "Search",
    sort_by: "Sort by", sort_order: "Order", which: "Which messages", receive_ids: "Ids, one a line (receive_ids)", delete_older_than_days: "Days (delete_older_than_days)",
    code: "Code", otp_pattern_id: "Pattern (otp_pattern_id)", username: "User name (username)", from: "Line (from)", to: "Receiver (to)",
  },
  fa: {
    sender: "خط یا شماره (sender)", receiver: "گیرندگان، هر خط یکی (receiver)", message: "متن (message)", note: "متن با نام دیگر (note)", track_id: "شناسه‌ی پیگیری شما (track_id)",
    id: "شناسه‌های درگاه (id)", from_date: "از روز (from_date)", to_date: "تا روز (to_date)", limit: "حداکثر (limit)", offset: "رد شدن از (offset)", status: "وضعیت (status)", search: "جستجو (search)",
    sort_by: "مرتب‌سازی بر پایه‌ی (sort_by)", sort_order: "ترتیب (sort_order)", which: "کدام پیام‌ها", receive_ids: "شناسه‌ها، هر خط یکی (receive_ids)", delete_older_than_days: "تعداد روز (delete_older_than_days)",
    code: "کد (code)", otp_pattern_id: "شناسه‌ی الگو (otp_pattern_id)", username: "نام کاربری (username)", from: "خط (from)", to: "گیرنده (to)",
  },
};
window.LAB_CHOICES = {
  en: { receive_ids: "by id", mark_all: "all", delete_all_read: "all read", delete_all_unread: "all unread", delete_older_than_days: "older than days" },
  fa: { receive_ids: "با شناسه", mark_all: "همه", delete_all_read: "همه‌ی خوانده‌شده‌ها", delete_all_unread: "همه‌ی خوانده‌نشده‌ها", delete_older_than_days: "قدیمی‌تر از چند روز", all: "همه", read: "خوانده‌شده", unread: "خوانده‌نشده", created_at: "زمان", sender: "فرستنده", message: "متن", asc: "صعودی", desc: "نزولی" },
};
