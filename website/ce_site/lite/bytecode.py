"""Note what Python compiles from now on, so that its next start need not compile it again.

The page's worker imports this file first, and stores what `packed` returns with the other files.
"""

import importlib.util
import io
import zipfile
from importlib._bootstrap_external import _code_to_hash_pyc
from importlib.machinery import SourceFileLoader

compiled = {}
compile_source = SourceFileLoader.source_to_code


def noting(loader, data, path, **options):
    """Compile a module as ever, and note its code."""
    compiled[path] = compile_source(loader, data, path, **options)
    return compiled[path]


def packed():
    """A zip of the bytecode, in bytes, to be unpacked at the root; noting ends.

    Python will take it without a look at the sources, which are those of one edition of the site.
    """
    SourceFileLoader.source_to_code = compile_source
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as files:
        for path, code in compiled.items():
            unchecked = _code_to_hash_pyc(code, bytes(8), checked=False)
            files.writestr(importlib.util.cache_from_source(path)[1:], bytes(unchecked))
    compiled.clear()
    return archive.getvalue()


SourceFileLoader.source_to_code = noting
