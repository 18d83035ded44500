package io.sediment.frontend.handler;

/**
 * What the operator decides about the Kafka side.
 *
 * @param autoCreateTopics whether a topic that is asked for by name comes into being
 * @param defaultPartitions of topics whose creator does not say
 * @param defaultReplicationFactor how many brokers clients are told of such a topic
 * @param fetchBytesMax most record bytes in one fetch response (fetch.max.bytes)
 * @param fetchSessionsMax fetch sessions remembered (max.incremental.fetch.session.cache.slots)
 */
public record FrontendSettings(
    boolean autoCreateTopics,
    int defaultPartitions,
    int defaultReplicationFactor,
    int fetchBytesMax,
    int fetchSessionsMax) {
  public static final FrontendSettings DEFAULTS = new FrontendSettings(true, 4, 1, 55 << 20, 1_000);

  public FrontendSettings {
    if (defaultPartitions < 1
        || defaultReplicationFactor < 1
        || fetchBytesMax < 1
        || fetchSessionsMax < 0) {
      throw new IllegalArgumentException(
          "frontend settings: defaultPartitions="
              + defaultPartitions
              + " defaultReplicationFactor="
              + defaultReplicationFactor
              + " fetchBytesMax="
              + fetchBytesMax
              + " fetchSessionsMax="
              + fetchSessionsMax);
    }
  }
}
