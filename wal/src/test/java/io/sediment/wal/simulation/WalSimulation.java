package io.sediment.wal.simulation;

import io.sediment.lsm.LaneId;
import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.batch.TestBatch;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.lane.WriteAheadLogs;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.RequestCounts;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreRequest;
import io.sediment.wal.BucketWriteAheadLogs;
import io.sediment.wal.WalMetrics;
import io.sediment.wal.WalProfile;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * One lane's log under many owners, without a lane above it. The manifest's epoch is a counter here
 * that every new owner raises before it seals; nothing is ever flushed, so each seal walks the log
 * from its beginning and must find all that was ever acknowledged.
 */
final class WalSimulation {
  private static final LaneId LANE = new LaneId(0);
  private static final LaneKeys KEYS = new LaneKeys(LANE);
  private static final Duration PROGRESS_LIMIT = Duration.ofHours(1);

  /** What a run came to, for its test to look at. */
  record Outcome(
      long traceHash,
      long events,
      int epochs,
      long crashes,
      long seals,
      int ackedSlots,
      SimObjectStore bucket) {
    SeedRuns.Tally tally() {
      return new SeedRuns.Tally(events, epochs, crashes, seals, 0, 0, ackedSlots, 0, bucket);
    }
  }

  /** A batch as it was appended. */
  private record Appended(PartitionId partition, long baseOffset, long nextOffset, byte[] bytes) {}

  private final WalMutant mutant;
  private final Simulation simulation;
  private final SplittableRandom random;
  private final SimObjectStore bucket;
  private final boolean chaos;
  private final List<PartitionId> partitions = new ArrayList<>();
  private final List<Owner> owners = new ArrayList<>();
  private long grantedEpoch;

  // What must be true, as told by the owners.
  private final TreeMap<WalSlot, List<Appended>> appended = new TreeMap<>();
  private final TreeMap<Long, Long> ackedSeqByEpoch = new TreeMap<>();
  private final TreeMap<Long, Long> sealedSeqByEpoch = new TreeMap<>();
  private final TreeMap<WalSlot, Integer> sealedCrcs = new TreeMap<>();

  WalSimulation(long seed, FaultPlan plan, boolean chaos, WalMutant mutant) {
    this.mutant = mutant;
    this.chaos = chaos;
    this.simulation = new Simulation(seed);
    this.random = simulation.random("chaos");
    this.bucket = new SimObjectStore(simulation, plan);
    simulation.option("mutant: " + mutant + ", chaos: " + chaos);
    for (int i = 0; i <= random.nextInt(3); i++) {
      partitions.add(new PartitionId(new UUID(7, 7), i));
    }
  }

  /** Faults, crashes and pauses as {@code seed} has it. */
  static Outcome run(long seed, WalMutant mutant) {
    return run(seed, LaneSimulation.planOf(seed), mutant);
  }

  static Outcome run(long seed, FaultPlan plan, WalMutant mutant) {
    return new WalSimulation(seed, plan, true, mutant).run(Duration.ofSeconds(40));
  }

  Outcome run(Duration busy) {
    if (chaos) {
      bucket.observe(this::strikeAtAStep);
      simulation.world().execute(this::strike);
    }
    if (mutant == WalMutant.FENCE_DELETED) {
      simulation.world().execute(this::deleteFences);
    }
    Owner first = startOwner();
    simulation.runFor(busy);
    if (!chaos) {
      // In peace the lane changes hands when its owner has ended; a busy one makes sealers race.
      first.appending = false;
      simulation.runUntil(first::hasNothingUnacked, PROGRESS_LIMIT, "the first owner's end");
    }
    bucket.heal();
    for (Owner owner : owners) {
      if (owner.process.isPaused() && random.nextBoolean()) {
        owner.process.resume();
      }
    }
    Owner last = startOwner();
    last.safe = true;
    simulation.runUntil(() -> last.ackedSeq >= 10, PROGRESS_LIMIT, "ten slots acknowledged");
    last.appending = false;
    simulation.runUntil(last::hasNothingUnacked, PROGRESS_LIMIT, "everything acknowledged");
    Owner auditor = startOwner();
    auditor.safe = true;
    auditor.appending = false;
    simulation.runUntil(() -> auditor.log != null, PROGRESS_LIMIT, "the last audit");
    int acked = ackedSeqByEpoch.values().stream().mapToInt(Math::toIntExact).sum();
    return new Outcome(
        simulation.traceHash(),
        simulation.eventsRun(),
        owners.size(),
        owners.stream().filter(owner -> owner.process.isCrashed()).count(),
        owners.stream().filter(owner -> owner.log != null).count(),
        acked,
        bucket);
  }

  /** Where an owner that does nothing costs nothing: runs on for an hour and counts requests. */
  long pricedRequestsOfAnIdleHour() {
    simulation.runFor(Duration.ofMinutes(1)); // reads ahead of the last seal are still under way
    RequestCounts before = bucket.bill().counts();
    simulation.runFor(Duration.ofHours(1));
    return bucket.bill().counts().since(before).priced();
  }

  private Owner startOwner() {
    Owner owner = new Owner(++grantedEpoch);
    owners.add(owner);
    owner.seal();
    return owner;
  }

  // -- faults of processes -----------------------------------------------------------------------

  private void strike() {
    if (bucketIsHealed()) {
      return;
    }
    Owner victim = owners.get(random.nextInt(owners.size()));
    switch (random.nextInt(5)) {
      case 0 -> victim.process.crash();
      case 1 -> victim.process.pause();
      case 2 -> victim.process.resume();
      default -> {}
    }
    boolean noneIsUp = owners.stream().noneMatch(owner -> owner.process.isUp());
    if (noneIsUp || random.nextInt(4) == 0) {
      startOwner();
    }
    long millis = 200 + random.nextInt(6_000);
    simulation.world().schedule(this::strike, Duration.ofMillis(millis));
  }

  /** Crashes or pauses a process at some moment in the life of one of its requests. */
  private void strikeAtAStep(StoreRequest.Phase phase, StoreRequest request) {
    if (bucketIsHealed() || random.nextInt(400) != 0) {
      return;
    }
    if (random.nextBoolean()) {
      request.process().crash();
    } else {
      request.process().pause();
    }
  }

  private boolean bucketIsHealed() {
    return !owners.isEmpty() && owners.get(owners.size() - 1).safe;
  }

  private void deleteFences() {
    sealedSeqByEpoch.forEach(
        (epoch, seq) -> bucket.removeNow(KEYS.wal(new WalSlot(epoch, seq + 1))));
    simulation.world().schedule(this::deleteFences, Duration.ofSeconds(1));
  }

  // -- the checks
  // ----------------------------------------------------------------------------------

  private void checkAcked(Owner owner, WalSlot slot) {
    if (slot.epoch() != owner.epoch || slot.seq() != owner.ackedSeq + 1) {
      simulation.fail("out of order ack: " + slot + " after seq " + owner.ackedSeq);
    }
    long fencedAfter = sealedSeqByEpoch.getOrDefault(slot.epoch(), Long.MAX_VALUE);
    if (slot.seq() > fencedAfter) {
      simulation.fail("lost write: " + slot + " acknowledged, sealed after seq " + fencedAfter);
    }
    // All before it were looked for when they were acknowledged, and are again when they are
    // sealed.
    if (bucket.peek(KEYS.wal(slot)).isEmpty()) {
      simulation.fail("ack before durable: " + slot);
    }
  }

  /** What a sealer found must be everything acknowledged, unchanged, and the same for everybody. */
  private Map<PartitionId, Long> checkSealed(List<SortedObject> objects, long newEpoch) {
    TreeMap<Long, Long> lastSeqs = new TreeMap<>();
    for (long epoch = 1; epoch < newEpoch; epoch++) {
      lastSeqs.put(epoch, 0L);
    }
    Map<PartitionId, Long> endOffsets = new HashMap<>();
    WalSlot before = WalSlot.NONE;
    for (SortedObject object : objects) {
      WalSlot slot = new WalSlot(object.identity().epoch(), object.identity().number());
      if (slot.compareTo(before) <= 0
          || slot.seq() != lastSeqs.getOrDefault(slot.epoch(), -1L) + 1) {
        simulation.fail("hole in the log: sealed " + slot + " after " + before);
      }
      before = slot;
      lastSeqs.put(slot.epoch(), slot.seq());
      checkContent(slot, object, endOffsets);
      Integer known = sealedCrcs.putIfAbsent(slot, object.footerCrc());
      if (known != null && known != object.footerCrc()) {
        simulation.fail("inconsistent offsets: two contents of " + slot);
      }
    }
    lastSeqs.forEach(
        (epoch, seq) -> {
          Long known = sealedSeqByEpoch.putIfAbsent(epoch, seq);
          if (known != null && !known.equals(seq)) {
            simulation.fail(
                "sealers disagree: epoch " + epoch + " ends at " + known + " and " + seq);
          }
          long acked = ackedSeqByEpoch.getOrDefault(epoch, 0L);
          if (acked > seq) {
            simulation.fail(
                "lost write: epoch " + epoch + " acked up to " + acked + ", sealed up to " + seq);
          }
        });
    return endOffsets;
  }

  private void checkContent(WalSlot slot, SortedObject object, Map<PartitionId, Long> endOffsets) {
    List<Appended> expected = new ArrayList<>(appended.getOrDefault(slot, List.of()));
    expected.sort(Comparator.comparing(Appended::partition).thenComparing(Appended::baseOffset));
    ByteBuffer whole = ByteBuffer.wrap(bucket.peek(object.key()).orElseThrow());
    int index = 0;
    for (Section section : object.sections()) {
      long end = endOffsets.getOrDefault(section.partition(), 0L);
      if (section.baseOffset() != end) {
        simulation.fail(
            "inconsistent offsets: "
                + slot
                + " goes on at "
                + section.baseOffset()
                + " not "
                + end);
      }
      endOffsets.put(section.partition(), section.nextOffset());
      for (Block block : section.blocks()) {
        ByteBuffer bytes = whole.slice((int) block.position(), block.length());
        SortedObjectReader.verifyBlock(object.key(), block, bytes);
        while (bytes.hasRemaining()) {
          byte[] batch = index < expected.size() ? expected.get(index++).bytes : new byte[0];
          byte[] actual = new byte[Math.min(batch.length, bytes.remaining())];
          bytes.get(actual);
          if (batch.length == 0 || !Arrays.equals(batch, actual)) {
            simulation.fail("lost write: " + slot + " holds something that was not appended");
            return;
          }
        }
      }
    }
    if (index != expected.size()) {
      simulation.fail("lost write: " + slot + " holds " + index + " of " + expected.size());
    }
  }

  /** A process that owns the lane, or believes so. */
  private final class Owner implements WriteAheadLog.Listener {
    private final long epoch;
    private final SimScheduler process;
    private final WriteAheadLogs logs;
    private Map<PartitionId, Long> endOffsets = Map.of();
    private @Nullable WriteAheadLog log;
    private long ackedSeq;
    private long appendedSeq;
    private boolean appending = true;
    private boolean safe;

    Owner(long epoch) {
      this.epoch = epoch;
      this.process = simulation.process("owner-" + epoch);
      WalProfile profile =
          switch (random.nextInt(3)) {
            case 0 -> WalProfile.LOCAL;
            case 1 -> WalProfile.BALANCED;
            default -> WalProfile.LATENCY;
          };
      ObjectStore store = bucket.forProcess(process);
      this.logs =
          mutant.spoil(
              new BucketWriteAheadLogs(
                  mutant.spoil(store, process, this::onCreated),
                  profile,
                  1,
                  process,
                  process,
                  process.random(),
                  WalMetrics.NONE),
              store);
    }

    void seal() {
      logs.seal(LANE, WalSlot.NONE, epoch)
          .whenComplete(
              (objects, failure) -> {
                if (objects != null) {
                  process.trace("sealed " + objects.size() + " objects");
                  endOffsets = checkSealed(objects, epoch);
                  log = logs.open(LANE, epoch, this);
                  appendSoon();
                } else {
                  process.trace("seal failed: " + failure);
                  process.schedule(this::seal, Duration.ofSeconds(1));
                }
              });
    }

    private void appendSoon() {
      long micros = process.random().nextInt(3) == 0 ? 300_000 : 30_000;
      process.schedule(this::append, Duration.ofNanos(process.random().nextLong(micros * 1_000)));
    }

    private void append() {
      WriteAheadLog open = log;
      if (!appending || open == null) {
        return;
      }
      PartitionId partition = partitions.get(process.random().nextInt(partitions.size()));
      long base = endOffsets.getOrDefault(partition, 0L);
      int records = 1 + process.random().nextInt(3);
      byte[] bytes =
          TestBatch.at(base)
              .leaderEpoch((int) epoch)
              .records(records)
              .size(batchSize(process.random()), process.random())
              .build()
              .array();
      ByteBuffer memory = ByteBuffer.allocate(bytes.length);
      Slab slab = new Slab(memory, freed -> scribble(memory));
      ByteBuffer view = slab.allocate(bytes.length);
      view.put(0, bytes);
      try {
        WalSlot slot = open.append(partition, slab, view, null);
        appended
            .computeIfAbsent(slot, first -> new ArrayList<>())
            .add(new Appended(partition, base, base + records, bytes));
        endOffsets.put(partition, base + records);
        appendedSeq = slot.seq();
        appendSoon();
      } catch (LaneHaltedException e) {
        process.trace("append refused: " + e.getMessage());
      } finally {
        slab.release();
      }
    }

    boolean hasNothingUnacked() {
      return ackedSeq == appendedSeq;
    }

    private void onCreated(ObjectKey key) {
      if (ObjectNames.parse(key).orElse(null) instanceof ObjectNames.WalName name
          && name.slot().epoch() == epoch) {
        acknowledge(name.slot());
      }
    }

    @Override
    public void onAcked(WalSlot slot) {
      if (mutant != WalMutant.ACK_OUT_OF_ORDER) {
        checkAcked(this, slot);
      }
      acknowledge(slot);
    }

    private void acknowledge(WalSlot slot) {
      process.trace("acked " + slot);
      ackedSeq = Math.max(ackedSeq, slot.seq());
      ackedSeqByEpoch.merge(epoch, slot.seq(), Math::max);
    }

    @Override
    public void onHalted(LaneHaltedException cause) {
      process.trace("halted: " + cause.getMessage());
      if (safe && epoch == grantedEpoch) {
        simulation.fail("stuck: the last owner halted: " + cause.getMessage());
      }
    }
  }

  /** Mostly small; some so large that objects refer to them instead of copying them. */
  private static int batchSize(SplittableRandom random) {
    return random.nextInt(8) == 0 ? 4_000 + random.nextInt(8_000) : 80 + random.nextInt(200);
  }

  /** Memory that nobody holds any more is soon somebody else's. */
  private static void scribble(ByteBuffer memory) {
    for (int i = 0; i < memory.capacity(); i++) {
      memory.put(i, (byte) 0x5a);
    }
  }
}
