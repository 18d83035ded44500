# The image of a broker, of the compactor and of the tools: docker build -t sediment:0.1.0 .
#
#   docker run -p 9092:9092 -v sediment:/var/lib/sediment sediment:0.1.0   one broker, data in the volume
#   docker run … sediment:0.1.0 compactor                                the compactor as a process of its own
#   docker run --rm … sediment:0.1.0 fsck                                a tool of docs/tools.md
#
# Settings are the environment variables of README.md; JAVA_OPTS goes to the JVM. Three brokers: compose.yaml.

FROM eclipse-temurin:17.0.19_10-jdk-noble AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.m2 ./mvnw -B -q -ntp -DskipTests package

FROM eclipse-temurin:17.0.19_10-jre-noble
RUN groupadd --gid 10001 sediment \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/sediment --shell /usr/sbin/nologin sediment \
 && install -d -o 10001 -g 10001 /var/lib/sediment
COPY --from=build /build/scripts/lib/jvm-options /build/examples/cluster/target/sediment.jar /opt/sediment/

# In this stage, since the archive of classes fits one JVM and one place of the jar. Two brokers on loopback, for some seconds; needs no network.
RUN --mount=type=bind,from=build,source=/build/scripts,target=/tmp/scripts /tmp/scripts/archive-classes.sh /opt/sediment/sediment.jar

# ./raft and, with the local store, ./data: the defaults of RAFT_PATH and DATA_PATH.
WORKDIR /var/lib/sediment
VOLUME /var/lib/sediment
USER 10001:10001

# The C library otherwise keeps an arena for every thread.
ENV MALLOC_ARENA_MAX=2 \
    JAVA_OPTS="-Xmx512m -XX:MaxDirectMemorySize=512m -XX:+ExitOnOutOfMemoryError"

# Kafka, Raft, HTTP.
EXPOSE 9092 9093 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=90s --retries=3 \
  CMD curl -fsS -o /dev/null "http://127.0.0.1:${HTTP_PORT:-8080}/health/ready"

# A shell only to split JAVA_OPTS: the JVM takes its place, and with it process 1 and SIGTERM. Names that have moved (a broker in a new
# pod) are looked up again after 5 s: the first option is for gRPC, which Raft speaks, the second for the JVM.
ENTRYPOINT ["/bin/sh", "-c", "exec java @/opt/sediment/jvm-options -Dnetworkaddress.cache.ttl=5 -Dsun.net.inetaddr.ttl=5 $JAVA_OPTS -XX:SharedArchiveFile=/opt/sediment/sediment.jsa -Xlog:cds=off -Xlog:cds+dynamic=off -jar /opt/sediment/sediment.jar \"$@\"", "sediment"]
