"""Colours that colour-blind people can distinguish, on white paper and on dark screens, and the style of all charts."""

INK, GREY, FAINT, PAPER = "#1f2933", "#6b7785", "#d9dee3", "#ffffff"

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/) without its yellow, which white paper hides."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")

DARK = {
    PAPER: "#161b20",
    INK: "#e6e9ec",
    GREY: "#a3adb8",
    FAINT: "#3a434d",
    SERIES[0]: "#4aa8e0",
    SERIES[6]: "#c2a25c",
}
"""The colours of dark screens; the other series have the same colour on both."""

TITLE = {"anchor": "start", "frame": "group", "offset": 14}

CONFIG = {
    "font": "Liberation Sans, Arial, Helvetica, sans-serif",
    "view": {"stroke": None},
    "title": {
        "color": INK,
        "fontSize": 15,
        "fontWeight": 600,
        "subtitleColor": GREY,
        "subtitleFontSize": 11,
        "subtitlePadding": 6,
        "lineHeight": 14,
    },
    "axis": {
        "labelColor": INK,
        "titleColor": GREY,
        "titleFontWeight": "normal",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "gridColor": FAINT,
        "domainColor": FAINT,
        "tickColor": FAINT,
    },
    "axisBottom": {"grid": False},
    "legend": {"labelColor": INK, "labelFontSize": 11, "orient": "bottom", "symbolStrokeWidth": 2, "labelLimit": 260},
}
"""Vega-Lite's `config`."""
