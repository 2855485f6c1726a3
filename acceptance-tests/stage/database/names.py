"""Names of endpoints, and how clients come to know them."""

from pathlib import Path

from . import programs

_SOURCE = Path(__file__).with_name("names.c")


class Names:
    """The file with the addresses of names, and the library that looks there, to be preloaded into clients."""

    def __init__(self, folder):
        self._file, self._library = folder / "names", folder / "names.so"
        programs.compile_library(_SOURCE, self._library)
        self.write({})

    def write(self, addresses):
        """Replaces all names, at once for every client."""
        new = self._file.with_suffix(".new")
        new.write_text("".join(f"{address} {name}\n" for name, address in addresses.items()))
        new.replace(self._file)

    def environment(self):
        """Variables of a client that is to know the names."""
        return {"LD_PRELOAD": str(self._library), "STAGE_NAMES": str(self._file)}
