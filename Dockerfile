# SIDE Explorer for a server: runs on a CPU, and on a GPU where the container gets one.
#
#   docker build -t side-explorer .
#   docker run -p 8501:8501 -v side:/work side-explorer                    # on a CPU
#   docker run -p 8501:8501 -v side:/work --gpus all side-explorer         # on a CUDA GPU
#   docker run -p 8501:8501 -e SIDE_PUBLIC=1 side-explorer                 # for strangers: nothing is kept, see docs/hosting.md
#
# What is installed is pinned with its hashes (requirements.lock, by `make lock`), and so is the base. The ordinary torch
# brings CUDA and runs on CPUs too. For a smaller image without it, from an index that has CPU builds of torch, whose
# hashes are others:
#   docker build --build-arg INSTALL="-r requirements.txt" --build-arg PIP_INDEX_URL=(that index) \
#                --build-arg PIP_EXTRA_INDEX_URL=(your usual index) -t side-explorer .
# A newer base: `docker buildx imagetools inspect python:3.12-slim` prints its digest.
ARG BASE=python:3.12.15-slim-trixie@sha256:a6e34c598f2467ed0e9a8d349809fcd8b5c603269512df273a0bb1784edc11b1
FROM ${BASE} AS install
ARG INSTALL="--require-hashes -r requirements.lock"
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
WORKDIR /tmp
COPY requirements.txt requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir ${INSTALL}

FROM ${BASE}
COPY --from=install /venv /venv
COPY app.py /app/
COPY .streamlit /app/.streamlit
COPY assets /app/assets
COPY pages /app/pages
COPY side_core /app/side_core
RUN useradd --create-home --uid 1000 side && install -d -o side -g side /work
USER side
WORKDIR /app
VOLUME /work
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 SIDE_WORKSPACE=/work/history SIDE_CACHE=/work/cache
EXPOSE 8501
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.headless=true"]
