"""Download the front-end packages of the lab and write the files that it serves: `python -m tests.lab.vendor`.

Each package is checked against the integrity that the npm registry published for its version; `vendor.json` has it with the
licence and the hash of every file. A new version is a change of `PACKAGES`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from attrs import frozen

import wikipayam_async.lab

VENDOR = Path(wikipayam_async.lab.__file__).parent / "static" / "vendor"
MANIFEST = VENDOR / "vendor.json"
_REGISTRY = "https://registry.npmjs.org"
# The package has no copy of its licence.
_ALPINE_LICENSE = """\
MIT License

Copyright (c) 2019-2025 Caleb Porzio and contributors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
"""


@frozen
class Package:
    """A package, and which of its files are served.

    Attributes:
        name: Its name.
        version: Its version.
        integrity: The hash of its archive, as the registry publishes it.
        license: Its licence, as SPDX spells it.
        files: The path in the archive of each file; None if the text is written here.
    """

    name: str
    version: str
    integrity: str
    license: str
    files: Mapping[str, str | None]


PACKAGES = (
    Package(
        "@alpinejs/csp",
        "3.17.4",
        "sha512-SlRXmqO6kYhnxlg+99etmuzJtE9Lk4QbKjBHqerXzaMflJqoJXdz/SI3IvHJGZ/vRVyC3bR0SSBz40oY7goBeg==",
        "MIT",
        {"alpine-csp.js": "package/dist/cdn.min.js", "alpine-csp.LICENSE.txt": None},
    ),
    Package(
        "@picocss/pico",
        "2.1.1",
        "sha512-kIDugA7Ps4U+2BHxiNHmvgPIQDWPDU4IeU6TNRdvXQM1uZX+FibqDQT2xUOnnO2yq/LUHcwnGlu1hvf4KfXnMg==",
        "MIT",
        {"pico.css": "package/css/pico.min.css", "pico.LICENSE.txt": "package/LICENSE.md"},
    ),
    Package(
        "vazirmatn",
        "33.0.3",
        "sha512-fbjNc0CMjazZpIegWzz9OHGzI1APFboT+x7ZecXlUCtDe/nkyx7gtCTZnWS/+eeXG7fbfXymCPKJI8EsnM3iqw==",
        "OFL-1.1",
        {
            "vazirmatn.woff2": "package/fonts/webfonts/Vazirmatn[wght].woff2",
            "vazirmatn.LICENSE.txt": "package/OFL.txt",
        },
    ),
)


def sha256(content: bytes) -> str:
    """Return the hash of a file as the manifest has it."""
    return hashlib.sha256(content).hexdigest()


def download(package: Package) -> bytes:
    """Return the archive of a package, checked against its integrity."""
    stem = package.name.rpartition("/")[2]
    with urllib.request.urlopen(f"{_REGISTRY}/{package.name}/-/{stem}-{package.version}.tgz") as response:  # noqa: S310 - https
        content: bytes = response.read()
    found = f"sha512-{base64.b64encode(hashlib.sha512(content).digest()).decode()}"
    if found != package.integrity:
        raise ValueError(f"{package.name} {package.version}: the archive has the integrity {found}")
    return content


def write(package: Package) -> dict[str, object]:
    """Write the files of a package, and return its entry of the manifest."""
    hashes = {}
    with tarfile.open(fileobj=io.BytesIO(download(package))) as archive:
        for name, path in package.files.items():
            file = None if path is None else archive.extractfile(path)
            content = _ALPINE_LICENSE.encode() if file is None else file.read()
            (VENDOR / name).write_bytes(content)
            hashes[name] = sha256(content)
    return {
        "name": package.name,
        "version": package.version,
        "license": package.license,
        "integrity": package.integrity,
        "sha256": hashes,
    }


def main() -> None:
    """Write all files and the manifest."""
    MANIFEST.write_text(json.dumps([write(package) for package in PACKAGES], indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
