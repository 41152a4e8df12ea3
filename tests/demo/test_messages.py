import unicodedata
from importlib.resources import files

from wikipayam_async.demo.messages import Receiver, read_receivers, track_id_of, write_messages
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver

SARA = Receiver(name="سارا", number="0912 000 0001", city="یزد", order="507")
KAVEH = Receiver(name="کاوه", number="09120000002", city="رشت", order="508")


def is_valid(number: str) -> bool:
    """Return whether a number is a valid receiver."""
    try:
        normalize_receiver(number)
    except InvalidInputError:
        return False
    return True


def test_the_whole_file_is_read() -> None:
    """It has 5,000 rows, and its byte order mark is no part of a name."""
    receivers = read_receivers()
    assert len(receivers) == 5_000
    assert receivers[0].name == "حسین احمدی"
    assert receivers[0].order == "48203"


def test_one_percent_of_the_numbers_is_invalid() -> None:
    """Fifty rows have an invalid number."""
    assert [is_valid(one.number) for one in read_receivers()].count(False) == 50


def test_the_numbers_have_many_forms() -> None:
    """The valid numbers have all kinds of prefixes, separators and digits."""
    numbers = [one.number for one in read_receivers() if is_valid(one.number)]
    prefixes = {
        prefix for prefix in ("09", "+98", "0098", "98", "9", "۰۹", "٠٩") for n in numbers if n.startswith(prefix)
    }
    assert prefixes == {"09", "+98", "0098", "98", "9", "۰۹", "٠٩"}
    assert {sign for number in numbers for sign in number if unicodedata.category(sign) != "Nd"} == set(" -+\u200c")


def test_the_numbers_are_unassigned() -> None:
    """All valid numbers are in unassigned blocks."""
    numbers = [normalize_receiver(one.number) for one in read_receivers() if is_valid(one.number)]
    assert {number[:7] for number in numbers} == {"0912000", "0919000", "0935000"}


def test_the_file_is_small() -> None:
    """The file stays below 400 kB."""
    assert len(files("wikipayam_async.demo").joinpath("receivers.csv").read_bytes()) < 400_000


def test_a_message_is_personal() -> None:
    """It has the name, the city and the order number in Persian digits."""
    (message,) = write_messages([SARA], 1)
    assert message.message == "سارا عزیز، سفارش ۵۰۷ شما به یزد فرستاده شد.\nلغو۱۱"
    assert (message.receiver, message.track_id) == ("0912 000 0001", "demo-00001")


def test_receivers_are_cut_or_repeated() -> None:
    """The number of messages is as requested, each with its own track id."""
    messages = write_messages([SARA, KAVEH], 3)
    assert [message.receiver for message in messages] == ["0912 000 0001", "09120000002", "0912 000 0001"]
    assert [message.track_id for message in messages] == [track_id_of(index) for index in range(3)]
    assert len(write_messages([SARA, KAVEH], 1)) == 1


def test_a_receiver_shows_no_number() -> None:
    """The `repr` leaves the number out."""
    assert repr(SARA) == "Receiver(name='سارا', city='یزد', order='507')"
