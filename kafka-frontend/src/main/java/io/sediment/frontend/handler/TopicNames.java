package io.sediment.frontend.handler;

import io.sediment.metadata.MetadataImage;
import java.util.HashMap;
import java.util.Map;
import org.apache.kafka.common.internals.Topic;
import org.jspecify.annotations.Nullable;

/**
 * The names of the topics that are there and that one request asks for. Two names that differ in
 * nothing but '.' and '_' collide, since metrics could not tell them apart: of those only the first
 * may be created. A proposer's check; of two brokers that propose at once both may succeed.
 *
 * <p>For one request, on one thread.
 */
public final class TopicNames {
  private final MetadataImage image;

  /** By the name with one of these characters only; filled with the first name that has any. */
  private @Nullable Map<String, String> namesByUnified;

  public TopicNames(MetadataImage image) {
    this.image = image;
  }

  /**
   * Adds a name that is to be created.
   *
   * @return the topic that it collides with; it is not added then. Null for none
   */
  public @Nullable String add(String name) {
    if (!Topic.hasCollisionChars(name) || image.topic(name) != null) {
      return null;
    }
    if (namesByUnified == null) {
      namesByUnified = new HashMap<>();
      for (String existing : image.topicIds().keySet()) {
        if (Topic.hasCollisionChars(existing)) {
          namesByUnified.put(Topic.unifyCollisionChars(existing), existing);
        }
      }
    }
    String other = namesByUnified.putIfAbsent(Topic.unifyCollisionChars(name), name);
    return name.equals(other) ? null : other;
  }
}
