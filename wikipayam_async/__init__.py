"""The async Python SDK for the Wikipayam SMS gateway.

It never sends a message twice and never loses track of one: see `AsyncWikipayam`.
"""

from typing import TYPE_CHECKING

from wikipayam_async.version import __version__ as __version__

if TYPE_CHECKING:
    from wikipayam_async.public import *  # noqa: F403 - for type checkers, which read its `__all__`
    from wikipayam_async.public import __all__ as __all__
else:
    from importlib import import_module
    from importlib.util import find_spec

    def __getattr__(name: str) -> object:
        """Load the public names on first access.

        Imports of single modules, such as the pytest plugin or `wikipayam_async.numbers`, thus do not load the client.
        """
        if find_spec(f"{__name__}.{name}"):
            return import_module(f"{__name__}.{name}")
        if name == "__all__" or not name.startswith("__"):
            public = import_module(f"{__name__}.public")
            globals().update({each: getattr(public, each) for each in public.__all__}, __all__=public.__all__)
        if name not in globals():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name)
        return globals()[name]

    def __dir__() -> list[str]:
        """Return all public names, loaded or not."""
        return sorted({*globals(), *__getattr__("__all__")})
