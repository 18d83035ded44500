package io.sediment.wal.simulation;

import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.ObjectNames.WalName;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.StoredBytes;
import io.sediment.simulation.SimScheduler;
import io.sediment.wal.ForwardingStore;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Damages parts of data objects on their way so that no CRC32C over them changes: what readers get
 * to see who do not check. A CRC is linear, so adding a multiple of its polynomial leaves it as it
 * was.
 */
final class UnseenDamage extends ForwardingStore {
  /** The polynomial's 33 bits as they lie in a stream of bytes, lowest bit first. */
  private static final long POLYNOMIAL = 0x82f63b78L << 1 | 1;

  static final int LENGTH = 5;
  private static final int READS_PER_DAMAGE = 20;

  private final SimScheduler process;

  UnseenDamage(ObjectStore store, SimScheduler process) {
    super(store);
    this.process = process;
  }

  @Override
  public CompletableFuture<Optional<StoredBytes>> get(ObjectKey key, ByteRange range) {
    CompletableFuture<Optional<StoredBytes>> read = super.get(key, range);
    Optional<ObjectName> name = ObjectNames.parse(key);
    boolean isData = name.filter(it -> it instanceof DataName || it instanceof WalName).isPresent();
    return isData && range instanceof ByteRange.Slice
        ? read.thenApply(found -> found.map(this::damaged))
        : read;
  }

  private StoredBytes damaged(StoredBytes read) {
    int length = read.bytes().remaining();
    if (length < LENGTH || process.random().nextInt(READS_PER_DAMAGE) != 0) {
      return read;
    }
    ByteBuffer bytes = ByteBuffer.allocate(length).put(read.bytes().duplicate()).flip();
    damage(bytes, process.random().nextInt(length - LENGTH + 1));
    process.trace("gets " + read + " with damage that no checksum tells");
    return new StoredBytes(bytes, read.objectLength(), read.eTag());
  }

  /** Changes {@link #LENGTH} bytes from {@code position} on. */
  static void damage(ByteBuffer bytes, int position) {
    for (int i = 0; i < LENGTH; i++) {
      int at = position + i;
      bytes.put(at, (byte) (bytes.get(at) ^ POLYNOMIAL >> 8 * i));
    }
  }
}
