# The exporter with every extra, as a user without rights.
FROM python:3.12-slim AS build
WORKDIR /build
COPY . .
RUN python -m venv /opt/errtally && /opt/errtally/bin/pip install --no-cache-dir --constraint constraints.txt ".[all]"

FROM python:3.12-slim
COPY --from=build /opt/errtally /opt/errtally
RUN useradd --system --uid 10001 --home-dir /var/lib/errtally errtally \
    && install -d -o errtally -g errtally /var/lib/errtally
USER errtally
WORKDIR /var/lib/errtally
VOLUME /var/lib/errtally
EXPOSE 9765
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["/opt/errtally/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:9765/-/healthy', timeout=2)"]
ENTRYPOINT ["/opt/errtally/bin/errtally"]
CMD ["serve", "--data-dir", "/var/lib/errtally"]
