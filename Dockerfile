# The probe image: the tools, and iperftester as its agent. `iperftester build` will make it later; until then by hand:
#     make static
#     docker build --build-arg EXECUTABLE=target/x86_64-unknown-linux-gnu/release/iperftester -t iperftester-probe .
FROM debian:bookworm-slim

# Noninteractive, because iperf3's package would ask whether to start a daemon. The file capabilities of ping and mtr go: a
# container without NET_RAW could not start them at all, and without the capability they use ICMP datagram sockets.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        iperf iperf3 iproute2 iputils-ping iputils-tracepath libcap2-bin mtr-tiny traceroute \
    && setcap -r /usr/bin/ping \
    && setcap -r /usr/bin/mtr-packet \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --user-group --no-create-home probe

ARG EXECUTABLE=target/release/iperftester
COPY --chmod=0755 ${EXECUTABLE} /usr/local/bin/iperftester

# iperf3 keeps a file per stream in /tmp: mount a tmpfs there where the root is read-only.
USER 10001:10001
ENTRYPOINT ["/usr/local/bin/iperftester"]
CMD ["agent"]
