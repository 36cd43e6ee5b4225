# The image of `make image`, for those who have an engine: the same modules put the same files together.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-pip
COPY . /source
WORKDIR /source
ARG SOURCE_DATE_EPOCH
RUN python3 -m tools.image rootfs /image

FROM scratch
COPY --from=build /image /
LABEL org.opencontainers.image.title="trimtab" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV PATH="/usr/local/bin:/usr/bin" \
    HOME="/tmp" \
    LANG="C.UTF-8"
WORKDIR /
EXPOSE 8080
USER 999:999
ENTRYPOINT ["tini", "--", "trimtab"]
