package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.gc.GarbageOptions;
import io.sediment.lsm.lane.LaneWorld;
import io.sediment.lsm.lane.LaneWorld.Broker;
import io.sediment.lsm.lane.StoredLaneLevels;
import io.sediment.lsm.manifest.Manifest;
import io.sediment.lsm.manifest.RunRef;
import io.sediment.objectstore.ObjectStore;
import io.sediment.simulation.FaultPlan;
import io.sediment.simulation.SimScheduler;
import io.sediment.simulation.StoreRequest.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Many runs, of which a look reads only some. */
class LiveBytesTest {
  private final CompactingWorld compacting = new CompactingWorld(2, FaultPlan.none());
  private final LaneWorld world = compacting.world;
  private final Broker broker = world.broker("one");
  private final int[] reads = {0};

  @Test
  void everyRunIsLookedAtInTurnAndNoneWhereNothingDied() {
    LaneCompactor compactor = compacting.outside(world.simulation.process("compactor"), false);
    for (int i = 0; i < 24; i++) {
      broker.append(0, 20_000, 1, i, false);
      world.await(broker.lane().flush(), "flushed");
      world.await(compactor.turn(), "turn");
    }
    SimScheduler process = world.simulation.process("looker");
    ObjectStore store = world.bucket.forProcess(process);
    StoredLaneLevels levels =
        world.await(
            StoredLaneLevels.open(
                store,
                LaneWorld.LANE,
                process,
                process.random(),
                true,
                GarbageOptions.LOCAL,
                Duration.ofHours(9)),
            "levels");
    Manifest manifest = world.await(levels.newest(), "manifest");
    List<RunRef> runs = manifest.level1().runs();
    assertThat(runs).hasSizeGreaterThan(3);
    world.bucket.observe(
        (phase, request) -> {
          if (phase == Phase.LANDED && request.process() == process) {
            reads[0]++;
          }
        });
    LiveBytes live =
        new LiveBytes(
            new SourceReader(LaneWorld.LANE, store, new DamagedSources(LaneWorld.LANE, process)));
    world.await(live.look(manifest, Liveness.ALL), "look");
    assertThat(reads[0]).as("nothing is dead").isZero();
    Liveness dead =
        new Liveness(
            Map.of(LaneWorld.partition(0), 1_000L), Set.of(), Long.MIN_VALUE, partition -> 0);
    for (int i = 0; i < 3; i++) {
      world.await(live.look(manifest, dead), "look");
    }
    assertThat(runs).allMatch(run -> live.of(run).liveBytes() == 0);
    assertThat(reads[0]).as("each once").isEqualTo(runs.size());

    Liveness dying =
        new Liveness(
            Map.of(LaneWorld.partition(0), 1L),
            Set.of(),
            Long.MIN_VALUE,
            partition -> 0,
            partition -> 6); // offsets are timestamps here
    for (int i = 0; i < 3; i++) {
      world.await(live.look(manifest, dying), "look");
    }
    long bytes = runs.stream().mapToLong(RunRef::dataBytes).sum() / 24;
    assertThat(runs.stream().mapToLong(run -> live.of(run).liveBytes()).sum())
        .isEqualTo(23 * bytes);
    assertThat(runs.stream().mapToLong(run -> live.of(run).lastingBytes()).sum())
        .isEqualTo(18 * bytes);
  }
}
