"""PyInstaller: what no analysis of imports finds.

`wikipayam_async.__getattr__` imports the public names on first use, and the emulator and the lab read files beside their
modules.
"""

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]

hiddenimports = ["wikipayam_async.public"]
datas = [
    (str(_PACKAGE / "emulator" / "openapi.json"), "wikipayam_async/emulator"),
    (str(_PACKAGE / "lab" / "static"), "wikipayam_async/lab/static"),
]
