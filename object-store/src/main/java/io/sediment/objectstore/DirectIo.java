package io.sediment.objectstore;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes new files past the page cache (O_DIRECT), for bytes that are synced at once. Filling fresh
 * cache pages costs several times the CPU of copying the bytes into one aligned chunk and handing
 * that to the disk; {@code LocalStoreBenchmark} measures it.
 */
final class DirectIo {
  private static final Logger log = LoggerFactory.getLogger(DirectIo.class);
  private static final int CHUNK_BYTES = 1 << 20;

  private final int blockBytes;
  private final Queue<ByteBuffer> idleChunks = new ConcurrentLinkedQueue<>(); // one per writer

  private DirectIo(int blockBytes) {
    this.blockBytes = blockBytes;
  }

  /** Finds out, by writing a file into {@code folder}, whether its filesystem can do this. */
  static Optional<DirectIo> probe(Path folder) throws IOException {
    long blockBytes = Files.getFileStore(folder).getBlockSize();
    if (blockBytes <= 0 || CHUNK_BYTES % blockBytes != 0) {
      return Optional.empty();
    }
    DirectIo direct = new DirectIo((int) blockBytes);
    Path file = Files.createTempFile(folder, "direct~", "");
    Files.delete(file);
    try {
      direct.writeAndSync(file, new ByteBuffer[] {ByteBuffer.allocate(1)});
      return Files.size(file) == 1 ? Optional.of(direct) : Optional.empty();
    } catch (UnsupportedOperationException | IOException e) {
      log.info("writes go through the page cache: folder={} reason={}", folder, e.toString());
      return Optional.empty();
    } finally {
      Files.deleteIfExists(file);
    }
  }

  void writeAndSync(Path newFile, ByteBuffer[] buffers) throws IOException {
    ByteBuffer chunk = takeChunk();
    try (FileChannel channel =
        FileChannel.open(
            newFile,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            ExtendedOpenOption.DIRECT)) {
      long length = 0;
      for (ByteBuffer buffer : buffers) {
        length += buffer.remaining();
        while (buffer.hasRemaining()) {
          int limit = buffer.limit();
          buffer.limit(buffer.position() + Math.min(buffer.remaining(), chunk.remaining()));
          chunk.put(buffer);
          buffer.limit(limit);
          if (!chunk.hasRemaining()) {
            drain(chunk, channel);
          }
        }
      }
      if (chunk.position() > 0) {
        while (chunk.position() % blockBytes != 0) {
          chunk.put((byte) 0);
        }
        drain(chunk, channel);
      }
      if (length % blockBytes != 0) {
        channel.truncate(length); // only whole blocks can be written
      }
      channel.force(true);
    } finally {
      idleChunks.add(chunk.clear());
    }
  }

  private static void drain(ByteBuffer chunk, FileChannel channel) throws IOException {
    chunk.flip();
    while (chunk.hasRemaining()) {
      channel.write(chunk);
    }
    chunk.clear();
  }

  private ByteBuffer takeChunk() {
    ByteBuffer idle = idleChunks.poll();
    return idle != null
        ? idle
        : ByteBuffer.allocateDirect(CHUNK_BYTES + blockBytes)
            .alignedSlice(blockBytes)
            .limit(CHUNK_BYTES)
            .slice();
  }
}
