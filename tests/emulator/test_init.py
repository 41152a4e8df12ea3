from wikipayam_async import emulator


def test_the_public_names_are_sorted_and_there() -> None:
    """Every name of `__all__` exists, once, constants before classes before functions."""
    names = emulator.__all__
    assert [hasattr(emulator, name) for name in names] == [True] * len(names)
    assert len(set(names)) == len(names)
