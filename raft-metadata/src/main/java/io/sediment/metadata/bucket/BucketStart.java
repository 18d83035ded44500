package io.sediment.metadata.bucket;

import io.sediment.metadata.Lane;
import io.sediment.metadata.LaneId;
import io.sediment.metadata.LaneSealer;
import io.sediment.metadata.MetadataConfig;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataUnavailableException;
import io.sediment.metadata.Rebirth;
import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.RefusedStartException.Reason;
import io.sediment.metadata.SealedLane;
import io.sediment.metadata.bucket.VoterRegister.Vote;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Waiter;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds or makes the incarnation that a broker belongs to, before its Raft server starts: begins a
 * new bucket, joins, goes on, or recovers, as {@link StartPolicy} says.
 *
 * <p>Each step may be the last before a crash. The folder's identity is written first, with the
 * nonce of the incarnation that is about to be created, so that the next start knows its own work
 * and takes it up. Blocks its caller, the thread that starts the broker.
 */
public final class BucketStart {
  private static final Logger LOG = LoggerFactory.getLogger(BucketStart.class);
  private static final Duration VOTER_POLL = Duration.ofMillis(100);

  /** Where the identity of the Raft folder is kept. */
  public interface IdentityFile {
    Optional<FolderIdentity> read();

    /** Durable when it returns. */
    void write(FolderIdentity identity);
  }

  /** The voters of a Raft group that has lost one of them. */
  @FunctionalInterface
  public interface VoterRetirement {
    /**
     * Has a majority of the group take every folder of this broker out of it. Blocks.
     *
     * @param newest the Raft folder of each voter
     * @throws RefusedStartException where there was no majority in time
     */
    void retire(Incarnation incarnation, Map<Integer, UUID> newest);
  }

  /**
   * @param votes the Raft folders of each voter
   * @param exported what the bucket holds of this incarnation
   */
  public record Started(
      Incarnation incarnation,
      FolderIdentity identity,
      Map<Integer, Vote> votes,
      ExportState exported) {

    /** Whether this broker votes only once the others have taken its folder in. */
    public boolean replacesLostFolder() {
      Vote own = votes.get(identity.brokerId());
      return own != null && own.isReplaced();
    }

    /** The folders that the group began with. */
    public Map<Integer, UUID> firstFolders() {
      return folders(Vote::first);
    }

    /** The folders that vote now, or are about to. */
    public Map<Integer, UUID> newestFolders() {
      return folders(Vote::newest);
    }

    private Map<Integer, UUID> folders(Function<Vote, UUID> which) {
      Map<Integer, UUID> folders = new TreeMap<>();
      votes.forEach((broker, vote) -> folders.put(broker, which.apply(vote)));
      return folders;
    }
  }

  private final MetadataConfig config;
  private final ObjectStore store;
  private final Scheduler scheduler;
  private final Waiter waiter;
  private final RandomGenerator random;
  private final LaneSealer sealer;
  private final VoterRetirement retirement;
  private final IdentityFile identityFile;
  private final UUID writer;
  private final IncarnationRegister incarnations;

  /**
   * @param waiter how the calling thread blocks
   * @param random good enough for identities
   * @param sealer asked in a recovery only
   * @param retirement asked where this broker has lost the folder that it voted with
   * @param writer drawn by this process at its start
   */
  public BucketStart(
      MetadataConfig config,
      ObjectStore store,
      Scheduler scheduler,
      Waiter waiter,
      RandomGenerator random,
      LaneSealer sealer,
      VoterRetirement retirement,
      IdentityFile identityFile,
      UUID writer) {
    this.config = config;
    this.store = store;
    this.scheduler = scheduler;
    this.waiter = waiter;
    this.random = random;
    this.sealer = sealer;
    this.retirement = retirement;
    this.identityFile = identityFile;
    this.writer = writer;
    this.incarnations = new IncarnationRegister(store, scheduler);
  }

  /** A random id of RFC 4122's version 4. */
  public static UUID randomId(RandomGenerator random) {
    long high = random.nextLong() & ~0xf000L | 0x4000L;
    long low = random.nextLong() & 0x3fff_ffff_ffff_ffffL | 0x8000_0000_0000_0000L;
    return new UUID(high, low);
  }

  /** Kafka's form of an id: 22 characters of URL-safe base64, never beginning with a dash. */
  public static String randomClusterId(RandomGenerator random) {
    while (true) {
      UUID id = randomId(random);
      ByteBuffer bytes = ByteBuffer.allocate(16);
      bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
      String text = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
      if (!text.startsWith("-")) {
        return text;
      }
    }
  }

  /**
   * @throws RefusedStartException where this broker must not start on this bucket
   * @throws MetadataUnavailableException where the store or other voters did not answer in time
   */
  public Started start() {
    int waits = 0;
    while (true) {
      Optional<FolderIdentity> folder = identityFile.read();
      Optional<Incarnation> newest = await("newest incarnation", incarnations.newest());
      Optional<Vote> vote =
          newest.flatMap(one -> await("vote", voters(one).voter(config.brokerId())));
      StartPolicy.Decision decision =
          StartPolicy.decide(
              new StartPolicy.Situation(
                  config.brokerId(),
                  config.clusterId(),
                  configuredVoters(),
                  config.recoverFromBucket(),
                  folder,
                  newest,
                  vote));
      LOG.info(
          "bucket: {} newest incarnation={}",
          decision,
          newest.map(one -> Long.toString(one.number())).orElse("none"));
      Optional<Incarnation> ours =
          switch (decision) {
            case WAIT -> Optional.empty();
            case BEGIN -> create(folder, 1, clusterIdOfNewBucket(folder));
            case RECOVER -> {
              Incarnation before = newest.orElseThrow();
              yield create(folder, before.number() + 1, before.clusterId());
            }
            case JOIN -> {
              checkVoters(newest.orElseThrow());
              join(newest.orElseThrow(), randomId(random));
              yield newest;
            }
            case REPLACE -> {
              checkVoters(newest.orElseThrow());
              replaceLostFolder(newest.orElseThrow());
              yield newest;
            }
            case GO_ON -> {
              checkVoters(newest.orElseThrow());
              yield newest;
            }
          };
      if (ours.isPresent()) {
        Optional<Started> started = finish(ours.get());
        if (started.isPresent()) {
          return started.get();
        }
        // Whoever began this incarnation is gone before it had anything, and its folder, too.
        create(Optional.empty(), ours.get().number() + 1, ours.get().clusterId());
      } else if (decision == StartPolicy.Decision.WAIT) {
        if (VOTER_POLL.multipliedBy(++waits).compareTo(config.startTimeout()) > 0) {
          throw new MetadataUnavailableException(
              "waited " + config.startTimeout() + " for the voters to begin on an empty bucket");
        }
        pause("bucket", VOTER_POLL);
      } else {
        LOG.info("bucket: another broker was first, looking again");
      }
    }
  }

  private String clusterIdOfNewBucket(Optional<FolderIdentity> folder) {
    return config
        .clusterId()
        .or(() -> folder.map(FolderIdentity::clusterId))
        .orElseGet(() -> randomClusterId(random));
  }

  /** Writes the plan into the folder, then creates the incarnation; empty where another did. */
  private Optional<Incarnation> create(
      Optional<FolderIdentity> folder, long number, String clusterId) {
    FolderIdentity plan =
        folder
            .filter(known -> known.creator() && known.incarnation() == number)
            .filter(known -> known.clusterId().equals(clusterId))
            .orElseGet(
                () ->
                    new FolderIdentity(
                        config.brokerId(),
                        number,
                        clusterId,
                        randomId(random),
                        randomId(random),
                        randomId(random),
                        true,
                        false));
    identityFile.write(plan);
    Incarnation wanted =
        new Incarnation(number, clusterId, plan.groupId(), plan.nonce(), configuredVoters());
    Incarnation found = await("incarnation " + number, incarnations.create(wanted));
    return found.nonce().equals(plan.nonce()) ? Optional.of(found) : Optional.empty();
  }

  /**
   * The lost folder leaves the group before its successor is heard of at the same address: else the
   * leader would take what the one says for the other's word.
   */
  private void replaceLostFolder(Incarnation newest) {
    Map<Integer, UUID> folders = new TreeMap<>();
    awaitVotes(newest).forEach((broker, vote) -> folders.put(broker, vote.newest()));
    retirement.retire(newest, folders);
    UUID storageId = randomId(random);
    await("vote", voters(newest).replace(config.brokerId(), storageId));
    join(newest, storageId);
  }

  private void join(Incarnation newest, UUID storageId) {
    identityFile.write(
        new FolderIdentity(
            config.brokerId(),
            newest.number(),
            newest.clusterId(),
            newest.groupId(),
            newest.nonce(),
            storageId,
            false,
            false));
  }

  /**
   * Empty where a recovery was asked for and nobody is left to write the incarnation's first
   * export: its only voter is this broker, with a folder that has the vote and did not create it.
   * Of more voters none can know whether the creator is dead or slow.
   */
  private Optional<Started> finish(Incarnation incarnation) {
    FolderIdentity identity =
        identityFile.read().orElseThrow(() -> new IllegalStateException("identity is gone"));
    if (incarnation.voters().contains(config.brokerId())) {
      claimVote(incarnation, identity);
    }
    return started(incarnation, identity);
  }

  private void claimVote(Incarnation incarnation, FolderIdentity identity) {
    UUID voter =
        await("vote", voters(incarnation).claim(config.brokerId(), identity.storageId())).newest();
    if (!voter.equals(identity.storageId())) {
      throw new RefusedStartException(
          Reason.FOREIGN_RAFT_FOLDER,
          "broker "
              + config.brokerId()
              + " votes with another folder, "
              + voter
              + ", and the folder RAFT_PATH is "
              + identity.storageId()
              + ": start with that one, or with an empty one");
    }
  }

  private Optional<Started> started(Incarnation incarnation, FolderIdentity identity) {
    ExportRegister register = new ExportRegister(store, incarnation.number(), writer);
    Optional<ExportState> exported = load(register);
    if (exported.isEmpty() && identity.createdIncarnation(incarnation)) {
      MetadataImage first =
          incarnation.number() == 1
              ? MetadataImage.empty(incarnation.clusterId(), 1)
              : reborn(incarnation);
      await(
          "first export",
          Retry.bounded(scheduler).run("first export", () -> register.begin(first)));
      exported = load(register);
    }
    if (exported.isEmpty()) {
      exported = poll(() -> load(register));
    }
    boolean nobodyElseWrites = incarnation.voters().equals(List.of(config.brokerId()));
    if (exported.isEmpty() && config.recoverFromBucket() && nobodyElseWrites) {
      LOG.warn("incarnation {} was never exported, recovering behind it", incarnation.number());
      return Optional.empty();
    }
    ExportState state =
        exported.orElseThrow(
            () -> notInTime("the first export of incarnation " + incarnation.number()));
    Started started = new Started(incarnation, identity, awaitVotes(incarnation), state);
    if (identity.joined() || started.replacesLostFolder()) {
      return Optional.of(started);
    }
    identityFile.write(identity.asJoined());
    return Optional.of(
        new Started(incarnation, identity.asJoined(), started.votes(), started.exported()));
  }

  private Optional<ExportState> load(ExportRegister register) {
    return await("exports", Retry.bounded(scheduler).run("export register", register::load));
  }

  /** Fences all that came before, seals every lane, and draws up the first image. */
  private MetadataImage reborn(Incarnation incarnation) {
    LaneRegister lanes = new LaneRegister(store, scheduler, incarnation.number(), writer);
    List<LaneId> toSeal = await("lane registry", lanes.fence());
    Optional<ExportState> before = Optional.empty();
    for (long number = incarnation.number() - 1; number > 0; number--) {
      ExportRegister older = new ExportRegister(store, number, writer);
      Optional<ExportState> found =
          await(
              "exports of incarnation " + number,
              Retry.bounded(scheduler).run("fence exports", () -> older.fence(writer)));
      before = before.or(() -> found);
    }
    MetadataImage old =
        before
            .map(ExportState::image)
            .orElseGet(() -> MetadataImage.empty(incarnation.clusterId(), 1));
    LOG.info(
        "recovery: incarnation={} exports up to version={} lanes to seal={}",
        incarnation.number(),
        old.version(),
        toSeal.size());
    List<CompletableFuture<SealedLane>> sealing = new ArrayList<>();
    for (LaneId lane : toSeal) {
      Lane known = old.lane(lane);
      sealing.add(sealer.seal(lane, incarnation.number(), known == null ? 1 : known.epoch() + 1));
    }
    List<SealedLane> sealed = new ArrayList<>();
    for (CompletableFuture<SealedLane> one : sealing) {
      // As long as it takes: how much there is to read is not known here.
      sealed.add(await("seal", one, Duration.ofDays(1)));
    }
    LaneId newLane = await("lane registry", lanes.register(config.brokerId()));
    return Rebirth.imageAfter(old, incarnation.number(), sealed, newLane, config.brokerId());
  }

  private void checkVoters(Incarnation incarnation) {
    if (!new TreeSet<>(configuredVoters()).equals(new TreeSet<>(incarnation.voters()))) {
      throw new RefusedStartException(
          Reason.NOT_A_VOTER,
          "RAFT_PEERS names the voters "
              + configuredVoters()
              + " but cluster "
              + incarnation.clusterId()
              + " began with "
              + incarnation.voters());
    }
  }

  private Map<Integer, Vote> awaitVotes(Incarnation incarnation) {
    VoterRegister register = voters(incarnation);
    Map<Integer, Vote> all = new TreeMap<>();
    for (int broker : incarnation.voters()) {
      all.put(
          broker,
          poll(() -> await("vote", register.voter(broker)))
              .orElseThrow(() -> notInTime("the vote of broker " + broker)));
    }
    return all;
  }

  private interface Probe<T> {
    Optional<T> look();
  }

  /** Looks until there is something; empty where the time for starting has passed. */
  private <T> Optional<T> poll(Probe<T> probe) {
    long triesLeft = Math.max(1, config.startTimeout().dividedBy(VOTER_POLL));
    while (true) {
      Optional<T> found = probe.look();
      if (found.isPresent() || --triesLeft == 0) {
        return found;
      }
      pause("poll", VOTER_POLL);
    }
  }

  private void pause(String what, Duration length) {
    CompletableFuture<Void> later = new CompletableFuture<>();
    scheduler.schedule(() -> later.complete(null), length);
    await(what, later);
  }

  private MetadataUnavailableException notInTime(String what) {
    return new MetadataUnavailableException("waited " + config.startTimeout() + " for " + what);
  }

  private List<Integer> configuredVoters() {
    return config.raftPeers().isEmpty()
        ? List.of(config.brokerId())
        : List.copyOf(new TreeSet<>(config.raftPeers().keySet()));
  }

  private VoterRegister voters(Incarnation incarnation) {
    return new VoterRegister(store, scheduler, incarnation.number());
  }

  private <T> T await(String what, CompletableFuture<T> future) {
    return await(what, future, config.startTimeout());
  }

  private <T> T await(String what, CompletableFuture<T> future, Duration limit) {
    try {
      return waiter.await(future, limit);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw new MetadataUnavailableException(what + ": " + e.getCause(), e);
    } catch (TimeoutException e) {
      throw new MetadataUnavailableException(what + ": no answer in " + limit, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MetadataUnavailableException(what + ": interrupted", e);
    }
  }
}
