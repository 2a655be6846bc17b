"""Problem sets for students: write, release, collect, grade safely, return."""

import sys
import types

# Where jsonschema finds this package, it parses a grammar of addresses for a second. A notebook's
# schema has no such address, so jsonschema is to find an empty one.
sys.modules.setdefault("rfc3987_syntax", types.ModuleType("rfc3987_syntax"))
