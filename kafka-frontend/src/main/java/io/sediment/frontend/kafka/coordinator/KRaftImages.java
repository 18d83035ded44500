package io.sediment.frontend.kafka.coordinator;

import io.sediment.frontend.handler.TopicIds;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Topic;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.metadata.FeatureLevelRecord;
import org.apache.kafka.common.metadata.PartitionRecord;
import org.apache.kafka.common.metadata.RemoveTopicRecord;
import org.apache.kafka.common.metadata.TopicRecord;
import org.apache.kafka.image.MetadataDelta;
import org.apache.kafka.image.MetadataProvenance;
import org.jspecify.annotations.Nullable;

/**
 * Our metadata as Kafka's coordinators want to see it, kept in step by deltas.
 *
 * <p>They look at which topics there are, how many partitions each has, and at features. Leaders
 * and placements are left out: so a lane that opens, and gives ten thousand partitions new leaders,
 * costs ten thousand comparisons of references and no delta at all. Not thread-safe.
 */
final class KRaftImages {
  /** Partitions must have a replica; nobody asks which. */
  private static final List<Integer> SOMEBODY = List.of(0);

  private @Nullable MetadataImage followed;
  private org.apache.kafka.image.MetadataImage image = org.apache.kafka.image.MetadataImage.EMPTY;

  /** One step of the coordinators' view. */
  record Step(MetadataDelta delta, org.apache.kafka.image.MetadataImage image) {}

  /** The step to {@code next}, or null where a coordinator would see no difference. */
  @Nullable Step advance(MetadataImage next) {
    MetadataDelta delta = new MetadataDelta.Builder().setImage(image).build();
    MetadataImage before = followed;
    boolean changed = before == null;
    for (Topic topic : next.topics()) {
      Topic old = before == null ? null : before.topic(topic.id());
      changed |= old != topic && replay(old, topic, delta);
    }
    if (before != null) {
      for (Topic topic : before.topics()) {
        if (next.topic(topic.id()) == null) {
          delta.replay(new RemoveTopicRecord().setTopicId(TopicIds.kafkas(topic.id())));
          changed = true;
        }
      }
    }
    changed |= replayFeatures(before == null ? Map.of() : before.features(), next, delta);
    followed = next;
    if (!changed) {
      return null;
    }
    image = delta.apply(new MetadataProvenance(Math.max(next.version(), 0), 0, 0, true));
    return new Step(delta, image);
  }

  /** Whether there was something that a coordinator sees. */
  private static boolean replay(@Nullable Topic old, Topic topic, MetadataDelta delta) {
    Uuid id = TopicIds.kafkas(topic.id());
    int known = old == null ? 0 : old.partitionCount();
    if (old == null) {
      delta.replay(new TopicRecord().setName(topic.name()).setTopicId(id));
    }
    for (int i = known; i < topic.partitionCount(); i++) {
      delta.replay(
          new PartitionRecord()
              .setTopicId(id)
              .setPartitionId(i)
              .setReplicas(SOMEBODY)
              .setIsr(SOMEBODY)
              .setLeader(SOMEBODY.get(0))
              .setLeaderEpoch(0)
              .setPartitionEpoch(0));
    }
    return old == null || known != topic.partitionCount();
  }

  private static boolean replayFeatures(
      Map<String, Integer> before, MetadataImage next, MetadataDelta delta) {
    if (before.equals(next.features())) {
      return false;
    }
    next.features()
        .forEach(
            (name, level) ->
                delta.replay(
                    new FeatureLevelRecord().setName(name).setFeatureLevel(level.shortValue())));
    before.keySet().stream()
        .filter(name -> !next.features().containsKey(name))
        .forEach(
            name ->
                delta.replay(new FeatureLevelRecord().setName(name).setFeatureLevel((short) 0)));
    return true;
  }
}
