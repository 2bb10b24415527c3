# Two stages: the second copies the environment that the first built, and has no build tools.
FROM python:3.11.14-slim-trixie AS build
WORKDIR /app
COPY requirements.txt requirements-build.txt ./
RUN python -m venv --without-pip .venv \
    && pip --python .venv install --no-cache-dir --require-hashes -r requirements.txt \
    && pip install --no-cache-dir --require-hashes -r requirements-build.txt
COPY pyproject.toml README.md LICENSE ./
COPY project project
COPY migrations migrations
RUN pip wheel --no-build-isolation --no-deps --wheel-dir dist . \
    && pip --python .venv install --no-cache-dir --no-index --no-deps dist/*.whl

FROM python:3.11.14-slim-trixie
RUN useradd --system --uid 10001 --home-dir /app ad-metrics \
    && install -d -o ad-metrics -g ad-metrics /app/logs /app/.metrics /app/.ingests
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY .env.example ./
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 LOG_FORMAT=json
USER ad-metrics
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/live', timeout=4)"]
CMD ["uvicorn", "project.main:app", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", \
     "--timeout-graceful-shutdown", "30"]
