package io.sediment.compactor.keys;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Where the summaries of one partition lie during a job: few in memory, more in a file without a
 * name, which is gone when it is closed or forgotten. One thread at a time.
 */
@EdgeToTheDisk
final class SummaryScratch implements AutoCloseable {
  private final Path folder;
  private final long memoryBytesMax;
  private long memoryBytes;
  private @Nullable FileChannel file;
  private long fileBytes;

  /**
   * @param folder on a local disk; made when it is needed
   * @param memoryBytesMax what is kept in memory
   */
  SummaryScratch(Path folder, long memoryBytesMax) {
    this.folder = folder;
    this.memoryBytesMax = memoryBytesMax;
  }

  KeySummary keep(OffsetRange range, ByteBuffer summary) throws IOException {
    if (memoryBytes + summary.remaining() <= memoryBytesMax) {
      memoryBytes += summary.remaining();
      return KeySummary.open(KeySummary.Source.of(summary), range);
    }
    FileChannel channel = file();
    long start = fileBytes;
    ByteBuffer rest = summary.slice();
    while (rest.hasRemaining()) {
      fileBytes += channel.write(rest, fileBytes);
    }
    return KeySummary.open((position, length) -> read(channel, start + position, length), range);
  }

  private FileChannel file() throws IOException {
    FileChannel open = file;
    if (open == null) {
      Files.createDirectories(folder);
      open =
          FileChannel.open(
              Files.createTempFile(folder, "summaries", ".tmp"),
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.DELETE_ON_CLOSE);
      file = open;
    }
    return open;
  }

  private static ByteBuffer read(FileChannel channel, long position, int length)
      throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, position + bytes.position()) < 0) {
        throw new EOFException("key summary: position=" + position + " length=" + length);
      }
    }
    return bytes.flip();
  }

  @Override
  public void close() {
    FileChannel open = file;
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        throw new UncheckedIOException("closing " + folder, e);
      }
    }
  }
}
