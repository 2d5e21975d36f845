# Serves a model folder or a run over HTTP:
#     docker build -t mthn-automl .
#     docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 -v "$PWD/run/model:/model:ro" mthn-automl
FROM python:3.11-slim

# LightGBM needs OpenMP.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin serving

WORKDIR /build
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY mthn_automl ./mthn_automl
COPY search_spaces ./search_spaces
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
        --constraint constraints.txt ".[serve]" \
    && rm -rf /build

USER 10001
WORKDIR /
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=60s CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8000/health', timeout=5)"]
ENTRYPOINT ["mthn-automl", "serve", "/model"]
CMD ["--host", "0.0.0.0", "--port", "8000"]
