package io.sediment.metadata;

import java.util.concurrent.CompletableFuture;

/** The metadata as somebody else sees it who overrides a part of this. */
public abstract class ForwardingMetadata implements ClusterMetadata {
  private final ClusterMetadata metadata;

  protected ForwardingMetadata(ClusterMetadata metadata) {
    this.metadata = metadata;
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
    return metadata.submit(command);
  }
}
