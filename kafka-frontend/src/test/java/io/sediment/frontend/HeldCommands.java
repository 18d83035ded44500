package io.sediment.frontend;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import java.util.concurrent.CompletableFuture;

/** Metadata whose commands are on their way until they are let go. */
public final class HeldCommands implements ClusterMetadata {
  private final ClusterMetadata metadata;
  private final CompletableFuture<Void> arrival = new CompletableFuture<>();

  public HeldCommands(ClusterMetadata metadata) {
    this.metadata = metadata;
  }

  public void letGo() {
    arrival.complete(null);
  }

  @Override
  public MetadataImage image() {
    return metadata.image();
  }

  @Override
  public Subscription subscribe(MetadataListener listener) {
    return metadata.subscribe(listener);
  }

  @Override
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    return arrival.thenCompose(arrived -> metadata.submit(command));
  }
}
