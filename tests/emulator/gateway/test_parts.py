import pytest

from wikipayam_async.emulator.gateway.parts import count_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("€" * 35, 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("س" * 70, 1),
        ("س" * 71, 2),
        ("س" * 134, 2),
        ("س" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("`", 1),
        ("`" * 71, 2),
    ],
)
def test_a_text_takes_the_documented_number_of_parts(text: str, parts: int) -> None:
    """GSM-7 has 160/153 characters with extensions counted twice, and other texts 70/67 UTF-16 units."""
    assert count_parts(text) == parts
