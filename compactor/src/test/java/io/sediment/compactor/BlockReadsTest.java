package io.sediment.compactor;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.SortedObjectKind;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.ObjectBody;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.StoredBytes;
import io.sediment.simulation.Simulation;
import io.sediment.wal.ForwardingStore;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class BlockReadsTest {
  private static final LaneId LANE = new LaneId(0);
  private static final int OBJECTS = 8;

  private final MemoryObjectStore store = new MemoryObjectStore();
  private final List<ObjectKey> asked = new ArrayList<>();

  private final class Noting extends ForwardingStore {
    Noting() {
      super(store);
    }

    @Override
    public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
      asked.add(key);
      return super.get(key, range);
    }
  }

  /** In another process the hash code of a kind of objects is another one. */
  @Test
  void objectsAreReadInTheOrderInWhichTheyAreAskedForWhateverTheirHashCodes() {
    List<SourceBlock> blocks = new ArrayList<>();
    List<ObjectKey> keys = new ArrayList<>();
    for (int i = OBJECTS; i > 0; i--) {
      ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).putInt(0, i);
      DataRef object = new DataRef(SortedObjectKind.L0, 1, i, bytes.remaining(), 0);
      keys.add(object.key(LANE));
      store.putIfAbsent(object.key(LANE), ObjectBody.of(bytes.duplicate())).join();
      blocks.add(
          new SourceBlock(
              object, new Block(0, 0, 0, bytes.remaining(), 0, 0, Checksums.crc32c(bytes))));
    }
    BlockReads reads =
        new BlockReads(new Noting(), LANE, new DamagedSources(LANE, new Simulation(1).world()));
    assertThat(reads.read(blocks).join())
        .extracting(bytes -> bytes.getInt(0))
        .containsExactly(8, 7, 6, 5, 4, 3, 2, 1);
    assertThat(asked).isEqualTo(keys);
  }
}
