"""Of what the pictures of `sidechain watch` are made: text that is shown as it is, and tables without lines."""

from rich.table import Table
from rich.text import Text

from daemon.core import shown

NARROW_COLUMNS = 60  # below: without what can be missed
ROOMY_COLUMNS = 76  # from here on the meter is drawn at its full length


def table_of(columns: list[str]) -> Table:
    """[any]"""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, no_wrap=True, overflow="ellipsis", header_style="dim")
    return table


def text_of(said: str, style: str = "", most: int | None = None) -> Text:
    """As it is: names and titles are other people's words. most: columns. [any]"""
    text = Text(shown.line(said), style, no_wrap=True, overflow="ellipsis")
    if most is not None:
        text.truncate(most, overflow="ellipsis")
    return text
