package io.sediment.frontend.handler;

import java.util.UUID;
import java.util.random.RandomGenerator;
import org.apache.kafka.common.Uuid;

/** Ids of topics: the same 128 bits in Kafka's type and in Java's, and new ones. */
public final class TopicIds {
  private TopicIds() {}

  public static UUID ours(Uuid id) {
    return new UUID(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  public static Uuid kafkas(UUID id) {
    return new Uuid(id.getMostSignificantBits(), id.getLeastSignificantBits());
  }

  /** A version 4 UUID, which is never one of those that Kafka reserves. */
  public static UUID draw(RandomGenerator chance) {
    long high = chance.nextLong() & ~0xF000L | 0x4000L;
    long low = chance.nextLong() & ~0xC000000000000000L | 0x8000000000000000L;
    return new UUID(high, low);
  }
}
