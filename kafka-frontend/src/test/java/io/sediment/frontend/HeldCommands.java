package io.sediment.frontend;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.ForwardingMetadata;
import io.sediment.metadata.MetadataCommand;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;

/** Metadata whose commands are on their way until they are let go. */
public final class HeldCommands extends ForwardingMetadata {
  private final Predicate<MetadataCommand<?>> held;
  private final CompletableFuture<Void> arrival = new CompletableFuture<>();

  public HeldCommands(ClusterMetadata metadata) {
    this(metadata, any -> true);
  }

  /**
   * @param held the others arrive at once
   */
  public HeldCommands(ClusterMetadata metadata, Predicate<MetadataCommand<?>> held) {
    super(metadata);
    this.held = held;
  }

  public void letGo() {
    arrival.complete(null);
  }

  @Override
  public <R> CompletableFuture<CommandResult<R>> submit(MetadataCommand<R> command) {
    return held.test(command)
        ? arrival.thenCompose(arrived -> super.submit(command))
        : super.submit(command);
  }
}
