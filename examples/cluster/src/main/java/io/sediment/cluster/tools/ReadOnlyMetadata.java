package io.sediment.cluster.tools;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** Metadata as it was exported, for parts of a broker that only ask. */
public record ReadOnlyMetadata(Supplier<MetadataImage> newest) implements ClusterMetadata {
  @Override
  public MetadataImage image() {
    return newest.get();
  }

  @Override
  public Subscription subscribe(MetadataListener listener) {
    throw new UnsupportedOperationException("nobody is told of changes here");
  }

  @Override
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    return CompletableFuture.failedFuture(
        new UnsupportedOperationException("nothing is changed here: " + command));
  }
}
