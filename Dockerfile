# The probe image of base `debian`, which `iperftester build` has an engine build. By hand:
#     make build
#     docker build -t iperftester-probe .
ARG SUITE=bookworm
FROM debian:${SUITE}-slim

ARG SUITE=bookworm
# A mirror instead of the one that the image names.
ARG MIRROR=
# Noninteractive, because iperf3's package would ask whether to start a daemon. The file capabilities of ping and mtr go: a
# container without NET_RAW could not start them at all, and without the capability they use ICMP datagram sockets.
RUN if [ -n "$MIRROR" ]; then \
        rm -f /etc/apt/sources.list.d/debian.sources \
        && echo "deb $MIRROR $SUITE main" > /etc/apt/sources.list; \
    fi \
    && apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        iperf iperf3 iproute2 iputils-ping iputils-tracepath libcap2-bin mtr-tiny traceroute \
    && setcap -r /usr/bin/ping \
    && setcap -r /usr/bin/mtr-packet \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home probe

# An executable file: its mode is kept.
ARG EXECUTABLE=target/release/iperftester
COPY ${EXECUTABLE} /usr/local/bin/iperftester

# By which an engine's images are found again.
ARG IMAGE=
ARG VERSION=
LABEL iperftester.image=${IMAGE} iperftester.version=${VERSION}

# iperf3 keeps a file per stream in /tmp: mount a tmpfs there where the root is read-only.
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/iperftester"]
CMD ["wait"]
