"""Paths that are treated apart."""

PUBLIC = ("/health/",)
"""Needs no key, and answers strangers too: load balancers."""

OPERATORS = ("/health/", "/metrics")
"""Answers also when the service is full."""

TAKES_BODIES = "/v1/ingests"
