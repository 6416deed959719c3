"""/api/docs: the OpenAPI document, and a page listing it that needs nothing from anywhere else."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.response import Response
from litestar.router import Router

from relay.app.gate import operation
from relay.app.problems import AnyRequest
from relay.app.routes_pages import page
from relay.app.views import PAGE_POLICY
from relay.core.access import Action

Schema = dict[str, Any]  # any: the document is plain JSON
DESCRIPTION = "Accounts, uploads, feeds and the social graph of Sidechain."


class OperationsPage(OpenAPIRenderPlugin):
    """Every operation and shape of the document, rendered here."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: AnyRequest, openapi_schema: Schema) -> bytes:
        answer: Response[bytes] = page(
            "docs.html",
            None,
            dev=False,
            info=openapi_schema["info"],
            groups=[
                (tag, list(each)) for tag, each in groupby(_operations(openapi_schema), lambda op: op["tag"])
            ],
            shapes=list(_shapes(openapi_schema)),
        )
        return answer.content


def _operations(schema: Schema) -> list[Schema]:
    found = [
        {
            "tag": operation_["tags"][0],
            "method": method,
            "path": path,
            "text": operation_.get("description", ""),
            "takes": list(_takes(operation_)),
            "gives": [(status, _shape_of(answer)) for status, answer in operation_["responses"].items()],
        }
        for path, methods in schema["paths"].items()
        for method, operation_ in methods.items()
    ]
    return sorted(found, key=lambda op: (op["tag"], op["path"]))


def _takes(operation_: Schema) -> Iterator[str]:
    for parameter in operation_.get("parameters", []):
        yield parameter["name"]
    if "requestBody" in operation_:
        yield _shape_of(operation_["requestBody"]) or next(iter(operation_["requestBody"]["content"]))


def _shape_of(holder: Schema) -> str:
    for media in holder.get("content", {}).values():
        if reference := media.get("schema", {}).get("$ref"):
            return str(reference).rpartition("/")[2]
    return ""


def _shapes(schema: Schema) -> Iterator[tuple[str, list[Schema]]]:
    for name, shape in sorted(schema["components"]["schemas"].items()):
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
    kind = facts.get("type", "value")
    if kind == "array":
        return f"list of {_kind(facts.get('items', {}))}"
    return kind if isinstance(kind, str) else " or ".join(kind)


def openapi() -> OpenAPIConfig:
    return OpenAPIConfig(
        title="Sidechain relay",
        version="1",
        description=DESCRIPTION,
        use_handler_docstrings=True,
        render_plugins=[OperationsPage(), JsonRenderPlugin(path="/openapi.json")],
        openapi_router=Router(
            "/api/docs",
            route_handlers=[],
            opt=operation(Action.SITE_READ),
            include_in_schema=False,
            response_headers={"content-security-policy": PAGE_POLICY},
        ),
    )
