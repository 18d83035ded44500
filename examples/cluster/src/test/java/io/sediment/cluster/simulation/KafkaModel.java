package io.sediment.cluster.simulation;

import io.sediment.simulation.Simulation;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;

/**
 * A Kafka in memory, as far as clients were told of it: what lies at which offset, how far it may
 * be read, where it begins. Each thing told is compared with all that was told before. Anomalies
 * are named as Jepsen's Kafka tests name them.
 *
 * <p>Values are unique per producer. Those of an idempotent one may lie at one offset only.
 */
final class KafkaModel {
  /** A partition by name, as clients know it. */
  record Place(String topic, int partition) implements Comparable<Place> {
    @Override
    public int compareTo(Place other) {
      int byTopic = topic.compareTo(other.topic);
      return byTopic != 0 ? byTopic : Integer.compare(partition, other.partition);
    }

    @Override
    public String toString() {
      return topic + "-" + partition;
    }
  }

  private static final class Log {
    final NavigableMap<Long, String> acked = new TreeMap<>();
    final NavigableMap<Long, String> seen = new TreeMap<>();
    final Map<String, NavigableMap<Integer, Long>> offsets = new HashMap<>(); // by producer, number
    final NavigableMap<Generation, Long> durableTo = new TreeMap<>();
    final NavigableMap<Generation, LongSummaryStatistics> readableTo = new TreeMap<>();
    final NavigableMap<Generation, Long> beginsAt = new TreeMap<>();
    long deletedToMax;
    long deletedTo;
    long bytesKeptMin = Long.MAX_VALUE;
  }

  private final Simulation simulation;
  private final NavigableMap<Place, Log> logs = new TreeMap<>();
  private final Set<Long> producerIds = new HashSet<>();
  private boolean arrivesSound;
  private long ackedRecords;
  private long reads;

  KafkaModel(Simulation simulation) {
    this.simulation = simulation;
  }

  private Log of(Place place) {
    return logs.computeIfAbsent(place, first -> new Log());
  }

  long ackedRecords() {
    return ackedRecords;
  }

  long reads() {
    return reads;
  }

  /**
   * Old records of {@code place} may go by themselves.
   *
   * @param bytesKeptMin that stay when they do
   */
  void hasRetention(Place place, long bytesKeptMin) {
    of(place).bytesKeptMin = bytesKeptMin;
  }

  /** From here on what the bucket holds is not damaged on its way to whoever reads it. */
  void arrivesSound() {
    arrivesSound = true;
  }

  /** {@code by} says that what lies at {@code offset} is damaged each time it looks. */
  void foundDamaged(Place place, Generation by, long offset) {
    if (arrivesSound) {
      simulation.fail("lost write: " + place + "@" + offset + " is damaged to " + by);
    }
  }

  void producerId(long id, String to) {
    if (!producerIds.add(id)) {
      simulation.fail("producer id reused: " + id + " given twice, now to " + to);
    }
  }

  void acked(Place place, Generation by, long baseOffset, List<String> values, boolean once) {
    Log log = of(place);
    for (int i = 0; i < values.size(); i++) {
      long offset = baseOffset + i;
      String value = values.get(i);
      if (log.acked.put(offset, value) == null) {
        ackedRecords++;
      }
      holds(log, place, offset, value, once, "acknowledged by " + by);
    }
    durableTo(log, place, by, baseOffset + values.size());
  }

  void read(Place place, Generation by, long offset, String value, boolean once) {
    reads++;
    holds(of(place), place, offset, value, once, "read from " + by);
  }

  private void holds(Log log, Place place, long offset, String value, boolean once, String how) {
    String before = log.seen.putIfAbsent(offset, value);
    if (before != null && !before.equals(value)) {
      simulation.fail(
          "inconsistent offsets: "
              + place
              + "@"
              + offset
              + " was "
              + before
              + ", "
              + how
              + " as "
              + value);
    }
    if (once) {
      holdsOnce(log, place, offset, value, how);
    }
  }

  /** What an idempotent producer sends lies at one offset, and in the order in which it sent it. */
  private void holdsOnce(Log log, Place place, long offset, String value, String how) {
    int number = value.indexOf('#');
    NavigableMap<Integer, Long> offsets =
        log.offsets.computeIfAbsent(value.substring(0, number), first -> new TreeMap<>());
    int sent = Integer.parseInt(value.substring(number + 1));
    Long other = offsets.putIfAbsent(sent, offset);
    if (other != null && other != offset) {
      simulation.fail(
          "duplicate: "
              + value
              + " "
              + how
              + " at "
              + place
              + "@"
              + offset
              + ", before at "
              + other);
    }
    Map.Entry<Integer, Long> before = offsets.lowerEntry(sent);
    Map.Entry<Integer, Long> after = offsets.higherEntry(sent);
    if (before != null && before.getValue() >= offset
        || after != null && after.getValue() <= offset) {
      simulation.fail(
          "nonmonotonic send: "
              + value
              + " "
              + how
              + " at "
              + place
              + "@"
              + offset
              + ", what was sent before it and after it is at "
              + before
              + " and "
              + after);
    }
  }

  /** The high watermark as {@code by} told it: who fenced it cannot know less. */
  void readableTo(Place place, Generation by, long offset) {
    if (!by.isKnown()) {
      return;
    }
    Log log = of(place);
    log.readableTo.computeIfAbsent(by, first -> new LongSummaryStatistics()).accept(offset);
    log.durableTo
        .headMap(by)
        .forEach((earlier, most) -> checkEnds(place, earlier, most, by, offset));
    durableTo(log, place, by, offset);
  }

  /** Something below {@code offset} was acknowledged by {@code by}, or may be read there. */
  private void durableTo(Log log, Place place, Generation by, long offset) {
    if (!by.isKnown()) {
      return;
    }
    log.durableTo.merge(by, offset, Math::max);
    log.readableTo
        .tailMap(by, false)
        .forEach((later, told) -> checkEnds(place, by, offset, later, told.getMin()));
  }

  private void checkEnds(Place place, Generation earlier, long most, Generation by, long least) {
    if (most > least) {
      simulation.fail(
          "lost write: "
              + place
              + " was readable to "
              + most
              + " at "
              + earlier
              + ", and is to "
              + least
              + " at "
              + by);
    }
  }

  /** Somebody asks that all below {@code offset} goes. */
  void deletionAsked(Place place, long offset) {
    Log log = of(place);
    log.deletedToMax = Math.max(log.deletedToMax, offset);
  }

  /** Somebody was told that all below {@code offset} is gone. */
  void deleted(Place place, long offset) {
    Log log = of(place);
    log.deletedTo = Math.max(log.deletedTo, offset);
  }

  /** An offset up to which something was read or acknowledged. */
  long knownEnd(Place place) {
    Log log = of(place);
    return log.seen.isEmpty() ? 0 : log.seen.lastKey() + 1;
  }

  /** It begins at {@code offset} or later, as {@code by} told. */
  void beginsAt(Place place, Generation by, long offset) {
    Log log = of(place);
    if (offset > log.deletedToMax && log.bytesKeptMin == Long.MAX_VALUE) {
      simulation.fail(
          "lost write: "
              + place
              + " begins at "
              + offset
              + " at "
              + by
              + ", nobody asked for more than "
              + log.deletedToMax);
    }
    if (!by.isKnown()) {
      return;
    }
    Map.Entry<Generation, Long> before = log.beginsAt.lowerEntry(by);
    if (before != null && before.getValue() > offset) {
      simulation.fail(
          "deleted records came back: "
              + place
              + " began at "
              + before.getValue()
              + " at "
              + before.getKey()
              + ", and begins at "
              + offset
              + " at "
              + by);
    }
    log.beginsAt.merge(by, offset, Math::max);
  }

  /** {@code by} does not know a topic of which something was acknowledged or read. */
  void isMissing(Place place, Generation by) {
    Log log = logs.get(place);
    if (by.isKnown() && log != null && !log.durableTo.headMap(by, true).isEmpty()) {
      simulation.fail(
          "lost write: "
              + by
              + " knows nothing of "
              + place
              + ", which "
              + log.durableTo.headMap(by, true).lastKey()
              + " served");
    }
  }

  /**
   * Somebody asked for the first record of a time, after it had read everything there is.
   *
   * @param times by offset
   * @param found -1 where there is none
   */
  void foundTimestamp(Place place, NavigableMap<Long, Long> times, long timestamp, long found) {
    long expected =
        times.entrySet().stream()
            .filter(record -> record.getValue() >= timestamp)
            .mapToLong(Map.Entry::getKey)
            .findFirst()
            .orElse(-1);
    // Retention may have let go of the one that was read meanwhile.
    boolean isRight =
        found == expected
            || of(place).bytesKeptMin != Long.MAX_VALUE
                && (found < 0
                    || found > expected && times.getOrDefault(found, timestamp) >= timestamp);
    if (!isRight) {
      simulation.fail(
          "wrong offset for timestamp: "
              + timestamp
              + " in "
              + place
              + " was found at "
              + found
              + ", and is at "
              + expected);
    }
  }

  /**
   * The whole log as an auditor read it.
   *
   * @param bytes of its batches
   */
  void checkComplete(
      Place place, long begin, long end, long bytes, NavigableMap<Long, String> records) {
    Log log = of(place);
    if (begin > log.deletedToMax && bytes < log.bytesKeptMin) {
      simulation.fail(
          "lost write: "
              + place
              + " begins at "
              + begin
              + " and has "
              + bytes
              + " bytes, of which "
              + log.bytesKeptMin
              + " stay whatever is too old");
    }
    if (begin < log.deletedTo) {
      simulation.fail(
          "deleted records came back: "
              + place
              + " begins at "
              + begin
              + ", all below "
              + log.deletedTo
              + " was deleted");
    }
    long next = begin;
    for (long offset : records.keySet()) {
      if (offset != next) {
        simulation.fail("hole in the log: " + place + "@" + next + " is missing");
        return;
      }
      next = offset + 1;
    }
    if (next != end) {
      simulation.fail("hole in the log: " + place + " ends at " + next + ", not at " + end);
    }
    log.acked
        .tailMap(begin)
        .forEach(
            (offset, value) -> {
              if (!value.equals(records.get(offset))) {
                simulation.fail(
                    "lost write: "
                        + place
                        + "@"
                        + offset
                        + " was acknowledged as "
                        + value
                        + " and holds "
                        + records.get(offset));
              }
            });
  }
}
