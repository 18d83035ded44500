package io.sediment.metadata;

import java.util.UUID;

/** A topic that {@link CreateTopics} made. */
public record CreatedTopic(UUID id, String name, int partitionCount, int replicationFactor) {}
