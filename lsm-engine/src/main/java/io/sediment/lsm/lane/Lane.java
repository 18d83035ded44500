package io.sediment.lsm.lane;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneRecovery.Recovered;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * The front door of one open lane: partitions are opened here, and what concerns all of them
 * together is asked for here. Thread-safe, never blocking.
 */
public final class Lane {
  private final LaneId id;
  private final long epoch;
  private final LaneWriter writer;
  private final StoredReads stored;
  private final StoredLanes storedLanes;
  private final LaneFlusher flusher;
  private final LaneRetention retention;
  private final LaneShutdown shutdown;
  private final LaneParts parts;

  Lane(
      LaneParts parts,
      LaneWriter writer,
      StoredReads stored,
      StoredLanes storedLanes,
      LaneFlusher flusher,
      LaneRetention retention,
      LaneShutdown shutdown) {
    this.id = parts.lane();
    this.epoch = parts.term().epoch();
    this.writer = writer;
    this.stored = stored;
    this.storedLanes = storedLanes;
    this.flusher = flusher;
    this.retention = retention;
    this.shutdown = shutdown;
    this.parts = parts;
  }

  /**
   * Takes a lane over under an epoch that Raft has granted to this process, and opens it for
   * appending: no older owner acknowledges anything any more, and everything acknowledged is in the
   * manifest. A lane without a manifest is new.
   *
   * @param incarnation of the cluster
   * @return waits for an unavailable store, however long. Fails with {@link
   *     io.sediment.lsm.manifest.LaneFencedException} where a newer epoch was claimed, with {@link
   *     io.sediment.lsm.CorruptObjectException} where the bucket does not add up
   */
  public static CompletableFuture<Lane> open(
      LaneEnvironment environment,
      LaneConfig config,
      LaneId lane,
      long incarnation,
      long epoch,
      FlushListener listener) {
    return new LaneOpener(environment, config, lane, incarnation, epoch, listener).open();
  }

  /**
   * Takes a dead broker's lane over under a granted epoch, without opening it: nothing is
   * acknowledged in it any more, and its partitions can be placed elsewhere from where they end.
   * May be done again, under the same epoch or a higher one; fails like {@link #open}.
   */
  public static CompletableFuture<Map<PartitionId, SealedEnd>> seal(
      LaneEnvironment environment, LaneConfig config, LaneId lane, long incarnation, long epoch) {
    return new LaneOpener(environment, config, lane, incarnation, epoch, FlushListener.NONE)
        .recover()
        .thenApply(Lane::sealedEnds);
  }

  private static Map<PartitionId, SealedEnd> sealedEnds(Recovered recovered) {
    recovered.manifests().close();
    Map<PartitionId, SealedEnd> ends = new HashMap<>();
    recovered
        .table()
        .rows()
        .forEach(
            (partition, row) ->
                ends.put(partition, new SealedEnd(row.nextOffset(), row.lastLeaderEpoch())));
    return ends;
  }

  /**
   * Where a partition ends in a sealed lane.
   *
   * @param leaderEpoch of its last batch: the highest that ever wrote to it here
   */
  public record SealedEnd(long endOffset, int leaderEpoch) {}

  public LaneId id() {
    return id;
  }

  public long epoch() {
    return epoch;
  }

  /** End offset of every partition that the lane holds anything of. */
  public Map<PartitionId, Long> endOffsets() {
    return writer.endOffsets();
  }

  /**
   * To be waited for before {@link #openPartition}: flushes what a partition that was led in
   * another lane meanwhile has left in memory here.
   *
   * @param startOffset where it goes on
   * @return completed where it has left nothing there, or was never away
   */
  public CompletableFuture<Void> flushedBefore(PartitionId partition, long startOffset) {
    return writer.comesBackAboveUnflushed(partition, startOffset)
        ? flusher.flush()
        : CompletableFuture.completedFuture(null);
  }

  /**
   * Begins to append to a partition under a leader epoch.
   *
   * @param startOffset where a partition that is new to this lane begins; the end offset of one
   *     that is not, or above it where the partition was led in another lane meanwhile: see {@link
   *     #flushedBefore}
   * @throws IllegalStateException if it is open already, or {@code startOffset} is neither
   * @throws LaneHaltedException if the lane has stopped
   */
  public LanePartition openPartition(
      PartitionId partition, int leaderEpoch, long startOffset, PartitionListener listener) {
    return writer.open(partition, leaderEpoch, startOffset, listener, stored);
  }

  /**
   * Stops appends to the partition at once (they throw {@link LaneHaltedException}).
   *
   * @return its end offset, once everything below is durable; until then its listener is told. -1
   *     at once where the partition is not open
   */
  public CompletableFuture<Long> closePartition(PartitionId partition) {
    OpenPartition open = writer.close(partition);
    return open == null ? CompletableFuture.completedFuture(-1L) : open.drained.copy();
  }

  /**
   * Another lane of the same bucket, to be read, in which {@code partition} ended at {@code
   * endOffset} when it was led elsewhere from then on: one that was sealed, or one that is still
   * appended to, whose flush of that is waited for. It may be this lane itself. Opened with the
   * first call, and read through the caches of this lane for as long as this lane is open.
   *
   * @return fails with {@code ObjectStoreException.Unavailable} where the lane does not reach so
   *     far yet
   */
  public CompletableFuture<StoredLane> storedLane(
      LaneId stored, PartitionId partition, long endOffset) {
    return storedLanes.upTo(stored, partition, endOffset).copy();
  }

  /**
   * Somebody is about to ask for {@link #storedLane}: what takes longest is done before. Where that
   * fails, it is done when it is asked for.
   */
  public void lookAhead(LaneId stored) {
    storedLanes.lookAhead(stored);
  }

  /**
   * A lane of the same bucket that another process appends to, to be read up to what its owner says
   * is acknowledged; through the caches of this lane, for as long as this lane is open.
   */
  public FollowedLane follow(LaneId other, FollowedLane.Listener listener) {
    return storedLanes.follow(other, listener);
  }

  /** Everything up to this slot of the write-ahead log is acknowledged. */
  public WalSlot ackedSlot() {
    WalSlot acked = writer.ackedSlot();
    return acked.epoch() == epoch ? acked : new WalSlot(epoch, 0);
  }

  /** Moves everything appended so far into the lane's objects; completes when it is committed. */
  public CompletableFuture<Void> flush() {
    return flusher.flush();
  }

  /**
   * Gives back what lies wholly below log starts or belongs to deleted topics, as far as whole
   * objects go. Log starts and deletions must be durable elsewhere before: nothing brings this
   * back.
   *
   * @param logStarts of partitions; one that is missing begins at 0
   * @return the deleted topics of which the lane now holds nothing, not even that they were here
   */
  public CompletableFuture<Set<UUID>> reclaim(
      Map<PartitionId, Long> logStarts, Set<UUID> deletedTopics) {
    return retention.reclaim(logStarts, deletedTopics);
  }

  /** The lane as a compactor in this process sees it. */
  public CompactableLane compactable() {
    return new OpenLaneLevels(parts);
  }

  /** Bytes appended and not yet acknowledged: what back-pressure on produce goes by. */
  public long unackedBytes() {
    return writer.unackedBytes();
  }

  /** What the lane holds in memory and in the store right now; for metrics. */
  public LaneStats stats() {
    return LaneStats.of(parts, writer, flusher);
  }

  /** Completes when the lane has stopped for good, with why; not when it is closed in order. */
  public CompletableFuture<LaneHaltedException> halted() {
    return flusher.stopped();
  }

  /**
   * Gives up the epoch at once, as when the broker's lease has ended: nothing more is acknowledged.
   * What was acknowledged can still be read until {@link #close}.
   */
  public void halt(LaneHaltedException cause) {
    writer.halt(cause);
  }

  /**
   * Acknowledges and flushes what was appended, then lets go of everything. Fails, with everything
   * let go, where the lane has halted or halts before that is done: then the next owner adopts the
   * write-ahead log instead.
   */
  public CompletableFuture<Void> close() {
    return shutdown.close();
  }
}
