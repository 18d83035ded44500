package io.sediment.cluster.tools;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import java.util.concurrent.CompletableFuture;

/** Metadata as it was exported once, for parts of a broker that only ask. Nothing ever changes. */
record StillMetadata(MetadataImage image) implements ClusterMetadata {
  @Override
  public Subscription subscribe(MetadataListener listener) {
    throw new UnsupportedOperationException("nothing changes here");
  }

  @Override
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    return CompletableFuture.failedFuture(
        new UnsupportedOperationException("nothing is changed here: " + command));
  }
}
