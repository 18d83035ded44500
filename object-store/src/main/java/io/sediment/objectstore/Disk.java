package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * Every change {@link LocalObjectStore} makes to the disk, one method each. Tests override them to
 * die between two steps, and to forget on a power cut what was never synced.
 */
@EdgeToTheDisk
class Disk {
  /** Below it the page cache costs little. */
  private static final int DIRECT_BYTES_MIN = 64 << 10;

  private final Optional<DirectIo> direct;

  /** A disk written through the page cache. */
  Disk() {
    this(Optional.empty());
  }

  Disk(Optional<DirectIo> direct) {
    this.direct = direct;
  }

  /** Writes a new file and syncs its bytes; its name is not durable yet. */
  void writeAndSync(Path newFile, ByteBuffer[] buffers) throws IOException {
    long length = 0;
    for (ByteBuffer buffer : buffers) {
      length += buffer.remaining();
    }
    if (direct.isPresent() && length >= DIRECT_BYTES_MIN) {
      direct.get().writeAndSync(newFile, buffers);
      return;
    }
    try (FileChannel channel = createNew(newFile)) {
      new CachedFile(channel).add(buffers);
      channel.force(true);
    }
  }

  /** Writes a new file without syncing it. */
  void write(Path newFile, ByteBuffer[] buffers) throws IOException {
    try (CachedFile file = new CachedFile(createNew(newFile))) {
      file.add(buffers);
    }
  }

  /** Begins a new, large file. */
  GrowingFile grow(Path newFile) throws IOException {
    return direct.isPresent() ? direct.get().grow(newFile) : new CachedFile(createNew(newFile));
  }

  /** Makes a new file of regions of others, without syncing it. */
  final void concatenate(Path newFile, Iterable<FileRange> sources) throws IOException {
    try (GrowingFile file = grow(newFile)) {
      for (FileRange source : sources) {
        file.add(source);
      }
      file.finish();
    }
  }

  /** Makes a file's bytes and attributes durable. */
  void syncFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /** Makes the names in a folder durable. */
  void syncFolder(Path folder) throws IOException {
    syncFile(folder);
  }

  /** Gives a file a second name; false where that name is taken. */
  boolean link(Path newName, Path file) throws IOException {
    try {
      Files.createLink(newName, file);
      return true;
    } catch (FileAlreadyExistsException e) {
      return false;
    }
  }

  /** Gives a file another name, which may replace a file. */
  void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Takes a name away, if it is there. */
  boolean unlink(Path name) throws IOException {
    return Files.deleteIfExists(name);
  }

  /** Creates a folder, if it is not there. */
  void createFolder(Path folder) throws IOException {
    try {
      Files.createDirectory(folder);
    } catch (FileAlreadyExistsException e) {
      if (!Files.isDirectory(folder)) {
        throw new FileSystemException(folder.toString(), null, "Not a directory");
      }
    }
  }

  private static FileChannel createNew(Path newFile) throws IOException {
    return FileChannel.open(newFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }
}
