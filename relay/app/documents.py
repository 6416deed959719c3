"""/api/docs: the OpenAPI document, made of the rows, and a page of it that needs nothing from anywhere else."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Any

import msgspec

from relay.app.dispatch import operations
from relay.core.access import POLICY, Action, Relation
from relay.core.calls import Answer, AnyRow, Call, Page, Render, Row
from relay.core.keys import HEADER as KEY_HEADER
from relay.wire.listening import SoundForm, TwoSoundsForm
from relay.wire.operation import AnyOperation, AudioBytes, Nothing, UploadForm
from relay.wire.rest import EnvelopedProblem, Problem
from relay.wire.samples import SampleForm

Schema = dict[str, Any]  # any: the document is plain JSON
DESCRIPTION = (
    "Accounts, uploads, feeds and the social graph of Sidechain. Times are RFC 3339 in UTC; unknown is null; paging is by"
    " opaque cursors; unknown query parameters are refused. `waveform_svg` is an address, `bpm` a number with fractions."
    " Every answer says what is left of its limit in RateLimit-* headers. `is_live` is what an account's devices tell of"
    " themselves; who does not want to be seen working sets `presence = false` in the settings of the desktop, and then"
    " nothing is told, so it is false."
)
FILE_FORMS: dict[type, str] = {SampleForm: "WAV or MP3", SoundForm: "any sound", TwoSoundsForm: "any sound"}
"""Bodies that are files, and what these may be."""
_PARAMETER = re.compile(r"\{(\w+)\}")
_REFERENCE = "#/components/schemas/{name}"


def document(rows: Iterable[AnyRow]) -> Schema:
    """OpenAPI 3.1. [any]"""
    shown = [row for row in operations(rows) if row.operation.method != "OPTIONS"]
    kinds = sorted(
        {kind for row in shown for kind in (row.operation.body, row.operation.reply) if not _is_plain(kind)}
        | {Problem, EnvelopedProblem},
        key=lambda kind: kind.__name__,
    )
    references, components = msgspec.json.schema_components(kinds, ref_template=_REFERENCE)
    of_kind = dict(zip(kinds, references, strict=True))
    paths: Schema = {}
    for row in shown:
        paths.setdefault(row.operation.path, {})[row.operation.method.lower()] = _operation(row, of_kind)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Sidechain relay", "version": "1", "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
        },
    }


def rows(others: list[AnyRow], render: Render) -> list[AnyRow]:
    """others: the table that is documented; made into a document when somebody asks for it."""

    @cache
    def whole() -> Schema:
        return document(others)

    async def page(call: Call[Any, Any]) -> Answer[Any]:
        made = whole()
        groups = groupby(_listed(made), lambda each: each["tag"])
        return render(
            "docs.html",
            call.session,
            info=made["info"],
            groups=[(tag, list(each)) for tag, each in groups],
            shapes=list(_shapes(made)),
        )

    async def raw(_: Call[Any, Any]) -> Answer[Any]:
        return Answer(value=whole())

    return [
        Page("GET", "/api/docs", Action.SITE_READ, page),
        Page("GET", "/api/docs/openapi.json", Action.SITE_READ, raw, machine=True),
    ]


# the document -------------------------------------------------------------------------------------------------


def _is_plain(kind: type) -> bool:
    return kind in (Nothing, AudioBytes, UploadForm, *FILE_FORMS)


def _operation(row: Row[Any, Any, Any], of_kind: dict[type, Schema]) -> Schema:
    operation = row.operation
    made: Schema = {
        "operationId": f"{operation.method.lower()}{operation.path}".translate(str.maketrans("/{}-", "____")),
        "tags": [operation.tag],
        "description": operation.text,
        "parameters": list(_parameters(operation)),
        "responses": {
            str(operation.status): _answer(operation, of_kind),
            "default": {
                "description": "A problem document (RFC 9457)",
                "content": {
                    "application/problem+json": {
                        "schema": of_kind[EnvelopedProblem if operation.missing else Problem]
                    }
                },
            },
        },
    }
    if (body := _body(operation, of_kind)) is not None:
        made["requestBody"] = {"required": True, "content": body}
    if Relation.ANONYMOUS not in POLICY[row.action]:
        made["security"] = [{"token": []}]
    return made


def _parameters(operation: AnyOperation) -> Iterator[Schema]:
    for name in _PARAMETER.findall(operation.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    shape = msgspec.json.schema_components([operation.query])[1].get(operation.query.__name__, {})
    for name, facts in shape.get("properties", {}).items():
        yield {"name": name, "in": "query", "required": False, "schema": facts}
    if operation.keyed:
        form = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
        yield {"name": KEY_HEADER, "in": "header", "required": False, "schema": form}


def _body(operation: AnyOperation, of_kind: dict[type, Schema]) -> Schema | None:
    if operation.body is UploadForm:
        meta = {"type": "string", "contentMediaType": "application/json", "description": "UploadMeta as JSON"}
        audio = {"type": "string", "contentMediaType": "audio/flac", "description": "WAV or FLAC"}
        form = {"type": "object", "properties": {"meta": meta, "audio": audio}, "required": ["meta", "audio"]}
        return {"multipart/form-data": {"schema": form}}
    if (kinds := FILE_FORMS.get(operation.body)) is not None:
        names = list(operation.body.__struct_fields__)
        file = {"type": "string", "contentMediaType": "audio/wav", "description": kinds}
        form = {"type": "object", "properties": dict.fromkeys(names, file), "required": names}
        return {"multipart/form-data": {"schema": form}}
    if _is_plain(operation.body):
        return None
    files: Schema = {media_type: {} for media_type in operation.files}
    return {"application/json": {"schema": of_kind[operation.body]}, **files}


def _answer(operation: AnyOperation, of_kind: dict[type, Schema]) -> Schema:
    if operation.reply is AudioBytes:
        return {"description": "The bytes", "content": {"application/octet-stream": {}}}
    if _is_plain(operation.reply):
        return {"description": "No body"}
    return {"description": "Success", "content": {"application/json": {"schema": of_kind[operation.reply]}}}


# the page -----------------------------------------------------------------------------------------------------


def _listed(made: Schema) -> list[Schema]:
    found = [
        {
            "tag": operation["tags"][0],
            "method": method,
            "path": path,
            "text": operation["description"],
            "takes": list(_takes(operation)),
            "gives": [(status, _shape_of(answer)) for status, answer in operation["responses"].items()],
        }
        for path, methods in made["paths"].items()
        for method, operation in methods.items()
    ]
    return sorted(found, key=lambda each: (each["tag"], each["path"]))


def _takes(operation: Schema) -> Iterator[str]:
    for parameter in operation["parameters"]:
        yield parameter["name"]
    if "requestBody" in operation:
        yield _shape_of(operation["requestBody"]) or next(iter(operation["requestBody"]["content"]))


def _shape_of(holder: Schema) -> str:
    for media in holder.get("content", {}).values():
        if reference := media.get("schema", {}).get("$ref"):
            return str(reference).rpartition("/")[2]
    return ""


def _shapes(made: Schema) -> Iterator[tuple[str, list[Schema]]]:
    for name, shape in sorted(made["components"]["schemas"].items()):
        required = shape.get("required", [])
        fields = [
            {"name": field, "kind": _kind(facts), "required": field in required}
            for field, facts in shape.get("properties", {}).items()
        ]
        if fields:
            yield name, fields


def _kind(facts: Schema) -> str:
    if "$ref" in facts:
        return str(facts["$ref"]).rpartition("/")[2]
    options = facts.get("oneOf") or facts.get("anyOf")
    if options:
        return " or ".join(_kind(each) for each in options)
    if "enum" in facts:
        return " or ".join(f"“{each}”" for each in facts["enum"])
    kind = facts.get("type", "value")
    if kind == "array":
        return f"list of {_kind(facts.get('items', {}))}"
    return kind if isinstance(kind, str) else " or ".join(kind)
