"""PyInstaller: what no analysis of imports finds.

`wikipayam_async.__getattr__` imports the public names on first use, and the emulator reads a file beside its modules.
"""

from pathlib import Path

_EMULATOR = Path(__file__).parents[1] / "emulator"

hiddenimports = ["wikipayam_async.public"]
datas = [(str(_EMULATOR / "openapi.json"), "wikipayam_async/emulator")]
