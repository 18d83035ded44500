package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * Finds objects that hold nothing any more: all their sections lie below log starts or belong to
 * deleted topics.
 *
 * <p>For each object it remembers one section that keeps it alive; as long as that witness lives
 * the object's index is not looked at again, so a pass over thousands of objects costs nothing. One
 * pass at a time; passes may run on different threads.
 */
public final class DeadObjects {
  /** A section that keeps its object alive. */
  private record Witness(PartitionId partition, long nextOffset) {}

  /**
   * @param bytes of each partition in the object
   */
  public record Dead(ObjectRef object, Map<PartitionId, Long> bytes) {}

  /**
   * @param dead in log order
   * @param topicsHeld those of the deleted topics that other objects still hold something of
   */
  public record Result(List<Dead> dead, Set<UUID> topicsHeld) {}

  private final IndexCache indexes;
  private final Executor executor;
  private Map<ObjectKey, Witness> witnesses = new HashMap<>();
  private final Map<UUID, Set<ObjectKey>> holders = new HashMap<>(); // of deleted topics

  public DeadObjects(IndexCache indexes, Executor executor) {
    this.indexes = indexes;
    this.executor = executor;
  }

  /**
   * @param logStarts of partitions; one that is missing begins at 0
   */
  public CompletableFuture<Result> find(
      List<ObjectRef> objects, Map<PartitionId, Long> logStarts, Set<UUID> deletedTopics) {
    return new Pass(objects, logStarts, deletedTopics).from(0);
  }

  private final class Pass {
    private final List<ObjectRef> objects;
    private final Map<PartitionId, Long> logStarts;
    private final Set<UUID> deletedTopics;
    private final Set<UUID> newTopics;
    private final Map<ObjectKey, Witness> alive = new HashMap<>();
    private final List<Dead> dead = new ArrayList<>();

    /** An index is damaged: its object stays, and may hold something of every topic. */
    private boolean hasUnknown;

    Pass(List<ObjectRef> objects, Map<PartitionId, Long> logStarts, Set<UUID> deletedTopics) {
      this.objects = objects;
      this.logStarts = logStarts;
      this.deletedTopics = deletedTopics;
      this.newTopics = new HashSet<>(deletedTopics);
      newTopics.removeAll(holders.keySet());
    }

    CompletableFuture<Result> from(int first) {
      for (int ordinal = first; ordinal < objects.size(); ordinal++) {
        ObjectRef object = objects.get(ordinal);
        Witness witness = witnesses.get(object.key());
        if (witness != null && newTopics.isEmpty() && isAlive(witness)) {
          alive.put(object.key(), witness);
          continue;
        }
        int next = ordinal + 1;
        ObjectIndex here = indexes.getIfPresent(object);
        if (here == null) {
          return indexes
              .get(object)
              .handleAsync(
                  (index, failure) -> {
                    if (failure == null) {
                      look(object, index);
                    } else if (SectionFinder.damageIn(failure) != null) {
                      hasUnknown = true;
                    } else {
                      return CompletableFuture.<Result>failedFuture(failure);
                    }
                    return from(next);
                  },
                  executor)
              .thenCompose(either -> either);
        }
        look(object, here);
      }
      return CompletableFuture.completedFuture(finish());
    }

    private void look(ObjectRef object, ObjectIndex index) {
      Witness witness = null;
      for (int section = 0; section < index.sections(); section++) {
        PartitionId partition = index.partition(section);
        UUID topic = partition.topicId();
        if (deletedTopics.contains(topic)) { // in an object written since, too
          holders.computeIfAbsent(topic, none -> new HashSet<>()).add(object.key());
        }
        if (witness == null) {
          Witness candidate = new Witness(partition, index.sectionNextOffset(section));
          witness = isAlive(candidate) ? candidate : null;
        }
      }
      if (witness != null) {
        alive.put(object.key(), witness);
      } else {
        dead.add(new Dead(object, bytes(index)));
      }
    }

    private static Map<PartitionId, Long> bytes(ObjectIndex index) {
      Map<PartitionId, Long> bytes = new HashMap<>();
      for (int section = 0; section < index.sections(); section++) {
        bytes.put(index.partition(section), index.sectionLength(section));
      }
      return bytes;
    }

    private boolean isAlive(Witness witness) {
      return !deletedTopics.contains(witness.partition().topicId())
          && witness.nextOffset() > logStarts.getOrDefault(witness.partition(), 0L);
    }

    private Result finish() {
      witnesses = alive; // what is not in the view any more is forgotten
      newTopics.forEach(topic -> holders.computeIfAbsent(topic, none -> new HashSet<>()));
      holders.keySet().retainAll(deletedTopics);
      Set<UUID> held = new HashSet<>();
      holders.forEach(
          (topic, keys) -> {
            keys.retainAll(alive.keySet());
            if (!keys.isEmpty()) {
              held.add(topic);
            }
          });
      return new Result(dead, hasUnknown ? Set.copyOf(deletedTopics) : held);
    }
  }
}
