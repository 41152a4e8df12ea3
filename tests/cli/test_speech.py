from __future__ import annotations

import io
import re

import pytest

from tests.cli.bulk.commands import FILE, A, B, C, answer, write
from tests.cli.conftest import Ended, Run, Terminal
from wikipayam_async import DeliveryStatus, SendStatus
from wikipayam_async.campaigns.models import Decision
from wikipayam_async.cli.output import Output
from wikipayam_async.cli.speech import heading, spoken, worded
from wikipayam_async.cli.speech_fa import SENTENCES
from wikipayam_async.emulator import Emulator, Fault
from wikipayam_async.emulator.gateway.state import MessageKind
from wikipayam_async.numbers import NumberKind, Operator
from wikipayam_async.numbers.plan import AREA_CODES

PERSIAN = "[\u0600-\u06ff]"
MID_SENTENCE = re.compile(rf"{PERSIAN}.*?\b[A-Za-z]{{2,}}\b.*{PERSIAN}")


@pytest.fixture
def fa(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command line under a Persian locale."""
    monkeypatch.setenv("LC_ALL", "fa_IR.UTF-8")
    return run


def lines_of(ended: Ended) -> list[str]:
    """Return the lines of both streams, without the texts of messages."""
    return [line for line in (ended.out + ended.err).splitlines() if not line.startswith("  ")]


def test_a_bulk_send_speaks_persian(gateway: Emulator, fa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check, the question and the result are Persian, amounts in rials and tomans."""
    write(f"{A},سلام", f"{B},", "02188776655,x", f"{C},{'س' * 70}shop.ir")
    answer(monkeypatch, "بلی")
    ended = fa("bulk", FILE, "--price-persian", "895")
    assert ended.code == 1
    assert lines_of(ended)[:11] == [
        "4 سطر؛ جداکننده «,»",
        "1 پیامک لینک دارد؛ شاید درگاه نگهش دارد",
        "سطر 3: مقدار ندارد: text",
        "سطر 4: شماره‌ی موبایل نیست، تلفن ثابت است: mobile",
        "2 سطر نادرست پیامک نمی‌شود",
        "2 پیامک برای ارسال، 3 پارت؛ هزینه: 2,685 ریال (268.5 تومان)",
        "کوتاه‌ترین متن، سطر 2، 1 پارت فارسی:",
        "بلندترین متن، سطر 5، 2 پارت فارسی:",
        "موجودی: 3,435,993,800 ریال (343,599,380 تومان)",
        "2 پیامک با هزینه‌ی 2,685 ریال (268.5 تومان) فرستاده شود، بدون 2 سطر نادرست؟ [بله/خیر]",
        "2 پیامک ردشده، به این علت:",
    ]
    assert "وضعیت کمپین: تمام‌شده" in ended.err
    assert "4 پیامک: 2 پذیرفته‌شده، 2 ردشده، 0 نامعلوم، 0 باقی‌مانده" in ended.err
    assert len(gateway.ledger) == 2


@pytest.mark.parametrize("word", ["بله", "بلی", "باشه", "آره", "اره", "آری", "ب", "غ", "y", "YES"])
def test_yes_has_many_spellings(gateway: Emulator, fa: Run, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Also the key for Y on a Persian keyboard is one."""
    write(f"{A},سلام")
    answer(monkeypatch, word)
    assert fa("bulk", FILE).code == 0
    assert len(gateway.ledger) == 1


@pytest.mark.parametrize("word", ["نه", "خیر", "n", "", "لغو"])
def test_everything_else_is_no(gateway: Emulator, fa: Run, monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    """Nothing is sent, and that is said."""
    write(f"{A},سلام")
    answer(monkeypatch, word)
    ended = fa("bulk", FILE)
    assert (ended.code, ended.err.splitlines()[-1]) == (2, "چیزی فرستاده نشد")
    assert gateway.ledger == []


def test_a_send_speaks_persian(gateway: Emulator, fa: Run) -> None:
    """The outcome is a line, and the number and the ids are the next."""
    ended = fa("send", A, "سلام", "--track-id", "T1")
    (sent,) = gateway.ledger
    assert ended.err.splitlines() == ["پذیرفته شد", f"  0912*****01  {sent.id}  T1"]
    gateway.faults.script([Fault.status(400)], on="POST /sms/send")
    assert fa("send", A, "سلام").err.splitlines()[0] == "رد شد"


def test_amounts_are_in_both_units(gateway: Emulator, fa: Run, run: Run) -> None:
    """The balance and the cost of a text are in rials and tomans; JSON is the same in every language."""
    gateway.account.balance = 1_790_005
    assert fa("balance").out == "۱٬۷۹۰٬۰۰۵ ریال (۱۷۹٬۰۰۰٫۵ تومان)\n"
    assert fa("balance", "--json").json["balance"] == 1_790_005
    assert fa("parts", "سلام", "--price-persian", "895", "--receivers", "1000").out.splitlines() == [
        "1 پارت فارسی: 4 کاراکتر، جا برای 66 کاراکتر دیگر",
        "به 1,000 گیرنده: 895,000 ریال (89,500 تومان)",
    ]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("foo",), "خطا: چنین دستوری نیست: foo"),
        (("send", "0912", "x", "--foo"), "خطا: چنین گزینه‌ای نیست:\n  --foo\nشاید این را می‌خواستید:\n  --footer"),
        (("send", "0912"), "خطا: این را هم بنویسید: TEXT"),
        (("otp", A, "1", "--pattern", "12.6"), "خطا: عدد صحیح بنویسید:\n  --pattern"),
        (("bulk", "f", "--rate", "x"), "خطا: عدد بنویسید:\n  --rate"),
        (("bulk", "f", "--yes-up-to", "1.790"), "خطا: مبلغ را به ریال یا تومان بنویسید، مانند 895 یا 89.5t:\n  --yes-up-to"),
        (("bulk", "f", "--rate", "5", "--rate", "6"), "خطا: این گزینه فقط یک بار می‌آید:\n  --rate"),
        (
            ("bulk", "f", "--dedupe", "x"),
            'خطا: یکی از این‌ها را بنویسید:\n  --dedupe "receiver", "receiver-and-text"',
        ),
        (("send", "0912x", "x"), "خطا: شماره‌ی موبایل نیست، حرف در آن است: RECEIVER"),
        (("bulk", "f", "--sending-hours", "8"), "خطا: ساعت را این‌گونه بنویسید:\n  --sending-hours 08:00-21:00"),
        (("bulk", "f", "--spending-limit", "8"), "خطا: این گزینه گزینه‌ی دوم را هم می‌خواهد:\n  --spending-limit --price-persian"),
        (("bulk", "f", "--batch-size", "0"), "خطا: دست‌کم 1:\n  --batch-size"),
        (("bulk", FILE, "--template", "a", "--template-file", "b"), "خطا: این دو گزینه با هم نمی‌آیند:\n  --template --template-file"),
    ],
)  # fmt: skip
def test_errors_speak_persian(gateway: Emulator, fa: Run, argv: tuple[str, ...], said: str) -> None:
    """Usage errors and errors of values name the option at the end of the line; nothing is sent."""
    write(f"{A},سلام")
    ended = fa(*argv)
    assert (ended.code, ended.err.strip()) == (2, said)
    assert gateway.requests == 0


def test_a_sentence_that_the_catalogue_lacks_stays_english() -> None:
    """It is on a line of its own, below a Persian one."""
    assert spoken("error: slow down", "fa") == "خطا:\n  slow down"
    assert spoken("row 3: slow down", "fa") == "سطر 3 پیامک نمی‌شود:\n  slow down"


def test_a_campaign_speaks_persian(gateway: Emulator, fa: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands stand on lines of their own, so that they can be copied, and no Latin word is in mid-sentence."""
    write(f"{A},a", f"{B},b", f"{C},c")
    gateway.faults.script([None, Fault.close()], on="POST /sms/send")
    ended = fa("bulk", FILE, "--yes", "--batch-size", "1", "--concurrency", "1", "--stop-on-error")
    assert ended.code == 3
    path = f"{FILE}.campaign"
    status = fa("campaign", "status", path)
    assert status.out.splitlines()[0].startswith("وضعیت کمپین: متوقف")
    ids = fa("campaign", "results", path, "--status", "unknown", "--track-ids").out.split()
    requeued = fa("campaign", "requeue", path, *ids, "--note", "n")
    assert requeued.err.splitlines() == ["به صف برگشت: 1 پیامک؛ برای ارسال:", f"  wikipayam campaign run {path}"]
    answer(monkeypatch, "بله")
    gone = fa("campaign", "cancel", path)
    assert gone.err.splitlines()[:2] == ["این کمپین برای همیشه کنار گذاشته شود؟ [بله/خیر]", f"  {path}"]
    mixed = [line for one in (ended, status, requeued, gone) for line in lines_of(one) if MID_SENTENCE.search(line)]
    assert mixed == []


def test_no_sentence_has_a_latin_word_in_its_middle() -> None:
    """Names and commands are only at the end of a line, or on a line of their own; what is always English is quoted."""
    mixed = [
        line
        for _, sentence in SENTENCES
        for line in re.sub(r"\{(?!raw)\w+\}", "۱", sentence).splitlines()
        if re.search(rf"{PERSIAN}.*(?:\{{raw\w*\}}|[A-Za-z]{{3,}}).*{PERSIAN}", line)
    ]
    assert mixed == []


@pytest.mark.parametrize(
    ("english", "persian"),
    [
        ("resuming a.campaign (wikipayam campaign status a.campaign)", "ادامه‌ی کمپین:\n  a.campaign\n  wikipayam campaign status a.campaign"),
        ("12 of 1,000: 10 accepted, 2 rejected; 5 a second, about 3:18 left", "12 از 1,000: 10 پذیرفته‌شده، 2 ردشده؛ هر ثانیه 5"),
        ("balance: 5 rials, which is not enough", "موجودی: 5 ریال (0.5 تومان)؛ کافی نیست"),
        ("3 held back: opted out", "3 پیامک کنار گذاشته شد: پیامک نمی‌خواهند"),
        ("2 hidden or filtered rows left out; --include-hidden reads them, too", "2 سطر پنهان یا فیلترشده خوانده نشد؛ برای خواندن آن‌ها:\n  --include-hidden"),
        ("1 message with more parts because of the footer", "1 پیامک به‌خاطر سطر پایانی پارت بیشتری دارد"),
        ("paused: interrupted", "وضعیت کمپین: متوقف؛ کار قطع شد"),
        ("paused: the spending limit is reached: 20 rials are spent, 5 are left", "وضعیت کمپین: متوقف، به این علت: سقف هزینه پر شد: 20 ریال (2 تومان) خرج شده و 5 ریال مانده است"),
        ("paused: the token is refused", "وضعیت کمپین: متوقف، به این علت: توکن پذیرفته نشد"),
        ('error: otp.send: the gateway answered 402; "Poor."; top up the account', 'خطا: درگاه با کد 402 پاسخ داد؛ حساب را شارژ کنید\n  otp.send: "Poor."'),
        ("2 messages unknown, timeout: sms.send: no answer within the time-out", "2 پیامک نامعلوم، به این علت:\n  timeout\n  پاسخ درگاه در مهلت مقرر نرسید\n    sms.send"),
        ("error: --wait: expected seconds, not below 0; got another number", "خطا: ثانیه، دست‌کم 0:\n  --wait"),
        ("error: TRACK_IDS: expected track ids, or --cause; got both", "خطا: یا شناسه‌ی پیگیری بدهید یا علت، نه هر دو:\n  --cause\n  TRACK_IDS"),
        ("eid: paused: the token is refused", "کمپین متوقف:\n  eid\n  توکن پذیرفته نشد"),
        ("1 message rejected, other: ", "1 پیامک ردشده، به این علت:\n  other"),
        ("error: Unused Tokens: ['foo'].", "خطا: این را نمی‌شود اینجا نوشت:\n  'foo'"),
        ('error: Invalid value "0.0" for --every. Must be > 0.', "خطا: مقدار نادرست است:\n  --every 0.0"),
        ('error: Invalid value for --json: unable to convert "maybe" into bool.', "خطا: مقدار نادرست است:\n  --json"),
        ("error: --limit: expected a whole number from 1 to 500; got 999", "خطا: عدد صحیح از 1 تا 500:\n  --limit"),
        ("error: --base-url: the scheme is missing; expected a URL like https://wikipayam.ir", "خطا: نشانی درگاه را این‌گونه بنویسید:\n  --base-url https://wikipayam.ir"),
        ("error: --base-url: http would expose the token on the network; use https (http is for loopback)", "خطا: نشانی درگاه باید رمزنگاری‌شده باشد، وگرنه توکن در شبکه لو می‌رود:\n  --base-url https://..."),
        ("not written: track id t-1: rejected", "نوشته نشد، ردشده:\n  t-1"),
        ("12 DELIVERED", "12 پیامک: به گوشی رسید"),
        ("1 ODD_WORD", "1 پیامک: ODD_WORD"),
        ("something else", "something else"),
    ],
)  # fmt: skip
def test_lines_are_looked_up(english: str, persian: str) -> None:
    """In English nothing changes; in Persian each line is looked up alone."""
    assert spoken(english, "en") == english
    assert spoken(f"{english}\n{english}", "fa") == f"{persian}\n{persian}"


def test_texts_of_messages_are_not_translated(gateway: Emulator, fa: Run, ids: list[str]) -> None:
    """What people wrote is shown as it is, whatever words it has."""
    id_ = gateway.inbound(sender="989127782175", message="accepted")
    assert fa("inbox", "get", id_).out.splitlines()[-1] == "accepted"
    assert len(ids) == 3


def test_the_doctor_speaks_persian(gateway: Emulator, fa: Run) -> None:
    """Each check is a line of Persian, and names, versions and addresses stand below it."""
    lines = [line.split(":")[0] for line in lines_of(fa("doctor"))]
    assert lines == [f"درست   {name}" for name in ("نسخه‌ها", "پروکسی", "توکن", "اتصال", "رمزنگاری", "ساعت", "درگاه")]
    assert len(gateway.ledger) == 0
    failed = fa("doctor", "--base-url", "http://127.0.0.1:9")
    assert [line for line in lines_of(failed) if line.startswith("نادرست")] == ["نادرست اتصال: برقرار نشد"]


def test_a_changed_file_is_told_in_persian(gateway: Emulator, fa: Run) -> None:
    """What differs is a line for each difference, and each command to go on is on a line of its own."""
    write(f"{A},a", f"{B},b")
    assert fa("bulk", FILE, "--yes").code == 0
    write(f"{A},x", f"{C},b")
    ended = fa("bulk", FILE, "--yes")
    assert ended.err.splitlines()[2:4] == ["  متن سطر 2", "  ستون‌های دیگر سطر 2"]
    assert "برای ارسال باقی‌مانده‌ی آن:" in ended.err
    assert len(gateway.ledger) == 2


def test_headings_on_a_terminal_are_persian(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mark before each cell keeps their order, half-spaces take no width; programs read the English names."""
    monkeypatch.setenv("LC_ALL", "fa_IR.UTF-8")
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        out = Output(stdout=stream)
        out.table(("id", "track id", "other"), [["1", "T1", "x"]])
        out.facts({"balance": "5", "other": "6"})
    assert terminal.getvalue() == (
        "\u200eشناسه  \u200eشناسه‌ی پیگیری  \u200eother\n"
        "\u200e1      \u200eT1             \u200ex\n"
        "\u200eموجودی  \u200e5\n"
        "\u200eother   \u200e6\n"
    )
    assert pipe.getvalue() == "id\ttrack id\tother\n1\tT1\tx\nbalance\t5\nother\t6\n"


def test_values_on_a_terminal_are_persian(monkeypatch: pytest.MonkeyPatch) -> None:
    """Words of this package are; ids, texts and what the gateway alone knows stay; programs read the English ones."""
    monkeypatch.setenv("LC_ALL", "fa_IR.UTF-8")
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        out = Output(stdout=stream)
        out.table(("status", "message"), [["DELIVERED", "accepted"], ["NEW", "x"]], headed=False)
        out.facts({"kind": "landline", "province": "Tehran", "balance": "1,790 rials", "left": ""})
    assert terminal.getvalue() == (
        "\u200eبه گوشی رسید  \u200eaccepted\n"
        "\u200eNEW           \u200ex\n"
        "\u200eنوع        \u200eتلفن ثابت\n"
        "\u200eاستان      \u200eتهران\n"
        "\u200eموجودی     \u200e\u200f1,790 ریال (179 تومان)\u200f\n"
        "\u200eباقی‌مانده  \u200e\n"
    )
    assert pipe.getvalue() == (
        "DELIVERED\taccepted\nNEW\tx\nkind\tlandline\nprovince\tTehran\nbalance\t1,790 rials\nleft\t\n"
    )


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("status", [*SendStatus, *DeliveryStatus]),
        ("decision", list(Decision)),
        ("kind", [*NumberKind, *MessageKind]),
        ("operator", list(Operator)),
        ("province", sorted(set(AREA_CODES.values()))),
    ],
)
def test_every_word_has_a_persian_one(column: str, words: list[str]) -> None:
    """No value of an enum of this package, and no province, was forgotten; in English they are unchanged."""
    assert [word for word in words if not re.search(PERSIAN, worded(column, word, "fa"))] == []
    assert [worded(column, word, "en") for word in words] == words


def test_headings_in_english_are_unchanged() -> None:
    """In Persian a heading that the catalogue lacks is, too."""
    assert [heading("status", language) for language in ("en", "fa")] == ["status", "وضعیت"]
    assert heading("no such", "fa") == "no such"
