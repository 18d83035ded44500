package io.sediment.metadata;

import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;

/**
 * Where a partition lies and where it begins.
 *
 * <p>{@code placements} is never empty; the last one is the current leadership, and the list is
 * Kafka's leader-epoch history at the same time. Leader epochs and start offsets only grow along
 * it. It stays short: a placement under which nothing was appended is replaced by its successor,
 * one that lies wholly below {@code logStartOffset} is dropped, unless it is the newest one of one
 * of the last few other lanes, where states of producers still lie, or follows on such a one.
 */
public record Partition(List<Placement> placements, long logStartOffset) {
  private static final int INHERITED_LANES_MAX = 4;

  public Partition {
    placements = List.copyOf(placements);
    if (placements.isEmpty() || logStartOffset < 0) {
      throw new IllegalArgumentException(
          "partition: placements=" + placements + " logStartOffset=" + logStartOffset);
    }
    for (int i = 1; i < placements.size(); i++) {
      Placement older = placements.get(i - 1);
      Placement newer = placements.get(i);
      if (newer.leaderEpoch() <= older.leaderEpoch()
          || newer.startOffset() <= older.startOffset()) {
        throw new IllegalArgumentException("placements out of order: " + placements);
      }
    }
  }

  /** The placement that is appended to, or that was until its lane was sealed. */
  public Placement current() {
    return placements.get(placements.size() - 1);
  }

  public int leaderEpoch() {
    return current().leaderEpoch();
  }

  /**
   * Whether the current placement came from another lane. Then its own lane may end below where it
   * starts: nothing was appended since, and what it holds is of an earlier time there.
   */
  boolean cameFromAnotherLane() {
    int count = placements.size();
    return count > 1 && !placements.get(count - 2).lane().equals(current().lane());
  }

  /** The placement that holds {@code offset}; the oldest one for offsets below all of them. */
  public Placement placementOf(long offset) {
    for (int i = placements.size() - 1; i > 0; i--) {
      if (placements.get(i).startOffset() <= offset) {
        return placements.get(i);
      }
    }
    return placements.get(0);
  }

  /** Appends {@code next}, in place of the current placement where that one stayed empty. */
  Partition withPlacement(Placement next) {
    List<Placement> all = new ArrayList<>(placements);
    if (next.startOffset() == current().startOffset()) {
      all.remove(all.size() - 1);
    }
    all.add(next);
    return trimmed(all, logStartOffset);
  }

  /** Raises the log start; the same partition where it is there already. */
  Partition withLogStartOffset(long offset) {
    return offset <= logStartOffset ? this : trimmed(placements, offset);
  }

  /**
   * Drops placements that lie wholly below the log start, but for the newest ones of each lane of
   * the last few before: those lanes hold the states of producers that wrote nothing since. What
   * follows on such a one stays, too: it says where the partition ends there.
   */
  private static Partition trimmed(List<Placement> all, long logStartOffset) {
    int first = 0;
    while (first + 1 < all.size() && all.get(first + 1).startOffset() <= logStartOffset) {
      first++;
    }
    LinkedList<Placement> kept = new LinkedList<>(all.subList(first, all.size()));
    int inherited = 0;
    for (int i = first - 1; i >= 0 && inherited < INHERITED_LANES_MAX; i--) {
      Placement next = all.get(i + 1);
      if (!all.get(i).lane().equals(next.lane())) {
        if (!next.equals(kept.getFirst())) {
          kept.addFirst(next);
        }
        kept.addFirst(all.get(i));
        inherited++;
      }
    }
    return new Partition(kept, logStartOffset);
  }
}
