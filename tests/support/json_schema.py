"""Whether a value is what a JSON Schema says: as much of it (2020-12) as msgspec writes. Anything else in a schema is an error."""

import re
from collections.abc import Mapping
from typing import Any

TYPES: Mapping[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}
KNOWN = {
    *(
        "$schema",
        "$defs",
        "$ref",
        "title",
        "description",
        "default",
        "type",
        "enum",
        "const",
        "anyOf",
        "format",
    ),
    *("properties", "required", "additionalProperties", "items", "prefixItems", "contentEncoding", "pattern"),
    *(
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
    ),
    *("discriminator", "propertyNames", "minProperties", "maxProperties"),
}
BOUNDS: Mapping[str, Any] = {
    "minimum": lambda v, b: v >= b,
    "maximum": lambda v, b: v <= b,
    "exclusiveMinimum": lambda v, b: v > b,
    "exclusiveMaximum": lambda v, b: v < b,
    "minLength": lambda v, b: len(v) >= b,
    "maxLength": lambda v, b: len(v) <= b,
    "minItems": lambda v, b: len(v) >= b,
    "maxItems": lambda v, b: len(v) <= b,
    "pattern": lambda v, b: re.search(b, v) is not None,
}


def misfits(
    value: object, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None, at: str = "$"
) -> list[str]:
    """What does not fit, a line each; also fields that the schema does not know, as a program would never find out of them."""
    root = root or schema
    assert schema.keys() <= KNOWN, schema.keys() - KNOWN
    if "$ref" in schema:
        return misfits(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
    if "anyOf" in schema:
        tried = [misfits(value, each, root, at) for each in schema["anyOf"]]
        return [] if [] in tried else min(tried, key=len, default=[])
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value!r} is none of {schema['enum']}"]
    if (kind := schema.get("type")) and not _is(value, kind):
        return [f"{at}: {value!r} is no {kind}"]
    found = [
        f"{at}: {value!r} and {n} {b}" for n, b in schema.items() if n in BOUNDS and not BOUNDS[n](value, b)
    ]
    if isinstance(value, dict):
        found += _of_object(value, schema, root, at)
    if isinstance(value, list):
        each = [*schema.get("prefixItems", ())]
        rest = schema.get("items")
        for number, item in enumerate(value):
            wanted = each[number] if number < len(each) else rest
            found += misfits(item, wanted, root, f"{at}[{number}]") if isinstance(wanted, Mapping) else []
    return found


def _is(value: object, kind: str) -> bool:
    return isinstance(value, TYPES[kind]) and not (isinstance(value, bool) and kind in ("integer", "number"))


def _of_object(
    value: Mapping[str, object], schema: Mapping[str, Any], root: Mapping[str, Any], at: str
) -> list[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties")
    found = [f"{at}: {name} is missing" for name in schema.get("required", ()) if name not in value]
    for name, each in value.items():
        if name in properties:
            found += misfits(each, properties[name], root, f"{at}.{name}")
        elif isinstance(more, Mapping):
            found += misfits(each, more, root, f"{at}.{name}")
        elif properties or more is False:
            found.append(f"{at}: {name} is not in the schema")
    return found
