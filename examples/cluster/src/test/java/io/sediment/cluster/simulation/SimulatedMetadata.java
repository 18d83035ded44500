package io.sediment.cluster.simulation;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import io.sediment.metadata.Publication;
import io.sediment.metadata.bucket.AppliedCommand;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.ExportRegister;
import io.sediment.metadata.bucket.Exporter;
import io.sediment.metadata.log.CommandSubmission;
import io.sediment.metadata.log.ExportedImages;
import io.sediment.metadata.log.MetadataStateMachine;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * The metadata of a group with one voter: the real state machine, exporter and publication over a
 * log that is a list on a {@link SimulatedDisk}.
 */
final class SimulatedMetadata implements ClusterMetadata {
  private static final int COMMAND_BYTES_MAX = 1 << 20;
  private static final int FORCE_NANOS_MAX = 4_000_000;

  private final SimScheduler process;
  private final SimulatedDisk disk;
  private final Publication publication;
  private final ExportedImages images;
  private final Exporter exporter;
  private final MetadataStateMachine machine;
  private final CommandSubmission submission;
  private final Deque<CompletableFuture<ByteBuffer>> proposed = new ArrayDeque<>();
  private final BrokerMutant mutant;
  private boolean forcing;

  SimulatedMetadata(
      SimScheduler process,
      ObjectStore store,
      SimulatedDisk disk,
      BucketStart.Started started,
      UUID writer,
      BrokerMutant mutant,
      Consumer<Throwable> onHalted) {
    this.process = process;
    this.disk = disk;
    this.mutant = mutant;
    long incarnation = started.incarnation().number();
    this.publication =
        new Publication(
            MetadataImage.empty(started.incarnation().clusterId(), incarnation)
                .withVersion(Long.MIN_VALUE));
    this.images = new ExportedImages(publication);
    this.exporter =
        new Exporter(
            new ExportRegister(store, incarnation, writer),
            process,
            images::exportedUpTo,
            onHalted);
    this.machine = new MetadataStateMachine(images, exporter);
    this.submission =
        new CommandSubmission(
            images,
            process,
            MetadataConfig.DEFAULT_SUBMIT_TIMEOUT,
            COMMAND_BYTES_MAX,
            this::propose);
    disk.open(started.exported());
  }

  /** Applies what the log holds, then leads. Completes when an image is published. */
  CompletableFuture<Void> lead() {
    machine.load(disk.firstImage(), disk.firstIndex());
    for (SimulatedDisk.Entry entry : disk.entries()) {
      apply(entry);
    }
    disk.force();
    exporter.lead(new AppliedCommand(disk.term(), disk.lastIndex(), null, machine.image()));
    return images.published(-1);
  }

  private CompletableFuture<byte[]> apply(SimulatedDisk.Entry entry) {
    CompletableFuture<byte[]> answer =
        machine.apply(
            ByteBuffer.wrap(entry.command()),
            entry.term(),
            entry.index(),
            (changed, after, term, index) -> {});
    if (mutant != BrokerMutant.VISIBLE_BEFORE_EXPORT) {
      return answer;
    }
    images.exportedUpTo(entry.index());
    return answer;
  }

  private CompletableFuture<ByteBuffer> propose(byte[] command) {
    CompletableFuture<ByteBuffer> answer = new CompletableFuture<>();
    disk.append(command);
    proposed.add(answer);
    if (!forcing) {
      forcing = true;
      long nanos = process.random().nextInt(FORCE_NANOS_MAX);
      process.schedule(this::force, Duration.ofNanos(nanos));
    }
    return answer;
  }

  private void force() {
    forcing = false;
    for (SimulatedDisk.Entry entry : disk.force()) {
      CompletableFuture<ByteBuffer> answer = proposed.remove();
      apply(entry)
          .whenComplete(
              (bytes, failure) -> {
                if (failure == null) {
                  answer.complete(ByteBuffer.wrap(bytes));
                } else {
                  answer.completeExceptionally(failure);
                }
              });
    }
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
    return submission.submit(command);
  }
}
