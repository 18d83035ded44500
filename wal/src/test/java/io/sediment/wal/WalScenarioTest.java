package io.sediment.wal;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.lsm.PartitionId;
import io.sediment.lsm.WalSlot;
import io.sediment.lsm.lane.LaneHaltedException;
import io.sediment.lsm.lane.WriteAheadLog;
import io.sediment.lsm.memtable.Slab;
import io.sediment.lsm.object.EncodedObject;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ProducerEntry;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ETag;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.PutResult;
import io.sediment.simulation.Seeds;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** The protocol as it is keeps its promises under every seed; each broken variant is found out. */
class WalScenarioTest {
  private static final int SEEDS_TO_CATCH = 500;

  static LongStream seeds() {
    return Seeds.upTo(200);
  }

  @ParameterizedTest(name = "seed={0}")
  @MethodSource("seeds")
  void nothingAcknowledgedIsLostWhateverTheBucketDoes(long seed) {
    assertThat(new WalScenario(seed, new WalScenario.Variant() {}).run()).isEmpty();
  }

  @Test
  void acknowledgingOutOfOrderIsFoundOut() {
    assertCaught(
        "lost write",
        new WalScenario.Variant() {
          @Override
          public WriteAheadLog open(WalWorld.Broker broker, long epoch) {
            return new UnorderedLog(broker, epoch);
          }
        });
  }

  @Test
  void deletingAFenceIsFoundOut() {
    assertCaught(
        "lost write",
        new WalScenario.Variant() {
          @Override
          public void afterSeal(ObjectStore store, WalWorld world, List<SortedObject> sealed) {
            store.delete(
                world.bucket.keys("lanes/").stream().filter(key -> isFence(world, key)).toList());
          }

          private boolean isFence(WalWorld world, ObjectKey key) {
            return world.describe(key).identity().kind() == SortedObjectKind.FENCE;
          }
        });
  }

  @Test
  void taking412ForOurOwnSuccessIsFoundOut() {
    assertCaught(
        "lost write",
        new WalScenario.Variant() {
          @Override
          public ObjectStore store(ObjectStore store) {
            return new ForwardingStore(store) {
              @Override
              public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
                return super.putIfAbsent(key, body)
                    .thenApply(answer -> new PutResult.Created(new ETag("believed")));
              }
            };
          }
        });
  }

  @Test
  void sealingOnlyTheNewestEpochIsFoundOut() {
    assertCaught(
        "lost write",
        new WalScenario.Variant() {
          @Override
          public CompletableFuture<List<SortedObject>> seal(WalWorld.Broker broker, long newEpoch) {
            return broker.logs.seal(WalWorld.LANE, new WalSlot(newEpoch - 1, 0), newEpoch);
          }
        });
  }

  @Test
  void sealingWithoutAFenceIsFoundOut() {
    assertCaught(
        "lost write",
        new WalScenario.Variant() {
          @Override
          public ObjectStore store(ObjectStore store) {
            return new ForwardingStore(store) {
              @Override
              public CompletableFuture<PutResult> putIfAbsent(ObjectKey key, ObjectBody body) {
                return body.length() == 64
                    ? CompletableFuture.completedFuture(new PutResult.Created(new ETag("imagined")))
                    : super.putIfAbsent(key, body);
              }
            };
          }
        });
  }

  private static void assertCaught(String promise, WalScenario.Variant variant) {
    for (long seed = 1; seed <= SEEDS_TO_CATCH; seed++) {
      List<String> broken = new WalScenario(seed, variant).run();
      if (broken.stream().anyMatch(it -> it.startsWith(promise))) {
        LoggerFactory.getLogger(WalScenarioTest.class).info("caught by seed {}: {}", seed, broken);
        return;
      }
    }
    throw new AssertionError("not caught by " + SEEDS_TO_CATCH + " seeds: " + promise);
  }

  /** A log that acknowledges each slot as soon as it is stored, whatever the slots before it do. */
  private static final class UnorderedLog implements WriteAheadLog {
    private final WalEnvironment environment;
    private final WalWorld.Broker broker;
    private final long epoch;
    private final UUID writerId = new UUID(4, 4);
    private final PutHistory history = new PutHistory(false);
    private long seq;
    private @Nullable LaneHaltedException halted;

    UnorderedLog(WalWorld.Broker broker, long epoch) {
      this.broker = broker;
      this.epoch = epoch;
      this.environment = broker.environment;
    }

    @Override
    public WalSlot append(
        PartitionId partition, Slab slab, ByteBuffer batch, @Nullable ProducerEntry producer) {
      if (halted != null) {
        throw new LaneHaltedException("halted", halted);
      }
      seq++;
      Slot slot = new Slot(new WalSlot(epoch, seq), 0);
      slot.add(partition, slab, batch, producer);
      ObjectIdentity identity =
          new ObjectIdentity(
              SortedObjectKind.WAL, WalWorld.INCARNATION, WalWorld.LANE, epoch, seq, writerId);
      EncodedObject built = slot.build(identity);
      new SlotPut(
              environment,
              history,
              identity,
              built.body(),
              new SlotPut.Listener() {
                @Override
                public void onConfirmed() {
                  broker.acks.onAcked(slot.id());
                }

                @Override
                public void onLost(LaneHaltedException cause) {
                  halt(cause);
                }

                @Override
                public void onEnded() {
                  slot.releaseSlabs();
                }
              })
          .start();
      return slot.id();
    }

    @Override
    public void hurry() {
      // Each batch is put at once.
    }

    @Override
    public WalSlot cut() {
      return new WalSlot(epoch, seq);
    }

    @Override
    public long unackedBytes() {
      return 0;
    }

    @Override
    public CompletableFuture<Void> close() {
      return new CompletableFuture<>();
    }

    @Override
    public void halt(LaneHaltedException cause) {
      halted = cause;
    }
  }
}
