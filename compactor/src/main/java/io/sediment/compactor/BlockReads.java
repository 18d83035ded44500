package io.sediment.compactor;

import io.sediment.compactor.SourceSection.SourceBlock;
import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.LaneId;
import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.manifest.DataRef;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.scan.ObjectGoneException;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Failures;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * Reads many blocks at once: those near each other in one object by one request, and verifies each
 * checksum. Damage is read again, then reported with key and block, and remembered; it is never
 * copied on.
 */
final class BlockReads implements RangeRewriter.BlockSource {
  /** Bytes between two blocks that are cheaper to read than another request. */
  private static final int HOLE_BYTES_MAX = 64 << 10;

  private static final int GET_BYTES_MAX = 8 << 20;

  private final ObjectStore store;
  private final LaneId lane;
  private final DamagedSources damaged;

  BlockReads(ObjectStore store, LaneId lane, DamagedSources damaged) {
    this.store = store;
    this.lane = lane;
    this.damaged = damaged;
  }

  @Override
  public CompletableFuture<List<ByteBuffer>> read(List<SourceBlock> blocks) {
    // In this order, which is not another one in the next process: so a seed replays.
    Map<DataRef, List<Integer>> byObject = new LinkedHashMap<>();
    for (int i = 0; i < blocks.size(); i++) {
      byObject.computeIfAbsent(blocks.get(i).object(), none -> new ArrayList<>()).add(i);
    }
    ByteBuffer[] result = new ByteBuffer[blocks.size()];
    List<CompletableFuture<Void>> reads = new ArrayList<>();
    byObject.forEach(
        (object, ofObject) -> {
          ofObject.sort(Comparator.comparingLong(i -> blocks.get(i).block().position()));
          for (List<Integer> near : neighbours(blocks, ofObject)) {
            reads.add(
                ReadAgain.whileCorrupt(() -> readOnce(object.key(lane), blocks, near, result))
                    .whenComplete(
                        (done, failure) -> {
                          if (failure != null
                              && Failures.causeOf(failure)
                                  instanceof CorruptObjectException damage) {
                            damaged.add(object, damage);
                          }
                        }));
          }
        });
    return CompletableFuture.allOf(reads.toArray(CompletableFuture[]::new))
        .thenApply(done -> List.of(result));
  }

  private static List<List<Integer>> neighbours(List<SourceBlock> blocks, List<Integer> sorted) {
    List<List<Integer>> groups = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= sorted.size(); i++) {
      if (i == sorted.size()
          || start(blocks, sorted.get(i)) - end(blocks, sorted.get(i - 1)) > HOLE_BYTES_MAX
          || end(blocks, sorted.get(i)) - start(blocks, sorted.get(from)) > GET_BYTES_MAX) {
        groups.add(sorted.subList(from, i));
        from = i;
      }
    }
    return groups;
  }

  private static long start(List<SourceBlock> blocks, int i) {
    return blocks.get(i).block().position();
  }

  private static long end(List<SourceBlock> blocks, int i) {
    return blocks.get(i).block().position() + blocks.get(i).block().length();
  }

  private CompletableFuture<Void> readOnce(
      ObjectKey key, List<SourceBlock> blocks, List<Integer> near, ByteBuffer[] result) {
    long from = start(blocks, near.get(0));
    long length = end(blocks, near.get(near.size() - 1)) - from;
    return store
        .get(key, ByteRange.of(from, length))
        .thenAccept(
            found -> {
              ByteBuffer bytes =
                  found.orElseThrow(() -> new ObjectGoneException(key)).bytes().slice();
              if (bytes.remaining() != length) {
                throw new CorruptObjectException(
                    "read ends early: key="
                        + key
                        + " position="
                        + from
                        + " expectedLength="
                        + length
                        + " actualLength="
                        + bytes.remaining());
              }
              for (int i : near) {
                Block block = blocks.get(i).block();
                ByteBuffer slice = bytes.slice((int) (block.position() - from), block.length());
                int crc = Checksums.crc32c(slice);
                if (crc != block.crc32c()) {
                  throw new CorruptObjectException(
                      "block key=" + key + " " + block + ": crc: actual=" + Checksums.hex(crc));
                }
                result[i] = slice;
              }
            });
  }
}
