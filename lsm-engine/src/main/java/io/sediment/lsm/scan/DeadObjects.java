package io.sediment.lsm.scan;

import io.sediment.lsm.PartitionId;
import io.sediment.objectstore.ObjectKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * Finds objects that hold nothing any more: all their sections lie below log starts or belong to
 * deleted topics.
 *
 * <p>For each object it remembers one section that keeps it alive; as long as that witness lives
 * the object's index is not looked at again, so a pass over thousands of objects costs nothing. One
 * pass at a time; passes may run on different threads.
 *
 * <p>An object whose index is damaged holds of a partition at most what lies between the sections
 * before and behind it. It is dead where nothing is missing between these, or nothing at or above
 * the log start, for each partition of the lane.
 */
public final class DeadObjects {
  /** A section that keeps its object alive. */
  private record Witness(PartitionId partition, long nextOffset) {}

  /**
   * @param bytes of each partition in the object; none where its index is damaged
   * @param isUnseen whether its index is damaged
   */
  public record Dead(ObjectRef object, Map<PartitionId, Long> bytes, boolean isUnseen) {}

  /**
   * @param dead those with an index in log order, then the others
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
   * @param ends of all partitions of the lane, asked for where an index is damaged: no object holds
   *     anything at or above them
   */
  public CompletableFuture<Result> find(
      List<ObjectRef> objects,
      Map<PartitionId, Long> logStarts,
      Set<UUID> deletedTopics,
      Supplier<Map<PartitionId, Long>> ends) {
    Pass pass = new Pass(objects, logStarts, deletedTopics);
    return pass.from(0)
        .thenCompose(
            done ->
                pass.unseen.isEmpty()
                    ? CompletableFuture.completedFuture(pass.finish())
                    : new Unseen(pass, ends.get()).judge());
  }

  private final class Pass {
    private final List<ObjectRef> objects;
    private final Map<PartitionId, Long> logStarts;
    private final Set<UUID> deletedTopics;
    private final Set<UUID> newTopics;
    private final Map<ObjectKey, Witness> alive = new HashMap<>();
    private final List<Dead> dead = new ArrayList<>();

    /** Objects whose index is damaged: they may hold something of every topic. */
    private final Set<Integer> unseen = new TreeSet<>();

    Pass(List<ObjectRef> objects, Map<PartitionId, Long> logStarts, Set<UUID> deletedTopics) {
      this.objects = objects;
      this.logStarts = logStarts;
      this.deletedTopics = deletedTopics;
      this.newTopics = new HashSet<>(deletedTopics);
      newTopics.removeAll(holders.keySet());
    }

    CompletableFuture<Void> from(int first) {
      for (int ordinal = first; ordinal < objects.size(); ordinal++) {
        ObjectRef object = objects.get(ordinal);
        Witness witness = witnesses.get(object.key());
        if (witness != null && newTopics.isEmpty() && isAlive(witness)) {
          alive.put(object.key(), witness);
          continue;
        }
        int at = ordinal;
        ObjectIndex here = indexes.getIfPresent(object);
        if (here == null) {
          return indexes
              .get(object)
              .handleAsync(
                  (index, failure) -> {
                    if (failure == null) {
                      look(object, index);
                    } else if (SectionFinder.damageIn(failure) != null) {
                      unseen.add(at);
                    } else {
                      return CompletableFuture.<Void>failedFuture(failure);
                    }
                    return from(at + 1);
                  },
                  executor)
              .thenCompose(either -> either);
        }
        look(object, here);
      }
      return CompletableFuture.completedFuture(null);
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
        dead.add(new Dead(object, bytes(index), false));
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

    Result finish() {
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
      return new Result(dead, unseen.isEmpty() ? held : Set.copyOf(deletedTopics));
    }
  }

  /** Finds out which of the objects that cannot be looked into must be dead, in one walk. */
  private final class Unseen {
    /** The last section of a partition that was walked over: whose, and where it ends. */
    private record Before(int ordinal, long nextOffset) {}

    private final Pass pass;
    private final Map<PartitionId, Long> ends;
    private final Map<PartitionId, Before> before = new HashMap<>();

    /** Those that nothing keeps, as far as was walked; by ordinal. */
    private final TreeSet<Integer> unkept;

    Unseen(Pass pass, Map<PartitionId, Long> ends) {
      this.pass = pass;
      this.ends = ends;
      this.unkept = new TreeSet<>(pass.unseen);
    }

    CompletableFuture<Result> judge() {
      return from(0)
          .thenApply(
              done -> {
                ends.forEach((partition, end) -> goesOn(partition, end, pass.objects.size()));
                for (int ordinal : unkept) {
                  pass.unseen.remove(ordinal);
                  pass.dead.add(new Dead(pass.objects.get(ordinal), Map.of(), true));
                }
                return pass.finish();
              });
    }

    private CompletableFuture<Void> from(int first) {
      int ordinal = first;
      while (pass.unseen.contains(ordinal)) {
        ordinal++;
      }
      if (ordinal == pass.objects.size() || unkept.isEmpty()) {
        return CompletableFuture.completedFuture(null);
      }
      int at = ordinal;
      return ifReadable(at)
          .thenComposeAsync(
              readable -> {
                readable.ifPresent(index -> walkOver(index, at));
                return from(at + 1);
              },
              executor);
    }

    private void walkOver(ObjectIndex index, int ordinal) {
      for (int section = 0; section < index.sections(); section++) {
        PartitionId partition = index.partition(section);
        goesOn(partition, index.sectionBaseOffset(section), ordinal);
        before.put(partition, new Before(ordinal, index.sectionNextOffset(section)));
      }
    }

    /** Keeps those since the partition's last section, where they may hold what lies between. */
    private void goesOn(PartitionId partition, long offset, int ordinal) {
      Before last = before.get(partition);
      boolean lacksNothing = last != null && last.nextOffset() == offset;
      if (!lacksNothing && pass.isAlive(new Witness(partition, offset))) {
        unkept.subSet(last == null ? 0 : last.ordinal(), ordinal).clear();
      }
    }

    /** Empty where it is damaged by now and a witness keeps it: the doubts it leaves are kept. */
    private CompletableFuture<Optional<ObjectIndex>> ifReadable(int ordinal) {
      return indexes
          .get(pass.objects.get(ordinal))
          .handle(
              (index, failure) -> {
                if (failure != null && SectionFinder.damageIn(failure) == null) {
                  throw new CompletionException(failure);
                }
                return Optional.ofNullable(index);
              });
    }
  }
}
