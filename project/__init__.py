"""Ad Metrics: a reporting service over daily advertising facts."""

from importlib.metadata import version

__version__ = version("ad-metrics")
