"""PyInstaller: `wikipayam_async.__getattr__` imports the public names on first use, where no analysis finds them."""

hiddenimports = ["wikipayam_async.public"]
