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
import io.sediment.metadata.bucket.ExportState;
import io.sediment.metadata.bucket.Exporter;
import io.sediment.metadata.liveness.BrokerLeases;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatDesk;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.log.CommandSubmission;
import io.sediment.metadata.log.ExportDesk;
import io.sediment.metadata.log.ExportWatch;
import io.sediment.metadata.log.ExportedImages;
import io.sediment.metadata.log.MetadataStateMachine;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.SimScheduler;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * One broker's part of the metadata group: the real state machine, exporter, publication, leases
 * and heartbeat desk over the log of a {@link SimulatedRaft}. A process that starts again applies
 * the whole log again.
 */
final class RaftMember implements ClusterMetadata {
  static final Duration LEASE = MetadataConfig.DEFAULT_LEASE;
  private static final int COMMAND_BYTES_MAX = 1 << 20;

  private final SimScheduler process;
  private final SimulatedRaft raft;
  private final Publication publication;
  private final ExportedImages images;
  private final Exporter exporter;
  private final MetadataStateMachine machine;
  private final CommandSubmission submission;
  private final BrokerLeases leases = new BrokerLeases(LEASE);
  private final HeartbeatDesk desk;
  private final ExportDesk exports;
  private final ExportWatch watch;
  private long appliedIndex;
  private long appliedTerm;
  private long electedIn = -1;
  private long readyIndex = Long.MAX_VALUE;
  private boolean leads;
  private boolean deaf;

  /**
   * @param exported what the bucket holds, as read at the start
   */
  RaftMember(
      SimScheduler process,
      ObjectStore store,
      SimulatedRaft raft,
      ExportState exported,
      UUID writer,
      Consumer<Throwable> onHalted) {
    this.process = process;
    this.raft = raft;
    BucketStart.Started started = raft.started();
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
            command -> raft.propose(this, command));
    this.desk = new HeartbeatDesk(leases, images::exportedIndex, process);
    this.exports = new ExportDesk(images, process, SimulatedRaft.PATIENCE);
    this.watch = new ExportWatch(images, index -> raft.exportedAfter(this, index), process);
    images.exportedUpTo(exported.index());
    ExportState first = started.exported();
    machine.load(first.image(), first.index());
    appliedIndex = first.index();
    appliedTerm = first.term();
  }

  SimScheduler process() {
    return process;
  }

  /** As far as it knows. */
  BrokerLeases leases() {
    return leases;
  }

  CompletableFuture<HeartbeatReply> heartbeat(Heartbeat heartbeat) {
    return raft.heartbeat(this, heartbeat)
        .thenApply(
            reply -> {
              process.execute(() -> images.exportedUpTo(reply.exportedIndex()));
              return reply;
            });
  }

  long appliedIndex() {
    return appliedIndex;
  }

  HeartbeatReply hear(Heartbeat heartbeat) {
    return desk.hear(heartbeat, machine.image());
  }

  CompletableFuture<Long> exportedAfter(long index) {
    return exports.moreThan(index);
  }

  /** Whether the log arrives here. */
  boolean hears() {
    return !deaf;
  }

  void hearsNothing(boolean now) {
    deaf = now;
  }

  /** It takes proposals: elected, and all of the former terms is applied. */
  boolean leads() {
    return leads;
  }

  void leadFrom(long term, long lastIndexOfOthers) {
    if (raft.isLedBy(this, term)) {
      electedIn = term;
      readyIndex = lastIndexOfOthers;
      leadOnceReady();
    }
  }

  private void leadOnceReady() {
    if (raft.isLedBy(this, electedIn) && appliedIndex >= readyIndex) {
      readyIndex = Long.MAX_VALUE;
      leads = true;
      watch.lead();
      process.trace("leads the metadata in term " + electedIn);
      leases.lead();
      exporter.lead(new AppliedCommand(appliedTerm, appliedIndex, null, machine.image()));
    }
  }

  /** Hears that somebody else leads. */
  void follow() {
    if (!raft.isLedBy(this)) {
      watch.follow();
      leads = false;
      readyIndex = Long.MAX_VALUE;
      leases.follow();
      exporter.follow();
    }
  }

  void applyCommitted() {
    for (SimulatedRaft.Entry entry = raft.after(appliedIndex);
        entry != null;
        entry = raft.after(appliedIndex)) {
      if (process.isCrashed()) {
        return; // while it applied the one before
      }
      appliedIndex = entry.index();
      appliedTerm = entry.term();
      CompletableFuture<byte[]> applied =
          machine.apply(
              ByteBuffer.wrap(entry.command()),
              entry.term(),
              entry.index(),
              (changed, after, term, index) -> {});
      raft.answer(entry, this, applied);
    }
    leadOnceReady();
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

  /** Completes when an image is published. */
  CompletableFuture<Void> firstImage() {
    return images.published(-1);
  }
}
