"""A report as one HTML page that needs nothing but itself: no script, no font, no picture from elsewhere."""

from base64 import b64encode
from collections.abc import Mapping
from html import escape

from verify.evaluation import Evaluation
from verify.tables import Table, tabulate

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.4rem; border-left: .5rem solid var(--mark); padding-left: .8rem; }
.skill { --mark: #2c6e49; } .none { --mark: #9a3b26; }
table { border-collapse: collapse; font-size: .85rem; } th, td { padding: .3rem .7rem; text-align: right; }
th { border-bottom: 2px solid #444; vertical-align: bottom; } td { border-bottom: 1px solid #ddd; }
th:first-child, td:first-child { text-align: left; } .wide { overflow-x: auto; }
figure { display: inline-block; margin: 0 1rem 1rem 0; width: 32rem; max-width: 100%; } img { width: 100%; }
figcaption, .caption, footer { color: #555; font-size: .85rem; }
""".strip()

GLOSSARY = {
    "AUC": "chance that a window with an event was given a higher probability than one without; 0.5 is guessing.",
    "Average precision": "mean share of true warnings as more and more windows are warned of; guessing scores the "
    "base rate.",
    "Brier skill": "share of the squared error of always forecasting the base rate that the model removes; 0 is no "
    "better.",
    "Log score": "mean surprise at what happened; lower is better, and only honest probabilities score best.",
    "Calibration slope": "1 where probabilities mean what they say, below 1 where they are too extreme.",
    "95% interval": "what resampling whole weeks makes of the number; where it contains 0, a difference may be chance.",
}

CAPTIONS = {
    "reliability": "Points on the diagonal: events came as often as forecast. Bars: where the model's points should lie.",
    "roc": "Share of events caught against share of quiet windows warned of.",
    "precision_recall": "Share of warnings that were right against share of events caught.",
    "months": "Windows with an event by month, and how many were expected.",
}


def render_html(evaluation: Evaluation, pictures: Mapping[str, bytes], *, versions: str) -> str:
    """The whole report as one page.

    Args:
        evaluation: The findings.
        pictures: Name of each plot to its PNG.
        versions: Versions that computed it, in words.

    Returns:
        HTML that loads nothing.
    """
    verdict = evaluation.verdict
    first, last = evaluation.times.min(), evaluation.times.max()
    parts = [
        f'<h1 class="{"skill" if verdict.skill else "none"}">{escape(f"{evaluation.model}: {verdict.text}")}</h1>',
        f"<p><b>Question.</b> {escape(evaluation.question)}</p>",
        f"<p><b>Scored.</b> {evaluation.n:,} rows from {first} to {last} UTC; {evaluation.base_rate:.2%} had an event.</p>",
        f"<p><b>Judged.</b> {escape(evaluation.model)}; every other model is a baseline.</p>",
        *(_show_table(table) for table in tabulate(evaluation)),
        "<h2>Plots</h2>" + "".join(_show_picture(name, picture) for name, picture in pictures.items()),
        "<h2>How to read the scores</h2><dl>"
        + "".join(f"<dt>{escape(word)}</dt><dd>{escape(text)}</dd>" for word, text in GLOSSARY.items())
        + "</dl>",
        "<h2>What was known, and how it was computed</h2><ul>"
        + "".join(f"<li>{escape(note)}</li>" for note in evaluation.notes)
        + f"</ul><footer>{escape(versions)}</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(evaluation.question)}</title><style>\n{STYLE}\n</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _show_table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    rows = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    return (
        f'<h2>{escape(table.title)}</h2><p class="caption">{escape(table.caption)}</p>'
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{rows}\n</tbody></table></div>'
    )


def _show_picture(name: str, picture: bytes) -> str:
    caption = escape(CAPTIONS.get(name, name))
    source = f"data:image/png;base64,{b64encode(picture).decode('ascii')}"
    return f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}</figcaption></figure>'
