"""A table of the report: a row's name with small print, then cells; columns that stay empty are left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from side_core.runs.report.text import said


@dataclass(frozen=True)
class Row:
    """One row; its cells are HTML, the rest is text."""

    name: str
    small: str
    cells: Sequence[str]
    chosen: bool


@dataclass(frozen=True)
class Table:
    """A table that grows row by row.

    Attributes:
        corner: what the rows are.
        heads: (n,) names of the columns.
        rows: with n cells each.
    """

    corner: str
    heads: Sequence[str]
    rows: list[Row] = field(default_factory=list)

    def add(self, name: str, small: str, cells: Sequence[str], chosen: bool = False) -> None:
        """Add a row; a chosen one is marked."""
        self.rows.append(Row(name, small, cells, chosen))

    def html(self, caption: str) -> str:
        """The table, which scrolls where the screen is narrow."""
        used = [i for i in range(len(self.heads)) if any(row.cells[i] for row in self.rows)]
        heads = "".join(f'<th scope="col">{said(name)}</th>' for name in (self.corner, *(self.heads[i] for i in used)))
        rows = "".join(self.row_html(row, used) for row in self.rows)
        return (
            f'<div class="scroll" tabindex="0" role="region" aria-label="{said(self.corner)}"><table>'
            f"<caption>{said(caption)}</caption><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>"
        )

    def row_html(self, row: Row, used: Sequence[int]) -> str:
        """One row, of the columns that are used."""
        mark = ' class="chosen"' if row.chosen else ""
        cells = "".join(f"<td>{row.cells[i] or '–'}</td>" for i in used)
        return f'<tr{mark}><th scope="row">{said(row.name)}<small>{said(row.small)}</small></th>{cells}</tr>'
