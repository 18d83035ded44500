package io.sediment.metadata.ratis;

import io.sediment.metadata.RefusedStartException;
import io.sediment.metadata.bucket.BucketStart;
import io.sediment.metadata.bucket.FolderIdentity;
import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * RAFT_PATH, held by one process.
 *
 * <pre>
 *   lock       held open and locked by the process
 *   identity   FolderIdentity
 *   log/       Ratis: the log, votes, checkpoints of the state
 *   state/     RocksDB: the state machine's rows
 *   native/    RocksDB's native library, unpacked
 * </pre>
 */
@EdgeToTheDisk
final class RaftFolder implements BucketStart.IdentityFile, AutoCloseable {
  private final Path path;
  private final FileChannel lockChannel;

  private RaftFolder(Path path, FileChannel lockChannel) {
    this.path = path;
    this.lockChannel = lockChannel;
  }

  /**
   * Makes the folder where there is none, and locks it.
   *
   * @throws RefusedStartException where another process holds it
   */
  static RaftFolder open(Path path) throws IOException {
    Files.createDirectories(path);
    FileChannel channel =
        FileChannel.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    @Nullable FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null;
    }
    if (lock == null) {
      channel.close();
      throw new RefusedStartException(
          RefusedStartException.Reason.IN_USE,
          "the folder RAFT_PATH=" + path + " is in use by another broker process");
    }
    return new RaftFolder(path, channel);
  }

  Path log() {
    return path.resolve("log");
  }

  Path nativeLibraries() {
    return path.resolve("native");
  }

  Path state() {
    return path.resolve("state");
  }

  @Override
  public Optional<FolderIdentity> read() {
    Path file = path.resolve("identity");
    try {
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      return Optional.of(
          FolderIdentity.decode(ByteBuffer.wrap(Files.readAllBytes(file)), file.toString()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void write(FolderIdentity identity) {
    try {
      Path next = path.resolve("identity.next");
      try (FileChannel file =
          FileChannel.open(
              next,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(identity.encode());
        while (bytes.hasRemaining()) {
          file.write(bytes);
        }
        file.force(true);
      }
      Files.move(next, path.resolve("identity"), StandardCopyOption.ATOMIC_MOVE);
      try (FileChannel folder = FileChannel.open(path, StandardOpenOption.READ)) {
        folder.force(true);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    lockChannel.close();
  }
}
