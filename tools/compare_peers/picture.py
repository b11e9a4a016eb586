"""results.svg: four panels of bars, drawn from the results and nothing else."""
from xml.sax.saxutils import escape

from measures import median, ratios, shares_recorded

WIDTH, ROW, LABEL, PANEL, GAP, HEAD = 980, 20, 130, 360, 40, 62
OURS, PEER, REFERENCE, INK, FAINT = "#1b6e53", "#9aa5b1", "#d8dde3", "#1f2933", "#6b7785"


def _panels(results):
    """(title, the better side, format, bars) of every panel that there are numbers for; a bar is (name, value)."""
    loads = {load["name"]: load for load in results["loads"]}
    for name, what, with_path in (("files", "opens recorded, of {:,} files", False),
                                  ("grep", "opens recorded with full path, grep -r of {:,} files", True)):
        if name in loads:
            bars = [(recorder, median(shares_recorded(loads[name], recorder, with_path)))
                    for recorder in results["recorders"]]
            yield what.format(loads[name]["events"]), "more is better", "{:.1f} %", bars
    for name, what in (("loop-1", "open loop"), ("compile", "compile")):
        if name in loads:
            bars = [(recorder, median(ratios(loads[name], recorder))) for recorder in results["recorders"]
                    if recorder != "unrecorded"]
            yield f"time of the {what}, unrecorded = 1", "less is better", "{:.2f}", bars


def _bar(name, value, largest, x, y, form):
    color = OURS if name.startswith("rfanrec") else REFERENCE if name == "floor" else PEER
    width = 0 if value is None else max(1, (PANEL - LABEL) * value / largest)
    text = "n/a" if value is None else form.format(value)
    return [f'<text x="{x + LABEL - 6}" y="{y + 13}" text-anchor="end" fill="{INK}">{escape(name)}</text>',
            f'<rect x="{x + LABEL}" y="{y + 3}" width="{width:.1f}" height="{ROW - 7}" fill="{color}"/>',
            f'<text x="{x + LABEL + width + 5:.1f}" y="{y + 13}" fill="{FAINT}">{text}</text>']


def _panel(panel, x, y):
    title, better, form, bars = panel
    bars = [bar for bar in bars if bar[1] is not None]
    largest = max((value for _, value in bars), default=1)
    parts = [f'<text x="{x}" y="{y + 14}" font-weight="bold" fill="{INK}">{escape(title)}</text>',
             f'<text x="{x}" y="{y + 29}" fill="{FAINT}">{better}</text>']
    for number, (name, value) in enumerate(bars):
        parts += _bar(name, value, largest, x, y + 38 + number * ROW, form)
    return parts, 38 + len(bars) * ROW


def draw(results):
    parts, y = [], HEAD
    panels = list(_panels(results))
    for first in range(0, len(panels), 2):
        heights = []
        for number, panel in enumerate(panels[first:first + 2]):
            drawn, height = _panel(panel, 20 + number * (WIDTH // 2), y)
            parts += drawn
            heights.append(height)
        y += max(heights) + GAP // 2
    machine = results["machine"]
    about = f"{results['date']}, Linux {machine['kernel']}, {machine['cpu']}; sizes: {results['size']}"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" viewBox="0 0 {WIDTH} {y}" '
        'font-family="system-ui, sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{y}" fill="#ffffff"/>',
        f'<text x="20" y="24" font-size="16" font-weight="bold" fill="{INK}">rfanrec beside its peers</text>',
        f'<text x="20" y="42" fill="{FAINT}">{escape(about)}</text>', *parts, "</svg>", ""])
