"""The version of the package, used by the build, the package and the User-Agent header."""

__all__ = ["__version__"]

__version__ = "0.1.0"
