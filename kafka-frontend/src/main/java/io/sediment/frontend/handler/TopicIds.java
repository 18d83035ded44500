package io.sediment.frontend.handler;

import java.util.UUID;
import org.apache.kafka.common.Uuid;

/** The same 128 bits in Kafka's type and in Java's. */
public final class TopicIds {
  private TopicIds() {}

  public static UUID ours(Uuid id) {
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  public static Uuid kafkas(UUID id) {
    return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }
}
