"""Colours that colour-blind people can distinguish, on white paper and on dark screens, and the style of all charts."""

INK, GREY, FAINT, PAPER = "#1f2933", "#6b7785", "#d9dee3", "#ffffff"

PREVIOUS = "#97a3af"
"""The previous period."""

PALE = 0.45
"""The opacity of bars that are incomplete, and of the previous period where colours are series."""

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/) without its yellow, which white paper hides."""

HEAT = ("#edf4fb", "#d3e4f4", "#abcdea", "#79aedb", "#2f78b5", "#1a5c96", "#0b3f70")
"""The cells of a heatmap, from the lowest to the highest. Numbers are INK on the first four, PAPER on the others."""

DARK = {
    PAPER: "#161b20",
    INK: "#e6e9ec",
    GREY: "#a3adb8",
    FAINT: "#3a434d",
    PREVIOUS: "#76828f",
    SERIES[0]: "#4aa8e0",
    SERIES[6]: "#c2a25c",
    **dict(zip(HEAT, ("#1c2833", "#1d384f", "#214d72", "#2a659a", "#5c9fd8", "#8dbfea", "#c2def7"), strict=True)),
}
"""The colours of dark screens; the other series have the same colour on both."""

TITLE = {"anchor": "start", "frame": "group", "offset": 14}

CONFIG = {
    "font": "system-ui, Liberation Sans, Arial, sans-serif",
    "view": {"stroke": None},
    "title": {
        "color": INK,
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleColor": GREY,
        "subtitleFontSize": 12,
        "subtitlePadding": 6,
        "lineHeight": 15,
    },
    "axis": {
        "labelColor": GREY,
        "titleColor": GREY,
        "titleFontWeight": "normal",
        "labelFontSize": 12,
        "titleFontSize": 12,
        "labelPadding": 6,
        "gridColor": FAINT,
        "domain": False,
        "ticks": False,
    },
    "axisBottom": {"grid": False},
    "legend": {"labelColor": INK, "labelFontSize": 12, "orient": "bottom", "labelLimit": 200, "titleFontSize": 12},
}
"""Vega-Lite's `config`."""
