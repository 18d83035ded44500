package io.sediment.cluster.tools;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.batch.RecordBatchLayout;
import io.sediment.lsm.codec.Checksums;
import io.sediment.lsm.manifest.PartitionTableLayout;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.LaneKeys;
import io.sediment.lsm.object.ObjectIdentity;
import io.sediment.lsm.object.ObjectNames;
import io.sediment.lsm.object.ObjectNames.BoundaryName;
import io.sediment.lsm.object.ObjectNames.DataName;
import io.sediment.lsm.object.ObjectNames.ManifestName;
import io.sediment.lsm.object.ObjectNames.ObjectName;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.lsm.run.Directory;
import io.sediment.lsm.run.DirectoryLayout;
import io.sediment.metadata.CorruptMetadataException;
import io.sediment.metadata.bucket.BucketMetadata;
import io.sediment.objectstore.ObjectKey;
import io.sediment.objectstore.StoredBytes;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Reads every byte of an object and verifies every checksum in it: header, footer, trailer, each
 * block and each record batch. One that is damaged does not hide the next.
 */
final class ObjectVerifier {
  /** Looks at sound data besides. */
  interface DataVisitor {
    DataVisitor NONE =
        new DataVisitor() {
          @Override
          public void begin(SortedObject object) {}

          @Override
          public void block(Section section, Block block, ByteBuffer bytes) {}

          @Override
          public void end(SortedObject object, boolean isWhole) {}
        };

    void begin(SortedObject object);

    void block(Section section, Block block, ByteBuffer bytes);

    /**
     * @param isWhole all its blocks were sound
     */
    void end(SortedObject object, boolean isWhole);
  }

  /** What became of an object. */
  enum Outcome {
    SOUND,
    DAMAGED,
    ABSENT,
    /** No format of ours has such a key. */
    UNKNOWN
  }

  private final BucketView bucket;
  private final SortedObjectReader reader;
  private final BlockStream blocks;
  private final DataVisitor data;
  private long bytesRead;

  ObjectVerifier(BucketView bucket) {
    this(bucket, DataVisitor.NONE);
  }

  ObjectVerifier(BucketView bucket, DataVisitor data) {
    this.bucket = bucket;
    this.reader = new SortedObjectReader(bucket.store());
    this.blocks = new BlockStream(bucket);
    this.data = data;
  }

  /** Of all objects so far. */
  long bytesRead() {
    return bytesRead;
  }

  /**
   * @param damages told of each damage
   */
  Outcome verify(ObjectKey key, Consumer<Damage> damages) {
    Optional<ObjectName> name = ObjectNames.parse(key);
    try {
      if (name.isEmpty()) {
        return verifyMetadata(key);
      }
      if (name.get() instanceof ManifestName manifest) {
        return outcome(bucket.manifest(manifest.lane(), manifest.id()).isPresent());
      }
      if (name.get() instanceof BoundaryName boundary) {
        boolean isThere = bucket.exists(key);
        bucket.boundary(boundary.lane());
        return outcome(isThere);
      }
      if (name.get() instanceof DataName file) {
        switch (file.kind()) {
          case TABLE -> {
            return verifyTable(key);
          }
          case DIRECTORY -> {
            return verifyDirectory(key, file);
          }
          case L0, L1 -> {
            return verifySorted(key, damages);
          }
        }
      }
      return verifySorted(key, damages);
    } catch (CorruptObjectException | CorruptMetadataException e) {
      damages.accept(Damage.of(key, String.valueOf(e.getMessage())));
      return Outcome.DAMAGED;
    }
  }

  private Outcome verifyMetadata(ObjectKey key) {
    Optional<StoredBytes> stored = read(key);
    if (stored.isEmpty()) {
      return Outcome.ABSENT;
    }
    return BucketMetadata.describe(key, stored.get().bytes()).isPresent()
        ? Outcome.SOUND
        : Outcome.UNKNOWN;
  }

  private Outcome verifyTable(ObjectKey key) {
    Optional<StoredBytes> stored = read(key);
    stored.ifPresent(found -> PartitionTableLayout.decode(key, found.bytes()));
    return outcome(stored.isPresent());
  }

  private Outcome verifyDirectory(ObjectKey key, DataName name) {
    Optional<StoredBytes> stored = read(key);
    if (stored.isEmpty()) {
      return Outcome.ABSENT;
    }
    Directory directory = DirectoryLayout.decode(key, stored.get().bytes());
    ObjectKey own =
        new LaneKeys(directory.lane()).data(directory.epoch(), directory.number(), name.kind());
    if (!own.equals(key)) {
      throw new CorruptObjectException("directory " + key + " is the one of " + own);
    }
    return Outcome.SOUND;
  }

  private Outcome verifySorted(ObjectKey key, Consumer<Damage> damages) {
    Optional<SortedObject> found = bucket.object(key);
    if (found.isEmpty()) {
      return Outcome.ABSENT;
    }
    SortedObject object = found.get();
    boolean isWhole = verifyHeader(object, damages);
    bytesRead += object.length();
    data.begin(object);
    Walk walk = new Walk(key, damages);
    blocks.read(object, walk);
    if (walk.isGone) {
      return Outcome.ABSENT;
    }
    data.end(object, walk.isWhole);
    return isWhole && walk.isWhole ? Outcome.SOUND : Outcome.DAMAGED;
  }

  private boolean verifyHeader(SortedObject object, Consumer<Damage> damages) {
    try {
      Optional<ObjectIdentity> header = bucket.await(reader.readHeader(object.key()));
      if (header.isEmpty() || header.get().equals(object.identity())) {
        return true;
      }
      damages.accept(
          Damage.of(
              object.key(),
              "header and footer differ: header=" + header.get() + " footer=" + object.identity()));
    } catch (CorruptObjectException e) {
      damages.accept(Damage.of(object.key(), String.valueOf(e.getMessage())));
    }
    return false;
  }

  private Optional<StoredBytes> read(ObjectKey key) {
    Optional<StoredBytes> stored = bucket.read(key);
    stored.ifPresent(found -> bytesRead += found.objectLength());
    return stored;
  }

  private static Outcome outcome(boolean isThere) {
    return isThere ? Outcome.SOUND : Outcome.ABSENT;
  }

  /** The blocks of one object. */
  private final class Walk implements BlockStream.Visitor {
    private final ObjectKey key;
    private final Consumer<Damage> damages;
    private boolean isWhole = true;
    private boolean isGone;

    Walk(ObjectKey key, Consumer<Damage> damages) {
      this.key = key;
      this.damages = damages;
    }

    @Override
    public void block(Section section, Block block, ByteBuffer bytes) {
      for (int at = 0; at < bytes.limit(); ) {
        int size = RecordBatchLayout.sizeInBytes(bytes, at);
        int crc =
            Checksums.crc32c(
                bytes, at + RecordBatchLayout.ATTRIBUTES, size - RecordBatchLayout.ATTRIBUTES);
        if (crc != RecordBatchLayout.crc(bytes, at)) {
          isWhole = false;
          damages.accept(
              Damage.ofBlock(
                  key,
                  section,
                  block,
                  "record batch crc: baseOffset="
                      + RecordBatchLayout.baseOffset(bytes, at)
                      + " expected="
                      + Checksums.hex(RecordBatchLayout.crc(bytes, at))
                      + " actual="
                      + Checksums.hex(crc)));
        }
        at += size;
      }
      data.block(section, block, bytes);
    }

    @Override
    public void damaged(Section section, Block block, CorruptObjectException problem) {
      isWhole = false;
      damages.accept(Damage.ofBlock(key, section, block, String.valueOf(problem.getMessage())));
    }

    @Override
    public void gone() {
      isGone = true;
    }
  }
}
