from types import ModuleType

from wikipayam_async import emulator


def test_the_public_names_are_those_that_are_imported() -> None:
    """`__all__` lists every public name once, and a class or a function says that it is imported from here."""
    public = {name: value for name, value in vars(emulator).items() if not name.startswith("_")}
    names = sorted(name for name, value in public.items() if not isinstance(value, ModuleType))
    assert sorted(emulator.__all__) == names
    assert {public[name].__module__ for name in names if callable(public[name])} == {"wikipayam_async.emulator"}
