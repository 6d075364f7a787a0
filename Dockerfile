# The Space as a container of a host's own: a user without rights, on a root that can be mounted read-only.
# It has not been built where it was written; tests/test_docker.py runs its steps' commands in a fresh folder.
#
#   docker build -t facial-expressions .
#   docker run --read-only --tmpfs /tmp:size=2g --cap-drop ALL --security-opt no-new-privileges -p 7860:7860 facial-expressions
FROM python:3.11-slim

RUN useradd --create-home --uid 10001 space
WORKDIR /app
COPY requirements.lock ./
RUN python -m pip install --no-cache-dir --require-hashes -r requirements.lock
COPY app.py ./
COPY fer_models fer_models
COPY space space
COPY examples examples
COPY results results
COPY checkpoints checkpoints

USER space
ENV GRADIO_SERVER_NAME=0.0.0.0 GRADIO_SERVER_PORT=7860 GRADIO_TEMP_DIR=/tmp/visitors \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MPLCONFIGDIR=/tmp/matplotlib HF_HUB_OFFLINE=1
EXPOSE 7860
HEALTHCHECK --start-period=120s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:7860/healthz')"]
CMD ["python", "app.py"]
