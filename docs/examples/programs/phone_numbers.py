"""Read phone numbers as people write them."""

from wikipayam_async import InvalidInputError
from wikipayam_async.numbers import normalize_number, parse_number

WRITTEN = ["۰۹۱۲ ۳۴۵ ۶۷۸۹", "+98 912 345 6789", "00989123456789", "021-88776655", "12"]


def main() -> None:
    for text in WRITTEN:
        try:
            number = parse_number(text)
        except InvalidInputError as error:
            print(text, "->", error)
        else:
            print(text, "->", normalize_number(text), number.kind)


if __name__ == "__main__":
    main()
