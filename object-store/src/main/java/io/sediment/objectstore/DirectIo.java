package io.sediment.objectstore;

import com.sun.nio.file.ExtendedOpenOption;
import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes new files past the page cache (O_DIRECT), for bytes that are synced at once. Filling fresh
 * cache pages costs several times the CPU of copying the bytes into one aligned chunk and handing
 * that to the disk; {@code LocalStoreBenchmark} measures it.
 */
@EdgeToTheDisk
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
    try (DirectFile file = grow(newFile)) {
      file.add(buffers);
      file.finish();
      file.channel.force(true);
    }
  }

  /** Begins a new file. It holds a chunk of memory until it is closed. */
  DirectFile grow(Path newFile) throws IOException {
    return new DirectFile(
        FileChannel.open(
            newFile,
            StandardOpenOption.CREATE_NEW,
            StandardOpenOption.WRITE,
            ExtendedOpenOption.DIRECT));
  }

  /** Gathers what is added into an aligned chunk and writes chunk by chunk. */
  final class DirectFile implements GrowingFile {
    private final FileChannel channel;
    private @Nullable ByteBuffer chunk = takeChunk();
    private long length;

    private DirectFile(FileChannel channel) {
      this.channel = channel;
    }

    @Override
    public void add(ByteBuffer[] buffers) throws IOException {
      ByteBuffer open = chunk();
      for (ByteBuffer buffer : buffers) {
        length += buffer.remaining();
        while (buffer.hasRemaining()) {
          int limit = buffer.limit();
          buffer.limit(buffer.position() + Math.min(buffer.remaining(), open.remaining()));
          open.put(buffer);
          buffer.limit(limit);
          if (!open.hasRemaining()) {
            drain(open);
          }
        }
      }
    }

    @Override
    public void add(FileRange source) throws IOException {
      ByteBuffer open = chunk();
      long done = 0;
      while (done < source.length()) {
        open.limit(open.position() + (int) Math.min(open.remaining(), source.length() - done));
        int read = source.channel().read(open, source.position() + done);
        open.limit(open.capacity());
        if (read < 0) {
          throw new IOException(
              "source ended early: position=" + (source.position() + done) + " range=" + source);
        }
        done += read;
        length += read;
        if (!open.hasRemaining()) {
          drain(open);
        }
      }
    }

    @Override
    public long length() {
      return length;
    }

    @Override
    public void finish() throws IOException {
      ByteBuffer open = chunk();
      if (open.position() > 0) {
        while (open.position() % blockBytes != 0) {
          open.put((byte) 0);
        }
        drain(open);
      }
      if (length % blockBytes != 0) {
        channel.truncate(length); // only whole blocks can be written
      }
    }

    /** Idempotent. */
    @Override
    public void close() throws IOException {
      ByteBuffer open = chunk;
      if (open != null) {
        chunk = null;
        idleChunks.add(open.clear());
        channel.close();
      }
    }

    private ByteBuffer chunk() {
      ByteBuffer open = chunk;
      if (open == null) {
        throw new IllegalStateException("the file is closed");
      }
      return open;
    }

    private void drain(ByteBuffer full) throws IOException {
      full.flip();
      while (full.hasRemaining()) {
        channel.write(full);
      }
      full.clear();
    }
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
