package io.sediment.metadata.ratis;

import io.sediment.metadata.ImageLayout;
import io.sediment.metadata.MetadataImage;
import io.sediment.metadata.MetadataInput;
import io.sediment.metadata.MetadataOutput;
import io.sediment.metadata.RowKey;
import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Optional;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.Checkpoint;
import org.rocksdb.CompressionType;
import org.rocksdb.FlushOptions;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.NativeLibraryLoader;
import org.rocksdb.Options;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * The rows of the newest applied image in RocksDB, with the index up to which they are applied in
 * the same write batch. There is no write-ahead log: after a crash the rows are those of some
 * earlier moment, whole, and the Raft log brings them forward. Used by one thread at a time.
 */
@EdgeToTheDisk
final class StateRows implements AutoCloseable {
  /** Sorts before all rows of the image, whose kinds begin at 1. */
  private static final byte[] APPLIED_KEY = {0};

  private static final int APPLIED_VERSION = 1;
  private static final long BLOCK_CACHE_BYTES = 8 << 20;
  private static final long WRITE_BUFFER_BYTES = 4 << 20;

  /** What was stored: an image, and the log entry up to which it is applied. */
  record Stored(MetadataImage image, long term, long index) {}

  /**
   * Loads RocksDB's native library, once for the process, from a file in {@code folder}: left to
   * itself it unpacks a new file among the temporary ones for every process, and a kill leaves it
   * there.
   */
  static synchronized void loadLibrary(Path folder) throws IOException {
    Files.createDirectories(folder);
    NativeLibraryLoader.getInstance().loadLibrary(folder.toString());
  }

  private final LRUCache cache = new LRUCache(BLOCK_CACHE_BYTES);
  private final Options options;
  private final WriteOptions writeOptions = new WriteOptions().setDisableWAL(true);
  private final RocksDB db;

  StateRows(Path path) throws IOException {
    Files.createDirectories(path);
    options =
        new Options()
            .setCreateIfMissing(true)
            .setWriteBufferSize(WRITE_BUFFER_BYTES)
            .setMaxWriteBufferNumber(2)
            .setCompressionType(CompressionType.NO_COMPRESSION)
            .setTableFormatConfig(
                new BlockBasedTableConfig().setBlockCache(cache).setCacheIndexAndFilterBlocks(true))
            .setMaxBackgroundJobs(1)
            .setMaxOpenFiles(64)
            .setInfoLogLevel(InfoLogLevel.ERROR_LEVEL)
            .setKeepLogFileNum(1)
            .setStatsDumpPeriodSec(0)
            .setStatsPersistPeriodSec(0);
    try {
      db = RocksDB.open(options, path.toString());
    } catch (RocksDBException e) {
      throw new IOException("state rows: open " + path, e);
    }
  }

  /** All that is stored, or empty where nothing ever was. */
  Optional<Stored> load() throws IOException {
    try (RocksIterator rows = db.newIterator()) {
      rows.seekToFirst();
      if (!rows.isValid()) {
        rows.status();
        return Optional.empty();
      }
      if (rows.key().length != 1 || rows.key()[0] != APPLIED_KEY[0]) {
        throw new IOException("state rows: the row of the applied index is missing");
      }
      MetadataInput in = new MetadataInput(ByteBuffer.wrap(rows.value()), "applied index row");
      int version = in.u8();
      if (version != APPLIED_VERSION) {
        throw in.corrupt("row version " + version);
      }
      long term = in.i64();
      long index = in.i64();
      long imageVersion = in.i64();
      ImageLayout.Builder image = new ImageLayout.Builder(in.text(), in.i64());
      for (rows.next(); rows.isValid(); rows.next()) {
        image.add(ByteBuffer.wrap(rows.key()), ByteBuffer.wrap(rows.value()));
      }
      rows.status();
      return Optional.of(new Stored(image.build(imageVersion), term, index));
    } catch (RocksDBException e) {
      throw new IOException("state rows: load", e);
    }
  }

  /** Stores {@code image} in place of all that is there. */
  void replace(MetadataImage image, long term, long index) throws IOException {
    try (WriteBatch batch = new WriteBatch()) {
      batch.deleteRange(new byte[] {0}, new byte[] {(byte) 0xff});
      ImageLayout.forEachRow(image, (key, value) -> put(batch, key, value));
      put(batch, APPLIED_KEY, applied(image, term, index));
      db.write(writeOptions, batch);
    } catch (RocksDBException e) {
      throw new IOException("state rows: replace", e);
    }
  }

  /** Stores the rows of {@code image} that changed since what was written last. */
  void write(Collection<RowKey> changed, MetadataImage image, long term, long index)
      throws IOException {
    try (WriteBatch batch = new WriteBatch()) {
      for (RowKey key : changed) {
        byte[] value = ImageLayout.value(image, key);
        if (value == null) {
          batch.delete(ImageLayout.key(key));
        } else {
          batch.put(ImageLayout.key(key), value);
        }
      }
      batch.put(APPLIED_KEY, applied(image, term, index));
      db.write(writeOptions, batch);
    } catch (RocksDBException e) {
      throw new IOException("state rows: write index=" + index, e);
    }
  }

  /** Makes what was written durable. */
  void flush() throws IOException {
    try (FlushOptions flush = new FlushOptions().setWaitForFlush(true)) {
      db.flush(flush);
    } catch (RocksDBException e) {
      throw new IOException("state rows: flush", e);
    }
  }

  /** Makes what was written durable and links it into a folder of its own, all or nothing. */
  void checkpoint(Path target) throws IOException {
    flush();
    try (Checkpoint checkpoint = Checkpoint.create(db)) {
      checkpoint.createCheckpoint(target.toString());
    } catch (RocksDBException e) {
      throw new IOException("state rows: checkpoint " + target, e);
    }
  }

  private static byte[] applied(MetadataImage image, long term, long index) {
    return new MetadataOutput()
        .u8(APPLIED_VERSION)
        .i64(term)
        .i64(index)
        .i64(image.version())
        .text(image.clusterId())
        .i64(image.incarnation())
        .toByteArray();
  }

  private static void put(WriteBatch batch, byte[] key, byte[] value) {
    try {
      batch.put(key, value);
    } catch (RocksDBException e) {
      throw new IllegalStateException("state rows: batch", e);
    }
  }

  @Override
  public void close() {
    db.close();
    writeOptions.close();
    options.close();
    cache.close();
  }
}
