package io.sediment.cluster.tools;

import io.sediment.lsm.CorruptObjectException;
import io.sediment.lsm.codec.ReadAgain;
import io.sediment.lsm.object.Block;
import io.sediment.lsm.object.Section;
import io.sediment.lsm.object.SortedObject;
import io.sediment.lsm.object.SortedObjectReader;
import io.sediment.objectstore.ByteRange;
import io.sediment.objectstore.ObjectKey;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Reads all blocks of an object in their order, some megabytes at a time and the next while the
 * last are looked at.
 */
final class BlockStream {
  private static final long READ_BYTES = 4 << 20;

  /** Where the blocks go. */
  interface Visitor {
    /** A block that is as its index says. */
    void block(Section section, Block block, ByteBuffer bytes);

    /** A block that is not, also when it is read again. */
    void damaged(Section section, Block block, CorruptObjectException problem);

    /** The object was deleted meanwhile; nothing more comes. */
    void gone();
  }

  private record Place(Section section, Block block) {}

  private record Piece(List<Place> places, CompletableFuture<@Nullable ByteBuffer> bytes) {
    long position() {
      return places.get(0).block().position();
    }
  }

  private final BucketView bucket;

  BlockStream(BucketView bucket) {
    this.bucket = bucket;
  }

  void read(SortedObject object, Visitor visitor) {
    List<Place> places = new ArrayList<>();
    Piece before = null;
    long bytes = 0;
    for (Section section : object.sections()) {
      for (Block block : section.blocks()) {
        if (!places.isEmpty() && bytes + block.length() > READ_BYTES) {
          Piece next = start(object.key(), places, bytes);
          if (before != null && !visit(object.key(), before, visitor)) {
            return;
          }
          before = next;
          places = new ArrayList<>();
          bytes = 0;
        }
        places.add(new Place(section, block));
        bytes += block.length();
      }
    }
    if (before != null && !visit(object.key(), before, visitor)) {
      return;
    }
    if (!places.isEmpty()) {
      visit(object.key(), start(object.key(), places, bytes), visitor);
    }
  }

  private Piece start(ObjectKey key, List<Place> places, long length) {
    return new Piece(places, bytes(key, places.get(0).block().position(), length));
  }

  private CompletableFuture<@Nullable ByteBuffer> bytes(ObjectKey key, long position, long length) {
    return bucket
        .store()
        .get(key, ByteRange.of(position, length))
        .thenApply(found -> found.isPresent() ? found.get().bytes() : null);
  }

  /** False where the object is gone. */
  private boolean visit(ObjectKey key, Piece piece, Visitor visitor) {
    ByteBuffer bytes = bucket.await(piece.bytes());
    if (bytes == null) {
      visitor.gone();
      return false;
    }
    for (Place place : piece.places()) {
      Block block = place.block();
      int at = (int) (block.position() - piece.position());
      ByteBuffer sound = null;
      CorruptObjectException problem = null;
      try {
        ByteBuffer slice = bytes.slice(at, Math.max(0, Math.min(block.length(), left(bytes, at))));
        SortedObjectReader.verifyBlock(key, block, slice);
        sound = slice;
      } catch (CorruptObjectException e) {
        problem = e;
      }
      if (problem != null) {
        try {
          sound = again(key, block);
        } catch (CorruptObjectException e) {
          problem = e;
        }
      }
      if (sound != null) {
        visitor.block(place.section(), block, sound);
      } else if (problem != null) {
        visitor.damaged(place.section(), block, problem);
      }
    }
    return true;
  }

  private static int left(ByteBuffer bytes, int at) {
    return bytes.limit() - Math.min(at, bytes.limit());
  }

  private ByteBuffer again(ObjectKey key, Block block) {
    return bucket.await(
        ReadAgain.whileCorrupt(
            () ->
                bytes(key, block.position(), block.length())
                    .thenApply(
                        found -> {
                          ByteBuffer bytes = found == null ? ByteBuffer.allocate(0) : found;
                          SortedObjectReader.verifyBlock(key, block, bytes);
                          return bytes;
                        })));
  }
}
