package io.sediment.cluster.tools;

import io.sediment.cluster.tools.Finding.Check;
import io.sediment.lsm.PartitionId;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.Partition;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Which offsets of each partition a lane holds, gathered section by section in log order, and
 * whether each goes on where the one before it ended (I8). What is below a log start, or of a topic
 * that is gone, is nobody's concern. One interval per partition is kept, and what is not there
 * between two leaderships: only the placements tell whether it lies in another lane.
 */
final class Coverage {
  /**
   * Offsets from {@code from} to before {@code to}.
   *
   * @param firstLeaderEpoch of the first of them
   * @param leaderEpoch of the last of them
   */
  record Interval(long from, long to, int firstLeaderEpoch, int leaderEpoch) {}

  /** Offsets from {@code from} to before {@code to} that a later leadership did not go on from. */
  record Absence(long from, long to) {}

  /** A section of some object. */
  record Piece(
      PartitionId partition, long from, long to, int firstLeaderEpoch, int lastLeaderEpoch) {}

  private final ToLongFunction<PartitionId> logStarts;
  private final boolean gapsProve;
  private final Consumer<Finding> findings;
  private final Map<PartitionId, Interval> intervals = new HashMap<>();
  private final Map<PartitionId, List<Absence>> absences = new HashMap<>();

  private Coverage(
      ToLongFunction<PartitionId> logStarts, boolean gapsProve, Consumer<Finding> findings) {
    this.logStarts = logStarts;
    this.gapsProve = gapsProve;
    this.findings = findings;
  }

  /**
   * Of the levels of a lane.
   *
   * @param image null where it cannot be read: then every record counts, and a gap proves nothing
   */
  static Coverage ofLevels(@Nullable MetadataImage image, Consumer<Finding> findings) {
    return image == null
        ? new Coverage(partition -> 0, false, findings)
        : new Coverage(partition -> logStart(image, partition), true, findings);
  }

  /** Of the tail of a log, of which nothing is ever left out. */
  static Coverage ofLog(Consumer<Finding> findings) {
    return new Coverage(partition -> 0, true, findings);
  }

  private static long logStart(MetadataImage image, PartitionId partition) {
    Partition known = image.partition(partition.topicId(), partition.partition());
    return known == null ? Long.MAX_VALUE : known.logStartOffset();
  }

  /** Takes in all that {@code later} holds, behind what is here. */
  void addAll(Object source, Coverage later) {
    later.intervals.forEach(
        (partition, interval) ->
            add(
                source,
                new Piece(
                    partition,
                    interval.from(),
                    interval.to(),
                    interval.firstLeaderEpoch(),
                    interval.leaderEpoch())));
    later.absences.forEach((partition, found) -> absencesOf(partition).addAll(found));
  }

  @Nullable Interval of(PartitionId partition) {
    return intervals.get(partition);
  }

  /** What lies in other lanes, if it lies anywhere. */
  List<Absence> absences(PartitionId partition) {
    return absences.getOrDefault(partition, List.of());
  }

  private List<Absence> absencesOf(PartitionId partition) {
    return absences.computeIfAbsent(partition, none -> new ArrayList<>(1));
  }

  /** Takes in the next section. */
  void add(Object source, Piece piece) {
    if (piece.to() == piece.from() || piece.to() <= logStart(piece.partition())) {
      return;
    }
    Interval before = intervals.get(piece.partition());
    if (before == null) {
      intervals.put(
          piece.partition(),
          new Interval(
              piece.from(), piece.to(), piece.firstLeaderEpoch(), piece.lastLeaderEpoch()));
      return;
    }
    check(source, piece, before);
    intervals.put(
        piece.partition(),
        new Interval(
            before.from(),
            Math.max(before.to(), piece.to()),
            before.firstLeaderEpoch(),
            piece.lastLeaderEpoch()));
  }

  private void check(Object source, Piece piece, Interval before) {
    boolean overlaps = piece.from() < before.to();
    boolean leavesOut = piece.from() > before.to() && gapsProve;
    // Records of another lane may lie between two leaderships.
    boolean wasElsewhere = leavesOut && piece.firstLeaderEpoch() > before.leaderEpoch();
    if (overlaps || (leavesOut && !wasElsewhere)) {
      findings.accept(
          Finding.damage(
              Check.I8,
              source,
              (overlaps ? "offsets twice" : "offsets are missing")
                  + ": partition="
                  + piece.partition()
                  + " expectedOffset="
                  + before.to()
                  + " fromOffset="
                  + piece.from()));
      return;
    }
    if (wasElsewhere) {
      absencesOf(piece.partition()).add(new Absence(before.to(), piece.from()));
    }
    if (piece.firstLeaderEpoch() < before.leaderEpoch()) {
      findings.accept(
          Finding.damage(
              Check.I4,
              source,
              "leader epoch falls: partition="
                  + piece.partition()
                  + " before="
                  + before.leaderEpoch()
                  + " then="
                  + piece.firstLeaderEpoch()));
    }
  }

  /**
   * Says where a partition ends of which nothing is left, so that what follows must begin there.
   */
  void endsAt(PartitionId partition, long offset, int leaderEpoch) {
    intervals.putIfAbsent(partition, new Interval(offset, offset, leaderEpoch, leaderEpoch));
  }

  /** First offset that counts; {@link Long#MAX_VALUE} where the topic is gone. */
  long logStart(PartitionId partition) {
    return logStarts.applyAsLong(partition);
  }
}
