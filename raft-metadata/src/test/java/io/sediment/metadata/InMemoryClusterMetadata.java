package io.sediment.metadata;

import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/**
 * Metadata without a log and without a bucket, for tests: a submitted command is applied, published
 * and answered before {@code submit} returns. Calls may come from any thread, one at a time takes
 * effect.
 */
public final class InMemoryClusterMetadata implements ClusterMetadata {
  private final Publication publication;

  public InMemoryClusterMetadata(MetadataImage first) {
    this.publication = new Publication(first);
  }

  public InMemoryClusterMetadata(String clusterId) {
    this(MetadataImage.empty(clusterId, 1));
  }

  /** A cluster of one registered broker that appends to lane 0. */
  public static InMemoryClusterMetadata ofOneBroker(int brokerId, String host, int port) {
    InMemoryClusterMetadata metadata = new InMemoryClusterMetadata("test-cluster-000000000");
    LaneId lane = new LaneId(0);
    long brokerEpoch =
        metadata.accept(new RegisterBroker(brokerId, new UUID(1, brokerId), host, port, null));
    metadata.accept(new RegisterLane(lane, brokerId));
    long laneEpoch = metadata.accept(new OpenLane(lane, brokerId, brokerEpoch));
    metadata.accept(new LaneOpened(lane, laneEpoch, Map.of()));
    return metadata;
  }

  /** Submits a command that the test knows to be acceptable. */
  public <R> R accept(MetadataCommand<R> command) {
    return submit(command).join().valueOrThrow();
  }

  @Override
  public MetadataImage image() {
    return publication.image();
  }

  @Override
  public Subscription subscribe(MetadataListener listener) {
    return publication.subscribe(listener);
  }

  @Override
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    CommandOutcome<R> outcome;
    synchronized (this) {
      MetadataImage before = publication.image();
      outcome = command.applyTo(before);
      publication.publish(outcome.image().withVersion(before.version() + 1));
    }
    return CompletableFuture.completedFuture(outcome.result());
  }
}
