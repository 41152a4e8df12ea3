import unicodedata
from importlib.resources import files

from wikipayam_async.demo.reading import Receiver, read_receivers, track_id_of, write_messages
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.numbers import normalize_receiver

SARA = Receiver(name="سارا", number="0912 000 0001", city="یزد", order="507")
KAVEH = Receiver(name="کاوه", number="09120000002", city="رشت", order="508")


def is_good(number: str) -> bool:
    """Whether a number can be sent to."""
    try:
        normalize_receiver(number)
    except InvalidInputError:
        return False
    return True


def test_the_file_is_read_whole() -> None:
    """It has 5,000 rows, and the byte order mark in front of it is no part of a name."""
    receivers = read_receivers()
    assert len(receivers) == 5_000
    assert receivers[0].name == "حسین احمدی"
    assert receivers[0].order == "48203"


def test_a_hundredth_of_the_numbers_is_bad() -> None:
    """Fifty rows have a number that nothing can be sent to."""
    assert [is_good(one.number) for one in read_receivers()].count(False) == 50


def test_the_numbers_are_written_in_many_ways() -> None:
    """Prefixes, separators and digits of all kinds occur among the good ones."""
    numbers = [one.number for one in read_receivers() if is_good(one.number)]
    prefixes = {
        prefix for prefix in ("09", "+98", "0098", "98", "9", "۰۹", "٠٩") for n in numbers if n.startswith(prefix)
    }
    assert prefixes == {"09", "+98", "0098", "98", "9", "۰۹", "٠٩"}
    assert {sign for number in numbers for sign in number if unicodedata.category(sign) != "Nd"} == set(" -+\u200c")


def test_the_numbers_belong_to_nobody() -> None:
    """All the good ones lie in a block of numbers that is given to nobody."""
    numbers = [normalize_receiver(one.number) for one in read_receivers() if is_good(one.number)]
    assert {number[:7] for number in numbers} == {"0912000", "0919000", "0935000"}


def test_the_file_is_small() -> None:
    """It does not make the package large."""
    assert len(files("wikipayam_async.demo").joinpath("receivers.csv").read_bytes()) < 400_000


def test_a_message_speaks_to_its_receiver() -> None:
    """It has the name, the city and the number of the order, in Persian digits."""
    (message,) = write_messages([SARA], 1)
    assert message.message == "سارا عزیز، سفارش ۵۰۷ شما به یزد فرستاده شد.\nلغو۱۱"
    assert (message.receiver, message.track_id) == ("0912 000 0001", "demo-00001")


def test_receivers_are_cut_or_repeated() -> None:
    """There are as many messages as asked for, each with a track id of its own."""
    messages = write_messages([SARA, KAVEH], 3)
    assert [message.receiver for message in messages] == ["0912 000 0001", "09120000002", "0912 000 0001"]
    assert [message.track_id for message in messages] == [track_id_of(index) for index in range(3)]
    assert len(write_messages([SARA, KAVEH], 1)) == 1


def test_a_receiver_shows_no_number() -> None:
    """The `repr` leaves the number out."""
    assert repr(SARA) == "Receiver(name='سارا', city='یزد', order='507')"
