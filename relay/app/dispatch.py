"""From method and path to the row that answers. Rows are all there is: nothing else is reached."""

from collections.abc import Iterable, Mapping

from relay.core.calls import AnyRow, Page, Row
from relay.core.refusal import Refusal
from relay.wire.bounds import unprintable


class DuplicateRow(Exception):
    """Two rows for one method and path."""


class _Node:
    __slots__ = ("children", "name", "parameter", "prefixed", "rows")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.parameter: _Node | None = None
        self.prefixed: dict[str, _Node] = {}  # a parameter behind a sign, by the sign
        self.name = ""
        self.rows: dict[str, AnyRow] = {}


class Routes:
    """A tree of path segments; what stands there in words goes before a parameter. [any]"""

    def __init__(self, rows: Iterable[AnyRow]) -> None:
        self._root = _Node()
        for row in rows:
            self._add(row)

    def find(self, method: str, path: str) -> tuple[AnyRow, Mapping[str, str]]:
        """The row, and the parameters of the path. HEAD is answered by the row of GET.

        Raises Refusal: not_found; MethodNotAllowed.
        """
        if unprintable(path) is not None:
            raise Refusal("not_found", "There is nothing at this address.")
        parameters: dict[str, str] = {}
        node = self._walk(_segments(path), parameters)
        if node is None or not node.rows:
            raise Refusal("not_found", "There is nothing at this address.")
        row = node.rows.get(method)
        if row is None and method == "HEAD":
            row = node.rows.get("GET")
        if row is None:
            raise MethodNotAllowed(allowed(node.rows))
        return row, parameters

    def _walk(self, segments: list[str], parameters: dict[str, str]) -> _Node | None:
        node = self._root
        for segment in segments:
            if (child := node.children.get(segment)) is not None:
                node = child
            elif len(segment) > 1 and (marked := node.prefixed.get(segment[0])) is not None:
                parameters[marked.name] = segment[1:]
                node = marked
            elif node.parameter is not None and segment:
                parameters[node.parameter.name] = segment
                node = node.parameter
            else:
                return None
        return node

    def _add(self, row: AnyRow) -> None:
        node = self._root
        for segment in _segments(path_of(row)):
            if segment.startswith("{"):
                node.parameter = node.parameter or _Node()
                node = node.parameter
                node.name = segment[1:-1]
            elif segment[1:2] == "{":
                node = node.prefixed.setdefault(segment[0], _Node())
                node.name = segment[2:-1]
            else:
                node = node.children.setdefault(segment, _Node())
        if method_of(row) in node.rows:
            raise DuplicateRow(f"{method_of(row)} {path_of(row)}")
        node.rows[method_of(row)] = row


class MethodNotAllowed(Exception):
    """The path is there, with these methods."""

    def __init__(self, methods: list[str]) -> None:
        super().__init__(methods)
        self.methods = methods


def path_of(row: AnyRow) -> str:
    """With its parameters in braces. [any]"""
    return row.path if isinstance(row, Page) else row.operation.path


def method_of(row: AnyRow) -> str:
    """[any]"""
    return row.method if isinstance(row, Page) else row.operation.method


def operations(rows: Iterable[AnyRow]) -> list[Row]:  # type: ignore[type-arg]  # of all types
    """The rows that stand in the API's document. [any]"""
    return [row for row in rows if isinstance(row, Row)]


def allowed(rows: Mapping[str, AnyRow]) -> list[str]:
    """The methods of a path, as the header Allow names them. [any]"""
    methods = set(rows) | ({"HEAD"} if "GET" in rows else set()) | {"OPTIONS"}
    return sorted(methods)


def _segments(path: str) -> list[str]:
    """A slash at the end says nothing."""
    return path.removesuffix("/").split("/")[1:] if path != "/" else [""]
