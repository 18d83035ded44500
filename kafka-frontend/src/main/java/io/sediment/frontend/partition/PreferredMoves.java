package io.sediment.frontend.partition;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.Lane;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MovePartitions;
import io.sediment.metadata.PartitionId;
import io.sediment.metadata.PreferredLeader;
import io.sediment.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands over what another broker shall lead by an operator's word, as soon as that one takes
 * partitions; some at a time.
 */
public final class PreferredMoves implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PreferredMoves.class);
  private static final int PARTITIONS_AT_ONCE = 50;
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final ClusterMetadata metadata;
  private final PartitionLogs logs;
  private final PartitionHandoff handoff;
  private final Scheduler scheduler;
  private final ClusterMetadata.Subscription subscription;
  private final Consumer<PartitionLog> openListener = opened -> look();
  private boolean busy; // guarded by this
  private boolean again; // guarded by this
  private boolean closed; // guarded by this

  private PreferredMoves(
      ClusterMetadata metadata, PartitionLogs logs, PartitionHandoff handoff, Scheduler scheduler) {
    this.metadata = metadata;
    this.logs = logs;
    this.handoff = handoff;
    this.scheduler = scheduler;
    this.subscription = metadata.subscribe((before, after) -> look());
  }

  /**
   * @param logs that this broker leads
   */
  public static PreferredMoves start(
      ClusterMetadata metadata, PartitionLogs logs, PartitionHandoff handoff, Scheduler scheduler) {
    PreferredMoves moves = new PreferredMoves(metadata, logs, handoff, scheduler);
    logs.whenOpened(moves.openListener);
    return moves;
  }

  private void look() {
    if (metadata.image().preferredLeaders().isEmpty()) {
      return;
    }
    synchronized (this) {
      again = true;
      if (busy || closed) {
        return;
      }
      busy = true;
    }
    scheduler.execute(this::moveSome);
  }

  private void moveSome() {
    synchronized (this) {
      again = false;
    }
    List<PartitionLog> leaving = new ArrayList<>();
    MetadataImage image = metadata.image();
    for (PartitionId id : image.preferredLeaders().keySet()) {
      PartitionLog led = logs.newest(id, image);
      if (led != null
          && !led.isStranded()
          && image.isMoving(id)
          && takesPartitions(target(id, image), image)
          && leaving.size() < PARTITIONS_AT_ONCE) {
        leaving.add(led);
      }
    }
    CompletableFuture<Integer> moved =
        leaving.isEmpty()
            ? CompletableFuture.completedFuture(0)
            : handoff.flushAndHandOver(leaving, each -> target(idOf(each), image));
    moved.whenComplete(
        (count, failure) -> {
          if (failure != null) {
            log.warn("not moved to whom they shall be led by: {}", leaving, failure);
            scheduler.schedule(() -> goOn(true), PAUSE);
          } else {
            goOn(count > 0);
          }
        });
  }

  private void goOn(boolean atOnce) {
    synchronized (this) {
      busy = (again || atOnce) && !closed;
      if (!busy) {
        return;
      }
    }
    scheduler.execute(this::moveSome);
  }

  private static PartitionId idOf(PartitionLog log) {
    return new PartitionId(log.id().topicId(), log.id().partition());
  }

  private static int target(PartitionId id, MetadataImage image) {
    PreferredLeader preferred = image.preferredLeader(id);
    return preferred == null ? MovePartitions.ANY_BROKER : preferred.broker();
  }

  private static boolean takesPartitions(int broker, MetadataImage image) {
    return image.lanes().values().stream()
        .anyMatch(lane -> lane.owner() == broker && lane.state() == Lane.State.ACTIVE);
  }

  /** Begins nothing any more. */
  @Override
  public void close() {
    synchronized (this) {
      closed = true;
    }
    subscription.cancel();
    logs.forget(openListener);
  }
}
