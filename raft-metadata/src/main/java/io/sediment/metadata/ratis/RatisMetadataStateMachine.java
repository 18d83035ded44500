package io.sediment.metadata.ratis;

import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.bucket.AppliedCommand;
import io.sediment.metadata.bucket.Exporter;
import io.sediment.metadata.liveness.BrokerLeases;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatDesk;
import io.sediment.metadata.log.ExportDesk;
import io.sediment.metadata.log.ExportWatch;
import io.sediment.metadata.log.ExportedUpTo;
import io.sediment.metadata.log.MetadataStateMachine;
import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftGroupMemberId;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.protocol.TermIndex;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.statemachine.SnapshotInfo;
import org.apache.ratis.statemachine.StateMachineStorage;
import org.apache.ratis.statemachine.TransactionContext;
import org.apache.ratis.statemachine.impl.BaseStateMachine;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.apache.ratis.util.LifeCycle;
import org.jspecify.annotations.Nullable;

/**
 * Takes the log's entries to the {@link MetadataStateMachine}, keeps its rows and snapshots them;
 * nothing else. Everything but the leader events runs on Ratis's updater thread of the group, and
 * those run there, too, or while it rests.
 *
 * <p>Where the rows are missing or older than a checkpoint that was installed, they are made anew
 * from the newest checkpoint, or else from what the bucket holds: no local file is needed to
 * rebuild them.
 */
@EdgeToTheDisk
final class RatisMetadataStateMachine extends BaseStateMachine {
  private final Path stateFolder;
  private final Supplier<StateRows.Stored> fromBucket;
  private final MetadataStateMachine machine;
  private final Exporter exporter;
  private final BrokerLeases leases;
  private final HeartbeatDesk desk;
  private final ExportDesk exports;
  private final ExportWatch watch;
  private final Checkpoints checkpoints = new Checkpoints();

  private @Nullable StateRows rows;

  /**
   * @param fromBucket the state as exported, for a folder that has none
   * @param leases told whether this member leads
   * @param watch likewise
   */
  RatisMetadataStateMachine(
      Path stateFolder,
      Supplier<StateRows.Stored> fromBucket,
      MetadataStateMachine machine,
      Exporter exporter,
      BrokerLeases leases,
      HeartbeatDesk desk,
      ExportDesk exports,
      ExportWatch watch) {
    this.stateFolder = stateFolder;
    this.fromBucket = fromBucket;
    this.machine = machine;
    this.exporter = exporter;
    this.leases = leases;
    this.desk = desk;
    this.exports = exports;
    this.watch = watch;
  }

  @Override
  public void initialize(RaftServer server, RaftGroupId groupId, RaftStorage storage)
      throws IOException {
    super.initialize(server, groupId, storage);
    getLifeCycle()
        .startAndTransition(
            () -> {
              checkpoints.init(storage);
              load();
            });
  }

  @Override
  public void pause() {
    getLifeCycle().transition(LifeCycle.State.PAUSING);
    getLifeCycle().transition(LifeCycle.State.PAUSED);
  }

  @Override
  public void reinitialize() throws IOException {
    getLifeCycle()
        .startAndTransition(
            () -> {
              checkpoints.refresh();
              load();
            });
  }

  private void load() throws IOException {
    closeRows();
    SnapshotInfo checkpoint = checkpoints.getLatestSnapshot();
    StateRows opened = new StateRows(stateFolder);
    Optional<StateRows.Stored> stored = opened.load();
    if (checkpoint != null && (stored.isEmpty() || stored.get().index() < checkpoint.getIndex())) {
      opened.close();
      restore(checkpoints.path(checkpoint.getTermIndex()));
      opened = new StateRows(stateFolder);
      stored = opened.load();
    }
    if (stored.isEmpty()) {
      StateRows.Stored exported = fromBucket.get();
      opened.replace(exported.image(), exported.term(), exported.index());
      // To be there after a kill, when the bucket may be ahead of this member's log: Ratis does not
      // append to a log that ends before the state does.
      opened.flush();
      if (exported.index() >= 0) {
        // The log may begin behind it, and Ratis asks for a checkpoint where that is so.
        opened.checkpoint(checkpoints.path(TermIndex.valueOf(exported.term(), exported.index())));
        checkpoints.refresh();
      }
      stored = Optional.of(exported);
    }
    rows = opened;
    long loadedIndex = stored.get().index();
    setLastAppliedTermIndex(
        loadedIndex < 0
            ? TermIndex.INITIAL_VALUE
            : TermIndex.valueOf(stored.get().term(), loadedIndex));
    machine.load(stored.get().image(), loadedIndex);
  }

  /** Checkpoint files never change, so they are linked where that is possible for good. */
  private void restore(Path checkpoint) throws IOException {
    Folders.delete(stateFolder);
    Files.createDirectories(stateFolder);
    for (Path file : Folders.files(checkpoint)) {
      Path target = stateFolder.resolve(file.getFileName().toString());
      if (file.toString().endsWith(".sst")) {
        Files.createLink(target, file);
      } else {
        Files.copy(file, target);
      }
    }
  }

  @Override
  public CompletableFuture<Message> applyTransaction(TransactionContext transaction) {
    LogEntryProto entry = transaction.getLogEntry();
    long index = entry.getIndex();
    CompletableFuture<byte[]> answer =
        machine.apply(
            entry.getStateMachineLogEntry().getLogData().asReadOnlyByteBuffer(),
            entry.getTerm(),
            index,
            openRows()::write);
    if (index > getLastAppliedTermIndex().getIndex()) {
      updateLastAppliedTermIndex(entry.getTerm(), index);
    }
    return answer.thenApply(bytes -> Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes)));
  }

  /**
   * Hears a heartbeat, or tells of the group. Where Ratis asks for it, a majority has said since
   * that this one leads.
   */
  @Override
  public CompletableFuture<Message> query(Message request) {
    if (MetadataQuorum.isQuestion(request.getContent().asReadOnlyByteBuffer())) {
      return getServer().thenApply(this::quorum);
    }
    Heartbeat heartbeat = Heartbeat.decode(request.getContent().asReadOnlyByteBuffer());
    byte[] reply = desk.hear(heartbeat, machine.image()).encode();
    return CompletableFuture.completedFuture(
        Message.valueOf(UnsafeByteOperations.unsafeWrap(reply)));
  }

  /** Says when the bucket holds more. Nobody is asked whether this member leads: it is true. */
  @Override
  public CompletableFuture<Message> queryStale(Message request, long minIndex) {
    ExportedUpTo known = ExportedUpTo.decode(request.getContent().asReadOnlyByteBuffer());
    return exports
        .moreThan(known.index())
        .thenApply(
            index ->
                Message.valueOf(UnsafeByteOperations.unsafeWrap(new ExportedUpTo(index).encode())));
  }

  private Message quorum(RaftServer server) {
    try {
      byte[] reply = QuorumReport.of(server.getDivision(getGroupId())).encode();
      return Message.valueOf(UnsafeByteOperations.unsafeWrap(reply));
    } catch (IOException e) {
      throw new MetadataUnavailableException("the metadata group is closed", e);
    }
  }

  @Override
  public void notifyTermIndexUpdated(long term, long index) {
    if (index > getLastAppliedTermIndex().getIndex()) {
      updateLastAppliedTermIndex(term, index);
    }
  }

  @Override
  public long takeSnapshot() throws IOException {
    TermIndex applied = getLastAppliedTermIndex();
    SnapshotInfo latest = checkpoints.getLatestSnapshot();
    if (applied.getIndex() < 0 || latest != null && latest.getIndex() >= applied.getIndex()) {
      return latest == null ? TermIndex.INITIAL_VALUE.getIndex() : latest.getIndex();
    }
    StateRows open = openRows();
    open.write(List.of(), machine.image(), applied.getTerm(), applied.getIndex());
    Path target = checkpoints.path(applied);
    Folders.delete(target);
    open.checkpoint(target);
    checkpoints.refresh();
    return applied.getIndex();
  }

  @Override
  public StateMachineStorage getStateMachineStorage() {
    return checkpoints;
  }

  /** The first entry of this leader's term is applied, so all older ones are, too. */
  @Override
  public void notifyLeaderReady() {
    leases.lead();
    TermIndex applied = getLastAppliedTermIndex();
    exporter.lead(new AppliedCommand(applied.getTerm(), applied.getIndex(), null, machine.image()));
  }

  @Override
  public void notifyNotLeader(Collection<TransactionContext> pending) {
    leases.follow();
    exporter.follow();
  }

  @Override
  public void notifyLeaderChanged(RaftGroupMemberId member, RaftPeerId leader) {
    if (member.getPeerId().equals(leader)) {
      watch.lead();
    } else {
      leases.follow();
      exporter.follow();
      watch.follow();
    }
  }

  @Override
  public void close() {
    closeRows();
  }

  private void closeRows() {
    StateRows open = rows;
    rows = null;
    if (open != null) {
      open.close();
    }
  }

  private StateRows openRows() {
    StateRows open = rows;
    if (open == null) {
      throw new IllegalStateException("state rows are closed");
    }
    return open;
  }
}
