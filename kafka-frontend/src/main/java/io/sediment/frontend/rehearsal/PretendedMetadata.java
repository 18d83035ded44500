package io.sediment.frontend.rehearsal;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandOutcome;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/** Metadata of this process only: what is submitted is in effect when that returns. */
final class PretendedMetadata implements ClusterMetadata {
  private static final String CLUSTER = "rehearsal";

  private final List<MetadataListener> listeners = new CopyOnWriteArrayList<>();
  private volatile MetadataImage image = MetadataImage.empty(CLUSTER, 1);

  @Override
  public MetadataImage image() {
    return image;
  }

  @Override
  public synchronized Subscription subscribe(MetadataListener listener) {
    listener.onImage(MetadataImage.empty(CLUSTER, 1), image);
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  @Override
  public synchronized <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    MetadataImage before = image;
    CommandOutcome<R> outcome = command.applyTo(before);
    MetadataImage after = outcome.image().withVersion(before.version() + 1);
    image = after;
    listeners.forEach(listener -> listener.onImage(before, after));
    return CompletableFuture.completedFuture(outcome.result());
  }

  /** Submits what is accepted by the rules of the rehearsal. */
  <R> R accept(MetadataCommand<R> command) {
    return submit(command).join().valueOrThrow();
  }
}
