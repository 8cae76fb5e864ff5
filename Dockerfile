# SIDE Explorer for a server: runs on a CPU, and on a GPU where the container gets one.
#
#   docker build -t side-explorer .
#   docker run -p 8501:8501 -v side:/work side-explorer                    # on a CPU
#   docker run -p 8501:8501 -v side:/work --gpus all side-explorer         # on a CUDA GPU
#   docker run -p 8501:8501 -e SIDE_PUBLIC=1 side-explorer                 # for strangers: nothing is kept, see README
#
# The ordinary torch wheels bring CUDA and run on CPUs too. For a smaller image without it:
#   docker build --build-arg PIP_INDEX_URL=https://download.pytorch.org/whl/cpu \
#                --build-arg PIP_EXTRA_INDEX_URL=https://pypi.org/simple -t side-explorer .
FROM python:3.12-slim AS install
ARG PIP_INDEX_URL=https://pypi.org/simple
ARG PIP_EXTRA_INDEX_URL=
COPY requirements.txt /tmp/
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir -r /tmp/requirements.txt

FROM python:3.12-slim
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
