package io.sediment.frontend.net;

import java.time.Duration;

/**
 * Limits and timings of the network side.
 *
 * @param listener name of the listener, for clients' information
 * @param port 0 picks a free one
 * @param ioThreads event loops
 * @param frameBytesMax larger requests close their connection (socket.request.max.bytes)
 * @param pipelineBytesMax request bytes of one connection that are not answered yet; beyond it, or
 *     beyond a quarter of the memory for requests, reading stops
 * @param pipelineRequestsMax requests of one connection that are not answered yet
 * @param connectionsMax further ones are closed at once
 * @param idleTimeout connections without traffic are closed after it
 * @param memoryWait how long a connection that may read on although request memory is used up may
 *     send nothing before it is closed: others wait for it
 * @param drainTimeout how long a closing server waits for answers under way
 */
public record BrokerServerConfig(
    String listener,
    String host,
    int port,
    int ioThreads,
    int frameBytesMax,
    int pipelineBytesMax,
    int pipelineRequestsMax,
    int connectionsMax,
    Duration idleTimeout,
    Duration memoryWait,
    Duration drainTimeout) {
  public static final int KAFKA_FRAME_BYTES_MAX = 100 * 1024 * 1024;

  /** Kafka's defaults where Kafka has them. */
  public static BrokerServerConfig defaults(String host, int port, int ioThreads) {
    return new BrokerServerConfig(
        "PLAINTEXT",
        host,
        port,
        ioThreads,
        KAFKA_FRAME_BYTES_MAX,
        32 << 20,
        500,
        10_000,
        Duration.ofMinutes(10),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10));
  }

  public BrokerServerConfig {
    if (ioThreads < 1
        || frameBytesMax < 1
        || pipelineBytesMax < 1
        || pipelineRequestsMax < 1
        || connectionsMax < 1) {
      throw new IllegalArgumentException(
          "server limits must be positive: ioThreads="
              + ioThreads
              + " frameBytesMax="
              + frameBytesMax
              + " pipelineBytesMax="
              + pipelineBytesMax
              + " pipelineRequestsMax="
              + pipelineRequestsMax
              + " connectionsMax="
              + connectionsMax);
    }
  }

  public BrokerServerConfig withFrameBytesMax(int bytes) {
    return new BrokerServerConfig(
        listener,
        host,
        port,
        ioThreads,
        bytes,
        pipelineBytesMax,
        pipelineRequestsMax,
        connectionsMax,
        idleTimeout,
        memoryWait,
        drainTimeout);
  }

  public BrokerServerConfig withPipeline(int bytesMax, int requestsMax) {
    return new BrokerServerConfig(
        listener,
        host,
        port,
        ioThreads,
        frameBytesMax,
        bytesMax,
        requestsMax,
        connectionsMax,
        idleTimeout,
        memoryWait,
        drainTimeout);
  }

  public BrokerServerConfig withConnectionsMax(int connections) {
    return new BrokerServerConfig(
        listener,
        host,
        port,
        ioThreads,
        frameBytesMax,
        pipelineBytesMax,
        pipelineRequestsMax,
        connections,
        idleTimeout,
        memoryWait,
        drainTimeout);
  }

  public BrokerServerConfig withTimeouts(Duration idle, Duration memory, Duration drain) {
    return new BrokerServerConfig(
        listener,
        host,
        port,
        ioThreads,
        frameBytesMax,
        pipelineBytesMax,
        pipelineRequestsMax,
        connectionsMax,
        idle,
        memory,
        drain);
  }
}
