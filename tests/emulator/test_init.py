from wikipayam_async import emulator


def test_the_public_names_exist() -> None:
    """Every name in `__all__` exists and is listed once."""
    names = emulator.__all__
    assert [hasattr(emulator, name) for name in names] == [True] * len(names)
    assert len(set(names)) == len(names)
