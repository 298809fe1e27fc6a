"""Reads a bill of materials with CycloneDX's own library: strictly by the schema, then as a model."""

import json
import sys
from pathlib import Path

from cyclonedx.model.bom import Bom
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = Path(sys.argv[1]).read_text()
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if fault is not None:
    sys.exit(f"not CycloneDX 1.6: {fault}")
bom = Bom.from_json(json.loads(text))
bom.validate()
assert bom.metadata.component.name == "tradewire", bom.metadata.component
names = {component.name for component in bom.components}
# What is linked is there; what only tests use is not.
assert {"tokio", "wasmtime", "rustls", "tradewire-host"} <= names, sorted(names)
assert not {"rcgen", "russh-sftp-server", "tradewire-fuzz", "tradewire-samples"} & names, sorted(names)
for component in bom.components:
    assert component.licenses, f"{component.name} has no licence"
    assert component.hashes or component.name.startswith("tradewire"), f"{component.name} has no hash"
print(f"{len(bom.components)} components: has tokio, wasmtime and no test")
