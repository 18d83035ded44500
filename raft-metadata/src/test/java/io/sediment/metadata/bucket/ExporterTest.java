package io.sediment.metadata.bucket;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.metadata.CommandLayout;
import io.sediment.metadata.CommandOutcome;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.MetadataCommand;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.SampleImages;
import io.sediment.metadata.SetFeatureLevels;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.Fault;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.Seeds;
import io.sediment.simulation.SimObjectStore;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.Simulation;
import io.sediment.simulation.StoreOp;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Exports over a bucket that fails, by leaders that crash, pause and take turns without knowing.
 */
class ExporterTest {
  private static final Duration LIMIT = Duration.ofHours(2);
  private static final MetadataImage FIRST = MetadataImage.empty("c", 1);

  static LongStream seeds() {
    return Seeds.upTo(60);
  }

  /** The committed log that all members share, and what comes of it. */
  private static final class Log {
    final List<AppliedCommand> entries = new ArrayList<>();

    MetadataImage image() {
      return entries.isEmpty() ? FIRST : entries.get(entries.size() - 1).image();
    }

    AppliedCommand append(MetadataCommand<?> command) {
      // Raft's own entries lie between the commands.
      long index = entries.size() * 2L + 1;
      CommandOutcome<?> outcome = command.applyTo(image());
      boolean changed = outcome.image() != image();
      AppliedCommand applied =
          new AppliedCommand(
              1,
              index,
              changed ? CommandLayout.encode(command) : null,
              changed ? outcome.image().withVersion(index) : image());
      entries.add(applied);
      return applied;
    }

    /** The newest state at or below a Raft index. */
    MetadataImage at(long index) {
      MetadataImage image = FIRST;
      for (AppliedCommand entry : entries) {
        if (entry.index() <= index) {
          image = entry.image();
        }
      }
      return image;
    }
  }

  /** A member of the group: has applied a part of the log, and may think that it leads. */
  private static final class Member {
    final SimScheduler process;
    final ExportRegister register;
    final Exporter exporter;
    final List<CompletableFuture<Void>> offered = new ArrayList<>();
    int applied;
    long exported = -1;
    Throwable halted;

    Member(Simulation simulation, SimObjectStore store, Log log, String name, int number) {
      process = simulation.process(name);
      register = new ExportRegister(store.forProcess(process), 1, new UUID(0, number));
      exporter =
          new Exporter(
              register,
              process,
              new SnapshotPolicy(5, 2_000),
              index -> {
                exported = Math.max(exported, index);
                check(simulation, store, log, index);
              },
              cause -> halted = cause);
    }

    void lead(Log log) {
      exporter.lead(
          applied == 0
              ? new AppliedCommand(0, -1, null, FIRST)
              : new AppliedCommand(
                  1,
                  log.entries.get(applied - 1).index(),
                  null,
                  log.entries.get(applied - 1).image()));
    }

    void applyNext(Log log) {
      offered.add(exporter.offer(log.entries.get(applied++)));
    }
  }

  /** Whoever lost everything this very moment would find all that was called exported. */
  private static void check(Simulation simulation, SimObjectStore store, Log log, long exported) {
    ExportState found = contents(store);
    MetadataImage must = log.at(exported);
    if (found.image().version() < must.version()) {
      simulation.fail("lost export: called=" + must.version() + " found=" + found.image());
    }
    if (!found.image().sameContent(log.at(found.image().version()))) {
      simulation.fail("wrong export at " + found.image().version());
    }
  }

  private static ExportState contents(SimObjectStore store) {
    ObjectKey folder = new ObjectKey("cluster/meta/" + DenseObjects.digits(1));
    Optional<byte[]> boundary = store.peek(folder.resolve("boundary"));
    // The number lies behind the envelope's header.
    long number = boundary.map(bytes -> ByteBuffer.wrap(bytes).getLong(16)).orElse(0L);
    ExportState state = ExportState.startingAt(FIRST, number);
    while (true) {
      ObjectKey key = folder.resolve(DenseObjects.digits(state.nextNumber()));
      Optional<byte[]> object = store.peek(key);
      if (object.isEmpty()) {
        return state;
      }
      ExportObject decoded = ExportObject.decode(ByteBuffer.wrap(object.get()), key.value());
      if (decoded instanceof ExportObject.Fence) {
        return state;
      }
      state = state.plus(decoded, object.get().length);
    }
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatIsCalledExportedIsInTheBucketWhateverHappens(long seed) {
    Simulation simulation = new Simulation(seed);
    SplittableRandom random = simulation.random("test");
    Random commands = new Random(seed);
    SimObjectStore store =
        new SimObjectStore(
            simulation,
            FaultPlan.random(random).without(Fault.CORRUPT_BODY).without(Fault.TRUNCATED_BODY));
    Log log = new Log();
    List<Member> members = new ArrayList<>();
    int born = 0;
    for (; born < 2; born++) {
      members.add(new Member(simulation, store, log, "broker-" + born, born));
    }
    Member first = members.get(0);
    simulation.await(
        Retry.bounded(first.process).run("begin", () -> first.register.begin(FIRST)),
        LIMIT,
        "begun");

    for (int step = 0; step < 300; step++) {
      Member member = members.get(random.nextInt(members.size()));
      switch (random.nextInt(20)) {
        case 0 -> member.lead(log);
        case 1 -> member.exporter.follow();
        case 2 -> {
          if (random.nextInt(3) == 0) {
            member.process.crash();
            members.remove(member);
            Member next = new Member(simulation, store, log, "broker-" + born, born++);
            next.applied = random.nextInt(member.applied + 1);
            members.add(next);
          }
        }
        case 3 -> member.process.pause();
        case 4, 5, 6 -> member.process.resume();
        case 7, 8, 9, 10 -> simulation.runFor(Duration.ofMillis(random.nextInt(400)));
        default -> {
          if (member.applied == log.entries.size()) {
            log.append(SampleImages.command(commands, log.image()));
          }
          member.applyNext(log);
        }
      }
    }

    store.heal();
    Member last = members.get(random.nextInt(members.size()));
    members.forEach(
        member -> {
          member.process.resume();
          if (member != last) {
            member.exporter.follow();
          }
        });
    while (last.applied < log.entries.size()) {
      last.applyNext(log);
    }
    last.lead(log);
    AppliedCommand end = log.append(new SetFeatureLevels(Map.of("end", 1)));
    last.applyNext(log);
    simulation.runUntil(() -> last.exported >= end.index(), LIMIT, "all exported");
    assertThat(contents(store).image().sameContent(log.image())).isTrue();
    assertThat(members).allSatisfy(member -> assertThat(member.halted).isNull());
  }

  @Test
  void manyCommandsShareARequestAndRefusedOnesCostNone() {
    Simulation simulation = new Simulation(1);
    SimObjectStore store = new SimObjectStore(simulation, FaultPlan.none());
    Log log = new Log();
    Member member = new Member(simulation, store, log, "broker", 1);
    simulation.await(member.register.begin(FIRST), LIMIT, "begun");
    member.lead(log);
    simulation.runFor(Duration.ofSeconds(10));
    long puts = store.bill().requests(StoreOp.PUT_IF_ABSENT);

    for (int i = 1; i <= 100; i++) {
      log.append(new SetFeatureLevels(Map.of("f", i)));
      member.applyNext(log);
    }
    log.append(new SetFeatureLevels(Map.of("f", -1)));
    member.applyNext(log);
    simulation.runUntil(
        () -> member.offered.stream().allMatch(CompletableFuture::isDone), LIMIT, "exported");
    assertThat(store.bill().requests(StoreOp.PUT_IF_ABSENT) - puts).isEqualTo(2);

    log.append(new SetFeatureLevels(Map.of("f", -1)));
    member.applyNext(log);
    assertThat(member.offered.get(101)).isCompleted();
  }

  @Test
  void oldNumbersAreReclaimed() {
    Simulation simulation = new Simulation(1);
    SimObjectStore store = new SimObjectStore(simulation, FaultPlan.none());
    Log log = new Log();
    Member member = new Member(simulation, store, log, "broker", 1);
    simulation.await(member.register.begin(FIRST), LIMIT, "begun");
    member.lead(log);
    for (int i = 1; i <= 100; i++) {
      log.append(new SetFeatureLevels(Map.of("f", i)));
      member.applyNext(log);
      simulation.runUntil(
          () -> member.offered.get(member.offered.size() - 1).isDone(), LIMIT, "one");
    }
    simulation.runFor(Duration.ofMinutes(1));
    // The boundary, the snapshot it names, and at most as many deltas as the policy allows.
    assertThat(store.keys("cluster/meta/")).hasSizeLessThanOrEqualTo(7);
  }

  @Test
  void aFenceEndsTheRegisterForItsWriter() {
    Simulation simulation = new Simulation(1);
    SimObjectStore store = new SimObjectStore(simulation, FaultPlan.none());
    Log log = new Log();
    Member member = new Member(simulation, store, log, "old", 1);
    simulation.await(member.register.begin(FIRST), LIMIT, "begun");
    member.lead(log);
    log.append(new SetFeatureLevels(Map.of("f", 1)));
    member.applyNext(log);
    simulation.await(member.offered.get(0), LIMIT, "exported");

    SimScheduler reborn = simulation.process("new");
    ExportRegister fencer = new ExportRegister(store.forProcess(reborn), 1, new UUID(0, 2));
    ExportState fenced =
        simulation.await(fencer.fence(new UUID(0, 2)), LIMIT, "fenced").orElseThrow();
    assertThat(fenced.image()).isEqualTo(log.image());
    ExportState again =
        simulation.await(fencer.fence(new UUID(0, 3)), LIMIT, "fenced again").orElseThrow();
    assertThat(again.image()).isEqualTo(log.image());

    log.append(new SetFeatureLevels(Map.of("f", 2)));
    member.applyNext(log);
    simulation.runUntil(() -> member.halted != null, LIMIT, "halted");
    assertThat(member.halted).isInstanceOf(FencedMetadataException.class);
    assertThat(member.offered.get(1)).isCompletedExceptionally();
    assertThat(member.exported).isEqualTo(log.entries.get(0).index());
  }

  /** The boundary rises, and numbers are reclaimed, while the fencer looks for the last one. */
  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void whatWasCalledExportedIsFoundByWhoFences(long seed) {
    Simulation simulation = new Simulation(seed);
    SplittableRandom random = simulation.random("test");
    SimObjectStore store =
        new SimObjectStore(
            simulation,
            FaultPlan.random(random).without(Fault.CORRUPT_BODY).without(Fault.TRUNCATED_BODY));
    Log log = new Log();
    Member member = new Member(simulation, store, log, "old", 1);
    simulation.await(
        Retry.bounded(member.process).run("begin", () -> member.register.begin(FIRST)),
        LIMIT,
        "begun");
    member.lead(log);
    SimScheduler reborn = simulation.process("new");
    ExportRegister fencer = new ExportRegister(store.forProcess(reborn), 1, new UUID(0, 2));
    int fencedAt = 1 + random.nextInt(200);
    CompletableFuture<Optional<ExportState>> fenced = new CompletableFuture<>();
    for (int step = 1; step <= 400; step++) {
      if (step == fencedAt) {
        fenced = Retry.bounded(reborn).run("fence", () -> fencer.fence(new UUID(0, 2)));
      }
      log.append(new SetFeatureLevels(Map.of("f", step)));
      member.applyNext(log);
      simulation.runFor(Duration.ofMillis(random.nextInt(100)));
    }
    simulation.runUntil(fenced::isDone, LIMIT, "fenced, or told that the store is not available");
    store.heal();
    if (fenced.isCompletedExceptionally()) {
      fenced = fencer.fence(new UUID(0, 2));
    }
    ExportState found = simulation.await(fenced, LIMIT, "fenced").orElseThrow();
    simulation.runFor(Duration.ofMinutes(20));
    assertThat(found.index()).isGreaterThanOrEqualTo(member.exported);
    assertThat(found.image().sameContent(log.at(found.index()))).isTrue();
  }

  @Test
  void aDamagedReadIsReadAgain() {
    Simulation simulation = new Simulation(1);
    SimObjectStore store = new SimObjectStore(simulation, FaultPlan.none());
    Log log = new Log();
    Member member = new Member(simulation, store, log, "broker", 1);
    simulation.await(member.register.begin(FIRST), LIMIT, "begun");
    store.script(request -> request.op() == StoreOp.GET, 1, Fault.CORRUPT_BODY);
    store.script(request -> request.op() == StoreOp.GET, 1, Fault.TRUNCATED_BODY);
    member.lead(log);
    log.append(new SetFeatureLevels(Map.of("f", 1)));
    member.applyNext(log);
    simulation.await(member.offered.get(0), LIMIT, "exported");
    assertThat(member.halted).isNull();
  }

  /** Or a recovery would take a damaged bucket for one without topics. */
  @Test
  void aLostSnapshotIsNotTakenForARegisterThatNeverBegan() {
    Simulation simulation = new Simulation(1);
    SimScheduler process = simulation.process("broker");
    ObjectStore store = new SimObjectStore(simulation, FaultPlan.none()).forProcess(process);
    ExportRegister register = new ExportRegister(store, 1, new UUID(0, 1));
    simulation.await(register.begin(FIRST), LIMIT, "begun");
    ExportObject.Header second = new ExportObject.Header(1, 1, new UUID(0, 1), 1, 1, 1);
    simulation.await(
        register.append(1, new ExportObject.Snapshot(second, FIRST).encode()), LIMIT, "exported");
    simulation.await(register.raiseBoundary(1), LIMIT, "raised");
    ObjectKey folder = new ObjectKey("cluster/meta/" + DenseObjects.digits(1));
    simulation.await(
        store.delete(List.of(new DenseObjects(store, folder).key(1))), LIMIT, "deleted");

    ExportRegister fencer = new ExportRegister(store, 1, new UUID(0, 2));
    for (int time = 1; time <= 2; time++) {
      CompletableFuture<Optional<ExportState>> fenced = fencer.fence(new UUID(0, 2));
      simulation.runUntil(fenced::isDone, LIMIT, "an answer");
      assertThat(fenced)
          .failsWithin(Duration.ZERO)
          .withThrowableThat()
          .withCauseInstanceOf(CorruptMetadataException.class);
    }
  }
}
