from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.bulk.files.reading import read, refusal

TEXT = "موبایل,نام\n09123456789,علی\n09351234567,مریم\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_unicode_is_detected(encoding: str) -> None:
    """With a byte order mark or without."""
    Path("f.csv").write_bytes(TEXT.encode(encoding))
    assert read("f.csv").values == [["09123456789", "علی"], ["09351234567", "مریم"]]
    assert read("f.csv").columns == ("موبایل", "نام")


@pytest.mark.parametrize("mark", ["\ufeff", ""])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8", "cp65001"])
def test_a_byte_order_mark_is_no_part_of_the_first_name(encoding: str, mark: str) -> None:
    """Even if the encoding is given."""
    Path("f.csv").write_bytes((mark + TEXT).encode(encoding))
    assert read("f.csv", encoding=encoding).columns == ("موبایل", "نام")


@pytest.mark.parametrize("encoding", ["x-none", "hex", "rot13"])
def test_an_encoding_that_is_none_is_refused(encoding: str) -> None:
    """Python also calls other conversions encodings."""
    Path("f.csv").write_bytes(b"a")
    assert refusal("f.csv", encoding=encoding) == f"--encoding: unknown encoding {encoding}"


def test_a_nul_makes_no_other_encoding() -> None:
    """A single one is damage of its cell."""
    Path("f.csv").write_bytes(("mobile,name\n0912,\0a\n" + "0912,b\n" * 9).encode())
    assert [row["name"] for row in read("f.csv").rows.values()][:2] == ["!a text with NUL characters", "b"]
