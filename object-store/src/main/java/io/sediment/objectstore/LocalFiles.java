package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The objects of a local store, to be read. Blocks. */
@EdgeToTheDisk
final class LocalFiles {
  /** Bound on what the JDK copies to a direct buffer, and then keeps, per reading thread. */
  private static final int READ_CHUNK_BYTES = 128 << 10;

  /** What is done with an object whose name might not survive a power cut. */
  interface SecondName {
    void isThere(Path object) throws IOException;
  }

  private final LocalLayout layout;
  private final SecondName secondName;

  LocalFiles(LocalLayout layout, SecondName secondName) {
    this.layout = layout;
    this.secondName = secondName;
  }

  /** Empty where there is no such object. */
  Optional<StoredBytes> read(ObjectKey key, ByteRange range) throws IOException {
    try (FileRange file = open(key, range)) {
      if (file == null) {
        return Optional.empty();
      }
      if (file.length() > Integer.MAX_VALUE - 8) {
        throw new ObjectStoreException.Refused(
            "get: more than one buffer holds: key=" + key + " length=" + file.length(), null);
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) file.length());
      while (bytes.position() < bytes.capacity()) {
        bytes.limit(Math.min(bytes.capacity(), bytes.position() + READ_CHUNK_BYTES));
        if (file.channel().read(bytes, file.position() + bytes.position()) < 0) {
          throw new IOException("file is shorter than it was: range=" + file);
        }
      }
      return Optional.of(new StoredBytes(bytes.flip(), file.objectLength(), file.eTag()));
    }
  }

  /** Opens a whole object; null where there is none. */
  @Nullable FileRange open(ObjectKey key, ByteRange range) throws IOException {
    Path object = layout.object(key);
    while (true) {
      Optional<LocalFile> before = statObject(object);
      if (before.isEmpty()) {
        return null;
      }
      FileChannel channel;
      try {
        channel = FileChannel.open(object, StandardOpenOption.READ);
      } catch (NoSuchFileException e) {
        return null;
      }
      try {
        LocalFile file = before.get();
        // A replace may have come between; then the tag would belong to other bytes. The second
        // look is also the one to trust about the second name.
        Optional<LocalFile> after = statObject(object);
        if (after.isPresent() && after.get().isSameVersionAs(file)) {
          if (after.get().isFolderSyncPending()) {
            secondName.isThere(object);
          }
          ByteRange.Clipped clipped = range.clip(file.length());
          return new FileRange(
              channel, clipped.position(), clipped.length(), file.length(), file.eTag());
        }
      } catch (IOException | RuntimeException e) {
        channel.close();
        throw e;
      }
      channel.close();
    }
  }

  static Optional<LocalFile> statObject(Path object) throws IOException {
    return LocalFile.stat(object).filter(file -> !file.isFolder());
  }
}
