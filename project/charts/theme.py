"""Colours that colour-blind people can tell apart, on white paper and on dark screens."""

INK, GREY, FAINT, PAPER = "#1f2933", "#6b7785", "#d9dee3", "#ffffff"

SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6d31")
"""Okabe and Ito's palette (https://jfly.uni-koeln.de/color/) without its yellow, which white paper hides."""

DARK = {
    PAPER: "#161b20",
    INK: "#e6e9ec",
    GREY: "#a3adb8",
    FAINT: "#3a434d",
    SERIES[0]: "#4aa8e0",
    SERIES[6]: "#c2a25c",
}
"""What stands for a colour on a dark screen; the others do for both."""
