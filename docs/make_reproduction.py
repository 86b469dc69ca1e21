"""Makes the picture of docs/reproduction.md and the counts that stand in it: python docs/make_reproduction.py"""

from pathlib import Path

import spingan
from spingan.output import write_text
from spingan.papers.reproduction_page import agreement_figure
from spingan.papers.reproduction_tables import count_table
from spingan.reports.plots import save_png
from spingan.reports.tables import markdown_text

HERE = Path(__file__).parent
BEGIN, END = "<!-- counts: made by docs/make_reproduction.py -->\n", "<!-- end of counts -->\n"


def main() -> None:
    found = spingan.reproduce()
    save_png(agreement_figure(found), HERE / "figures" / "reproduction.png")
    counts = count_table(found)
    table = markdown_text(counts.headings, counts.rows)
    page = HERE / "reproduction.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    write_text(page, f"{before}{BEGIN}\n{found.headline}\n\n{table}\n{END}{after}")
    print(found.headline)


if __name__ == "__main__":
    main()
