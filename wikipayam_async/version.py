"""The version, which the build, the package and the User-Agent header take from here."""

__all__ = ["__version__"]

__version__ = "0.1.0"
