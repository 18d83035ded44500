package io.sediment.cluster.simulation;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import java.util.concurrent.CompletableFuture;

/** The metadata as somebody else sees it who overrides a part of this. */
abstract class ForwardingMetadata implements ClusterMetadata {
  private final ClusterMetadata metadata;

  ForwardingMetadata(ClusterMetadata metadata) {
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
