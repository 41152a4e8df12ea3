from __future__ import annotations

import subprocess
import sys


def test_without_fastapi_the_import_says_what_to_install() -> None:
    """The error names the extra."""
    code = (
        "import sys; sys.modules['fastapi'] = None\n"
        "try:\n    import wikipayam_async.integrations.fastapi\nexcept ImportError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    assert done.stdout.strip().endswith("needs FastAPI: pip install 'wikipayam_async[fastapi]'")


def test_the_core_does_not_import_fastapi() -> None:
    """Importing the package loads neither FastAPI nor Pydantic nor Starlette."""
    code = "import sys, wikipayam_async as w; w.AsyncWikipayam; print(sorted({'fastapi', 'pydantic', 'starlette'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - the code is in this file
    assert done.stdout.strip() == "[]"
