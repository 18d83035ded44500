package io.sediment.compactor.keys;

import io.sediment.lsm.PartitionId;
import java.util.Set;
import java.util.UUID;

/** What log compaction asks about topics. Answers at once, with the newest that is durable. */
public interface CompactedTopics {
  /** Those whose cleanup policy says compact. */
  Set<UUID> ids();

  /** Of a topic that may be any. */
  CleaningSettings settings(UUID topicId);

  /** Of a log of a topic that may be any. */
  LogHead head(PartitionId partition);

  /**
   * The part of a log, from its start on, that lies in one lane.
   *
   * @param startOffset the first offset that is still part of the log
   * @param endOffset where it goes on in another lane, though it may come back; {@link
   *     Long#MAX_VALUE} where it does not
   * @param leaderEpoch the newest known: nothing is said of what was appended under a later one
   */
  record LogHead(long startOffset, long endOffset, int leaderEpoch) {
    /**
     * Whether a lane that has all of its own part of {@code [from, to)} has all of the log below
     * {@code to}.
     *
     * @param lastLeaderEpoch of the last record below {@code to}
     */
    public boolean reaches(long from, long to, int lastLeaderEpoch) {
      return from <= startOffset && to <= endOffset && lastLeaderEpoch <= leaderEpoch;
    }
  }
}
