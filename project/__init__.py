"""Ad Metrics: a reporting service over daily advertising facts."""


def __getattr__(name: str) -> str:
    """Return `__version__`, for which the package's metadata are read."""
    if name != "__version__":
        raise AttributeError(name)
    from importlib.metadata import version  # noqa: PLC0415 - few commands print it

    return version("ad-metrics")
