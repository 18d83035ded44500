package io.sediment.compactor;

import io.sediment.compactor.PlannedSection.PlannedBlock;
import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.codec.ExtensionFields;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.object.AbortedTxn;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.ProducerStates;
import io.sediment.lsm.run.RunProducers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Turns the sections of many sources around: from object by object to partition by partition, class
 * by class. Pure.
 *
 * <p>What is dead is left out, block by block. What lies in one large piece already, in an object
 * that holds little else, is referred to; all else is to be copied. What an interrupted attempt has
 * copied is referred to as well, and so is what is alive of a damaged object. Refuses sources in
 * which a partition's offsets overlap or have holes: nothing is published over damage.
 */
final class Recluster {
  private final Liveness liveness;
  private final CompactionOptions options;
  private final Predicate<PartitionId> isRewritten;
  private final Predicate<DataRef> isDamaged;

  /**
   * @param isRewritten but for partitions that have something alive in a damaged object
   * @param isDamaged what is alive of such an object is not to be read
   */
  Recluster(
      Liveness liveness,
      CompactionOptions options,
      Predicate<PartitionId> isRewritten,
      Predicate<DataRef> isDamaged) {
    this.liveness = liveness;
    this.options = options;
    this.isRewritten = isRewritten;
    this.isDamaged = isDamaged;
  }

  /**
   * The sections of each retention class, by partition.
   *
   * @param sources in log order
   * @param outputs of an attempt before this one
   */
  SortedMap<Integer, List<PlannedSection>> plan(
      List<List<SourceSection>> sources, List<List<SourceSection>> outputs) {
    SortedMap<PartitionId, List<SourceSection>> byPartition = byPartition(sources);
    Map<PartitionId, List<SourceBlock>> done = new HashMap<>();
    byPartition(outputs)
        .forEach(
            (partition, sections) ->
                done.put(
                    partition, sections.stream().flatMap(it -> it.blocks().stream()).toList()));
    Map<PartitionId, List<SourceBlock>> kept = new HashMap<>();
    byPartition.forEach((partition, sections) -> kept.put(partition, liveBlocks(sections)));
    Set<DataRef> referable = referable(kept);
    SortedMap<Integer, List<PlannedSection>> classes = new TreeMap<>();
    byPartition.forEach(
        (partition, sections) -> {
          PlannedSection planned =
              section(
                  partition,
                  sections,
                  kept.getOrDefault(partition, List.of()),
                  done.getOrDefault(partition, List.of()),
                  referable);
          if (isWorthKeeping(planned)) {
            classes
                .computeIfAbsent(
                    liveness.retentionClass().applyAsInt(partition), none -> new ArrayList<>())
                .add(planned);
          }
        });
    return classes;
  }

  private SortedMap<PartitionId, List<SourceSection>> byPartition(
      List<List<SourceSection>> sources) {
    SortedMap<PartitionId, List<SourceSection>> byPartition = new TreeMap<>();
    for (List<SourceSection> source : sources) {
      for (SourceSection section : source) {
        if (!liveness.isDeleted(section.partition())) {
          byPartition.computeIfAbsent(section.partition(), none -> new ArrayList<>(2)).add(section);
        }
      }
    }
    return byPartition;
  }

  private static boolean isWorthKeeping(PlannedSection section) {
    return section.toOffset() > section.fromOffset() || !section.producers().isEmpty();
  }

  // -- what is alive -----------------------------------------------------------------------------

  private List<SourceBlock> liveBlocks(List<SourceSection> sections) {
    long logStart = liveness.logStart(sections.get(0).partition());
    List<SourceBlock> live = new ArrayList<>();
    long expected = -1;
    int leaderEpoch = Integer.MIN_VALUE;
    for (SourceSection section : sections) {
      if (section.toOffset() == section.fromOffset()) {
        continue; // there for its producers alone
      }
      if (section.toOffset() <= logStart) {
        continue; // dead, and what followed it may be gone with an object that was all dead
      }
      checkFollows(section, expected, leaderEpoch);
      expected = section.toOffset();
      for (SourceBlock each : section.blocks()) {
        leaderEpoch = each.block().leaderEpoch();
        if (each.block().lastOffset() >= logStart) {
          live.add(each);
        }
      }
    }
    return live;
  }

  /** Offsets are missing only where the partition was led elsewhere in between. */
  private static void checkFollows(SourceSection section, long expected, int leaderEpoch) {
    boolean goesOn = expected == -1 || section.fromOffset() == expected;
    boolean wasElsewhere =
        section.fromOffset() > expected
            && !section.blocks().isEmpty()
            && section.blocks().get(0).block().leaderEpoch() > leaderEpoch;
    if (!goesOn && !wasElsewhere) {
      throw new CorruptObjectException(
          (section.fromOffset() < expected ? "offsets twice" : "offsets are missing")
              + ": partition="
              + section.partition()
              + " expectedOffset="
              + expected
              + " fromOffset="
              + section.fromOffset()
              + " in "
              + section.blocks());
    }
  }

  // -- where it shall lie ------------------------------------------------------------------------

  /** Objects that hold large pieces of one class, and not much else. */
  private Set<DataRef> referable(Map<PartitionId, List<SourceBlock>> kept) {
    Map<DataRef, Long> largeBytes = new HashMap<>();
    Map<DataRef, Integer> classOf = new HashMap<>();
    Set<DataRef> mixed = new HashSet<>();
    kept.forEach(
        (partition, blocks) -> {
          int retentionClass = liveness.retentionClass().applyAsInt(partition);
          for (List<SourceBlock> piece : pieces(blocks)) {
            DataRef object = piece.get(0).object();
            long bytes = bytes(piece);
            if (bytes >= options.referenceBytesMin() && !isRewritten.test(partition)) {
              largeBytes.merge(object, bytes, Long::sum);
              if (classOf.putIfAbsent(object, retentionClass) != null
                  && classOf.get(object) != retentionClass) {
                mixed.add(object);
              }
            }
          }
        });
    Set<DataRef> referable = new HashSet<>();
    largeBytes.forEach(
        (object, bytes) -> {
          if (bytes >= object.length() / 2 && !mixed.contains(object)) {
            referable.add(object);
          }
        });
    return referable;
  }

  /** Blocks that lie side by side. */
  private static List<List<SourceBlock>> pieces(List<SourceBlock> blocks) {
    List<List<SourceBlock>> pieces = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= blocks.size(); i++) {
      if (i == blocks.size() || !blocks.get(i - 1).isFollowedBy(blocks.get(i))) {
        pieces.add(blocks.subList(from, i));
        from = i;
      }
    }
    return blocks.isEmpty() ? List.of() : pieces;
  }

  private static long bytes(List<SourceBlock> blocks) {
    return blocks.stream().mapToLong(each -> each.block().length()).sum();
  }

  private PlannedSection section(
      PartitionId partition,
      List<SourceSection> sections,
      List<SourceBlock> live,
      List<SourceBlock> done,
      Set<DataRef> referable) {
    boolean rewritten =
        isRewritten.test(partition) && live.stream().noneMatch(it -> isDamaged.test(it.object()));
    List<PlannedBlock> planned = new ArrayList<>(live.size());
    int nextDone = 0;
    for (List<SourceBlock> piece : pieces(live)) {
      boolean isReferenced =
          isDamaged.test(piece.get(0).object())
              || (!rewritten
                  && referable.contains(piece.get(0).object())
                  && bytes(piece) >= options.referenceBytesMin());
      for (SourceBlock each : piece) {
        if (isReferenced || rewritten) {
          planned.add(new PlannedBlock(each, isReferenced));
          continue;
        }
        while (nextDone < done.size()
            && done.get(nextDone).block().lastOffset() < each.block().baseOffset()) {
          nextDone++;
        }
        if (nextDone == done.size() || !contains(done.get(nextDone).block(), each.block())) {
          planned.add(new PlannedBlock(each, false));
        } else if (planned.isEmpty()
            || !planned.get(planned.size() - 1).source().equals(done.get(nextDone))) {
          planned.add(new PlannedBlock(done.get(nextDone), true));
        }
      }
    }
    SourceSection last = sections.get(sections.size() - 1);
    long toOffset = last.toOffset();
    long fromOffset = fromOffset(partition, sections.get(0).fromOffset(), toOffset, planned);
    return new PlannedSection(
        partition,
        fromOffset,
        toOffset,
        planned,
        producers(sections),
        abortedTxns(sections, fromOffset),
        sections.size() == 1 ? last.fields() : ExtensionFields.NONE,
        sections,
        rewritten);
  }

  private static boolean contains(Block outer, Block inner) {
    return outer.baseOffset() <= inner.baseOffset() && inner.lastOffset() <= outer.lastOffset();
  }

  private long fromOffset(
      PartitionId partition, long ofSources, long toOffset, List<PlannedBlock> blocks) {
    long alive = Math.min(toOffset, Math.max(ofSources, liveness.logStart(partition)));
    return blocks.isEmpty() ? alive : Math.min(alive, blocks.get(0).source().block().baseOffset());
  }

  // -- what goes along ---------------------------------------------------------------------------

  private RunProducers producers(List<SourceSection> sections) {
    ProducerStates states = null; // once there was a snapshot
    List<ProducerEntry> changes = new ArrayList<>();
    long changesEpoch = 0;
    for (SourceSection section : sections) {
      RunProducers here = section.producers();
      if (here.isSnapshot()) {
        states = ProducerStates.of(here.entries());
      } else if (states != null) {
        states.apply(here.entries());
      } else {
        changes.addAll(here.entries());
        changesEpoch = Math.max(changesEpoch, here.changesEpoch());
      }
    }
    if (states != null) {
      states.expireBefore(liveness.producersExpiredBeforeMs());
      return new RunProducers(0, states.snapshot());
    }
    Set<Long> transactional = new HashSet<>();
    for (ProducerEntry change : changes) {
      if (change.isTransactional()) {
        transactional.add(change.producerId());
      }
    }
    // A marker stays with what it ends, be it in an older snapshot: else that would end never.
    changes.removeIf(
        change ->
            change.lastAppendMs() < liveness.producersExpiredBeforeMs()
                && !transactional.contains(change.producerId()));
    return changes.isEmpty() ? RunProducers.NONE : new RunProducers(changesEpoch, changes);
  }

  private static List<AbortedTxn> abortedTxns(List<SourceSection> sections, long fromOffset) {
    return sections.stream()
        .flatMap(section -> section.abortedTxns().stream())
        .filter(txn -> txn.lastOffset() >= fromOffset)
        .distinct()
        .toList();
  }
}
