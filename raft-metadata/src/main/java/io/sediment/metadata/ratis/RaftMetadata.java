package io.sediment.metadata.ratis;

import io.sediment.metadata.ClusterMetadata;
import io.sediment.metadata.CommandResult;
import io.sediment.metadata.LaneSealer;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataListener;
import io.sediment.metadata.MetadataQuorum;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.Publication;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.ExportRegister;
import io.sediment.metadata.bucket.ExportState;
import io.sediment.metadata.bucket.Exporter;
import io.sediment.metadata.bucket.FolderIdentity;
import io.sediment.metadata.bucket.Incarnation;
import io.sediment.metadata.bucket.IncarnationRegister;
import io.sediment.metadata.bucket.LaneRegister;
import io.sediment.metadata.liveness.BrokerLeases;
import io.sediment.metadata.liveness.Heartbeat;
import io.sediment.metadata.liveness.HeartbeatDesk;
import io.sediment.metadata.liveness.HeartbeatReply;
import io.sediment.metadata.log.CommandSubmission;
import io.sediment.metadata.log.ExportDesk;
import io.sediment.metadata.log.ExportWatch;
import io.sediment.metadata.log.ExportedImages;
import io.sediment.metadata.log.ExportedUpTo;
import io.sediment.metadata.log.MetadataStateMachine;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import io.sediment.runtime.Waiter;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.random.RandomGenerator;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.proto.RaftProtos.RaftPeerRole;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.Message;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.storage.RaftStorage;
import org.apache.ratis.thirdparty.com.google.protobuf.UnsafeByteOperations;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The cluster's metadata, kept by a Raft group of which this process is a member.
 *
 * <p>A command goes to the local server where this broker leads, else over the network to the one
 * that does. It is answered when it is committed, exported and published here.
 */
public final class RaftMetadata implements ClusterMetadata, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(RaftMetadata.class);

  private final MetadataConfig config;
  private final Scheduler scheduler;
  private final Ticker ticker;
  private final RaftFolder folder;
  private final Incarnation incarnation;
  private final IncarnationRegister incarnations;
  private final LaneRegister lanes;
  private final RaftGroup contacts;
  private final RaftGroup group;
  private final boolean isReplacement;
  private final RaftPeerId self;
  private final RaftProperties properties;
  private final Publication publication;
  private final ExportedImages images;
  private final Exporter exporter;
  private final CommandSubmission submission;
  private final BrokerLeases leases;
  private final HeartbeatDesk desk;
  private final MetadataStateMachine machine;
  private final RaftServer server;
  private final LeaderRequests requests;
  private final ExportWatch watch;
  private final ExecutorService reconnects = NamedThreads.pool("metadata-reconnect", 1);
  private final SilentMembers silentMembers;
  private final AtomicBoolean closed = new AtomicBoolean();
  private final CompletableFuture<Throwable> halted = new CompletableFuture<>();

  private RaftMetadata(
      MetadataConfig config,
      ObjectStore store,
      Scheduler scheduler,
      RaftFolder folder,
      Ticker ticker,
      BucketStart.Started started,
      UUID writer)
      throws IOException {
    this.config = config;
    this.scheduler = scheduler;
    this.ticker = ticker;
    this.folder = folder;
    this.incarnation = started.incarnation();
    this.incarnations = new IncarnationRegister(store, scheduler);
    this.lanes = new LaneRegister(store, scheduler, incarnation.number(), writer);
    this.publication =
        new Publication(
            MetadataImage.empty(incarnation.clusterId(), incarnation.number())
                .withVersion(Long.MIN_VALUE));
    this.images = new ExportedImages(publication);
    this.exporter =
        new Exporter(
            new ExportRegister(store, incarnation.number(), writer),
            scheduler,
            images::exportedUpTo,
            halted::complete);
    this.submission =
        new CommandSubmission(
            images,
            scheduler,
            config.submitTimeout(),
            RaftSettings.ENTRY_BYTES_MAX / 2,
            this::send);
    this.leases = new BrokerLeases(config.lease());
    this.desk = new HeartbeatDesk(leases, images::exportedIndex, ticker);
    this.machine = new MetadataStateMachine(images, exporter);
    this.watch = new ExportWatch(images, this::exportedAfter, scheduler);
    this.self = GroupMembers.peerId(config.brokerId(), started.identity().storageId());
    this.isReplacement = started.replacesLostFolder();
    this.contacts = GroupMembers.group(config, incarnation, started.newestFolders());
    // Whom a member without a log believes. A folder that was not there from the beginning must be
    // told by the others that it votes.
    this.group =
        isReplacement
            ? GroupMembers.withoutBroker(config.brokerId(), contacts)
            : GroupMembers.group(config, incarnation, started.firstFolders());
    this.properties = RaftSettings.of(config, folder.log(), isAlone());
    ExportState exported = started.exported();
    if (!isAlone()) {
      // Read from the bucket just now; whoever leads may have nothing to tell for long. A voter
      // alone is its own leader, and begins once it is.
      images.exportedUpTo(exported.index());
    }
    this.server =
        RaftServer.newBuilder()
            .setServerId(self)
            .setGroup(isReplacement ? null : withSelf())
            .setProperties(properties)
            .setOption(RaftStorage.StartupOption.RECOVER)
            .setStateMachine(
                new RatisMetadataStateMachine(
                    folder.state(),
                    () -> new StateRows.Stored(exported.image(), exported.term(), exported.index()),
                    machine,
                    exporter,
                    leases,
                    desk,
                    new ExportDesk(
                        images, scheduler, RaftSettings.requestTimeout(config).dividedBy(2)),
                    watch))
            .build();
    this.requests =
        new LeaderRequests(
            server,
            group,
            self,
            RaftSettings.MESSAGE_BYTES_MAX,
            RaftSettings.requestTimeout(config),
            scheduler,
            ticker);
    this.silentMembers =
        new SilentMembers(this::silence, this::reconnect, scheduler, config.lease());
  }

  /**
   * Looks whether another process is at work on {@code raftPath}, so that a second start can say so
   * before it trips over ports that are taken, too.
   *
   * @throws RefusedStartException where one is
   */
  public static void requireUnused(Path raftPath) throws IOException {
    RaftFolder.open(raftPath).close();
  }

  /**
   * Finds this broker's place in the bucket, starts its Raft server, and returns when an image is
   * published. Blocks.
   *
   * @param random good enough for identities
   * @param sealer closes the lanes of a bucket that is recovered; not called otherwise
   * @throws RefusedStartException where this broker must not start here
   * @throws MetadataUnavailableException where the store or the other voters did not answer in time
   */
  public static RaftMetadata open(
      MetadataConfig config,
      ObjectStore store,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random,
      LaneSealer sealer)
      throws IOException {
    RaftFolder folder = RaftFolder.open(config.raftPath());
    boolean opened = false;
    try {
      UUID writer = BucketStart.randomId(random);
      BucketStart.Started started =
          new BucketStart(
                  config,
                  store,
                  scheduler,
                  Waiter.BLOCKING,
                  random,
                  sealer,
                  (incarnation, newest) ->
                      replacement(
                              config,
                              GroupMembers.group(config, incarnation, newest),
                              RaftSettings.of(config, folder.log(), false),
                              scheduler,
                              ticker)
                          .retireLostFolder(),
                  folder,
                  writer)
              .start();
      StateRows.loadLibrary(folder.nativeLibraries());
      RaftMetadata metadata =
          new RaftMetadata(config, store, scheduler, folder, ticker, started, writer);
      try {
        metadata.server.start();
        metadata.silentMembers.watch();
        if (metadata.isReplacement) {
          metadata.joinAsVoter(started.identity());
        } else {
          metadata.joinAsListener();
        }
        metadata.awaitFirstImage();
        opened = true;
        return metadata;
      } finally {
        if (!opened) {
          metadata.close();
        }
      }
    } finally {
      if (!opened) {
        folder.close();
      }
    }
  }

  private void awaitFirstImage() {
    CompletableFuture<Object> first =
        CompletableFuture.anyOf(images.published(-1), halted.thenApply(cause -> cause));
    try {
      Object outcome = first.get(config.startTimeout().toMillis(), TimeUnit.MILLISECONDS);
      if (outcome instanceof RuntimeException cause) {
        throw cause;
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("metadata: first image", e);
    } catch (TimeoutException e) {
      throw new MetadataUnavailableException(
          "metadata: no leader of " + group + " exported within " + config.startTimeout(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MetadataUnavailableException("metadata: interrupted", e);
    }
  }

  private static VoterReplacement replacement(
      MetadataConfig config,
      RaftGroup voters,
      RaftProperties properties,
      Scheduler scheduler,
      Ticker ticker) {
    return new VoterReplacement(
        config,
        GroupMembers.withoutBroker(config.brokerId(), voters),
        properties,
        scheduler,
        ticker);
  }

  /** The voters, and this broker as one that listens where it has no vote. */
  private RaftGroup withSelf() {
    if (group.getPeer(self) != null) {
      return group;
    }
    List<RaftPeer> all = new ArrayList<>(group.getPeers());
    all.add(listener());
    return RaftGroup.valueOf(group.getGroupId(), all);
  }

  private RaftPeer listener() {
    return RaftPeer.newBuilder()
        .setId(self)
        .setAddress(config.raftAdvertised().toString())
        .setStartupRole(RaftPeerRole.LISTENER)
        .build();
  }

  /** In the place of a folder that is lost; once it was taken in the log says so. */
  private void joinAsVoter(FolderIdentity identity) throws IOException {
    if (!isInGroup()) {
      RaftClientReply added =
          server.groupManagement(
              GroupManagementRequest.newAdd(ClientId.randomId(), self, 0, group, true));
      if (!added.isSuccess()) {
        throw new IOException("metadata: the group is not opened here", added.getException());
      }
    }
    if (!identity.joined()) {
      replacement(config, contacts, properties, scheduler, ticker)
          .admit(
              RaftPeer.newBuilder()
                  .setId(self)
                  .setAddress(
                      config
                          .raftPeers()
                          .getOrDefault(config.brokerId(), config.raftListen())
                          .toString())
                  .build());
      folder.write(identity.asJoined());
    }
  }

  /** Whether there is a log of the group here. */
  private boolean isInGroup() throws IOException {
    for (RaftGroupId known : server.getGroupIds()) {
      if (known.equals(group.getGroupId())) {
        return true;
      }
    }
    return false;
  }

  private void joinAsListener() {
    if (group.getPeer(self) == null) {
      ListenerAdmission.admit(listener(), config, contacts, properties);
    }
  }

  /** Who is alive, as far as this member knows while it leads. */
  public BrokerLeases leases() {
    return leases;
  }

  /**
   * Tells the Raft leader that a broker process is alive. Fails where no leader is known or it does
   * not answer; it may simply be sent again.
   *
   * <p>A voter alone is heard here: there is no majority to ask whether another one leads.
   */
  public CompletableFuture<HeartbeatReply> heartbeat(Heartbeat heartbeat) {
    if (isAlone()) {
      return CompletableFuture.completedFuture(desk.hear(heartbeat, machine.image()));
    }
    return requests
        .read(Message.valueOf(UnsafeByteOperations.unsafeWrap(heartbeat.encode())))
        .thenApply(
            answer -> {
              HeartbeatReply reply =
                  HeartbeatReply.decode(answer.getMessage().getContent().asReadOnlyByteBuffer());
              // The lease does not wait for those who are told of a newer image.
              scheduler.execute(() -> images.exportedUpTo(reply.exportedIndex()));
              return reply;
            });
  }

  /** Index of the newest entry of the metadata log that is applied here; -1 before the first. */
  public long appliedIndex() {
    try {
      return server.getDivision(group.getGroupId()).getInfo().getLastAppliedIndex();
    } catch (IOException e) {
      // The group is closed.
      return -1;
    }
  }

  /**
   * Asks the Raft leader who keeps the metadata log. Fails with {@link
   * MetadataUnavailableException} where no leader is known or it does not answer.
   */
  public CompletableFuture<MetadataQuorum> quorum() {
    return requests
        .read(Message.valueOf(UnsafeByteOperations.unsafeWrap(MetadataQuorum.question())))
        .handle(
            (answer, failure) -> {
              if (failure != null) {
                throw new MetadataUnavailableException("metadata quorum: " + failure, failure);
              }
              return MetadataQuorum.decode(answer.getMessage().getContent().asReadOnlyByteBuffer());
            });
  }

  /** Whether this broker leads the metadata group as far as it knows. */
  public boolean leads() {
    try {
      return server.getDivision(group.getGroupId()).getInfo().isLeaderReady();
    } catch (IOException e) {
      // The group is closed.
      return false;
    }
  }

  /** The life of the bucket that this process belongs to. */
  public Incarnation incarnation() {
    return incarnation;
  }

  /** Whether nobody has begun a newer life; asked before the first acknowledgement of a lane. */
  public CompletableFuture<Boolean> isNewestIncarnation() {
    return incarnations.isNewest(incarnation.number());
  }

  /** Where a broker takes a number for a lane. */
  public LaneRegister lanes() {
    return lanes;
  }

  /**
   * Completes, with the reason, when this process can no longer change metadata and must stop: a
   * newer incarnation has fenced it, or what the bucket holds is damaged.
   */
  public CompletableFuture<Throwable> halted() {
    return halted.copy();
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

  /** The one voter. */
  private boolean isAlone() {
    return group.getPeers().size() == 1 && group.getPeer(self) != null;
  }

  private Map<RaftPeerId, Duration> silence() {
    try {
      return QuorumReport.silence(server.getDivision(group.getGroupId()));
    } catch (IOException e) {
      // The group is closed, or not opened yet.
      return new HashMap<>();
    }
  }

  /** Ratis waits for what is under way on the old connection, and ends it after three seconds. */
  private void reconnect(RaftPeerId member) {
    LOG.info("{} is silent; connecting anew", member);
    reconnects.execute(
        () ->
            server
                .getServerRpc()
                .handleException(member, new IOException("silent for too long"), true));
  }

  private CompletableFuture<ByteBuffer> send(byte[] bytes) {
    if (closed.get() || halted.isDone()) {
      return CompletableFuture.failedFuture(
          new MetadataUnavailableException(closed.get() ? "closed" : "halted"));
    }
    return requests
        .write(Message.valueOf(UnsafeByteOperations.unsafeWrap(bytes)), config.submitTimeout())
        .thenApply(reply -> reply.getMessage().getContent().asReadOnlyByteBuffer());
  }

  private CompletableFuture<Long> exportedAfter(long index) {
    byte[] known = new ExportedUpTo(index).encode();
    return requests
        .readUnconfirmed(Message.valueOf(UnsafeByteOperations.unsafeWrap(known)))
        .thenApply(
            answer ->
                ExportedUpTo.decode(answer.getMessage().getContent().asReadOnlyByteBuffer())
                    .index());
  }

  /**
   * Where this broker leads, somebody else does from now on: the others need not find out that it
   * is gone, which would cost them their leases.
   */
  private void passLeadership() {
    try {
      if (!leads() || halted.isDone()) {
        return;
      }
      Succession succession =
          new Succession(
              server.getDivision(group.getGroupId()),
              requests::pass,
              machine::image,
              scheduler,
              ticker,
              config.lease());
      if (!succession.canOthersBeMajority()) {
        succession.attempt().get();
      } else if (!Departure.whenDispensable(
              config.brokerId(),
              this::leads,
              succession::attempt,
              this::quorum,
              scheduler,
              ticker,
              config.lease())
          .get()) {
        LOG.info("left while the others were no majority, as far as was known here");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | IOException | RuntimeException e) {
      LOG.warn("metadata: departure", e); // what is closed next matters more
    }
  }

  /**
   * Leaves the group, which another member leads then. Commands that are not answered yet fail;
   * their outcome is unknown. Idempotent.
   */
  @Override
  public void close() throws IOException {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    silentMembers.close();
    passLeadership();
    watch.close();
    // Before the server, which waits for everything it has applied to be exported.
    exporter.close();
    try {
      requests.close();
      reconnects.shutdown();
      server.close();
    } catch (IOException e) {
      LOG.warn("metadata: closing the Raft server: {}", e.toString());
    } finally {
      folder.close();
    }
  }
}
