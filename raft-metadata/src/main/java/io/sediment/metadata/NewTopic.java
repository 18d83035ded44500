package io.sediment.metadata;

import java.util.List;
import java.util.Map;
import java.util.UUID;

/**
 * A topic to be made.
 *
 * @param id drawn by the proposer
 * @param leaders broker that shall lead partition {@code i} at index {@code i}; empty: spread over
 *     all active lanes
 */
public record NewTopic(
    UUID id,
    String name,
    int partitionCount,
    int replicationFactor,
    List<Integer> leaders,
    Map<String, String> configs) {
  public NewTopic {
    leaders = List.copyOf(leaders);
    configs = ImageEdit.sortedCopy(configs);
  }
}
