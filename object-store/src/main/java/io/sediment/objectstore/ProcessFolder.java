package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One open store's own folder for temporary files. The kernel holds its lock exactly as long as the
 * process lives, so another process can tell leftovers from work in progress without any clock.
 */
@EdgeToTheDisk
final class ProcessFolder {
  private static final Logger log = LoggerFactory.getLogger(ProcessFolder.class);

  /**
   * Lock files held in this JVM. POSIX drops a process's lock when it closes any descriptor of the
   * file, so one held here must not even be opened to look.
   */
  private static final Set<Path> heldHere = ConcurrentHashMap.newKeySet();

  private final LocalLayout layout;
  private final Disk disk;
  private final String process;
  private final Path lockFile;
  private final FileChannel lockChannel;
  private final AtomicLong files = new AtomicLong();
  private final Set<Path> folders = ConcurrentHashMap.newKeySet();

  private ProcessFolder(
      LocalLayout layout, Disk disk, String process, Path lockFile, FileChannel lockChannel) {
    this.layout = layout;
    this.disk = disk;
    this.process = process;
    this.lockFile = lockFile;
    this.lockChannel = lockChannel;
  }

  /** Takes a new folder below the existing one for temporary files; sweep separately. */
  static ProcessFolder claim(LocalLayout layout, Disk disk, RandomGenerator random)
      throws IOException {
    while (true) {
      String process = "%016x".formatted(random.nextLong());
      Path lockFile = layout.processLock(process);
      FileChannel channel = tryLock(lockFile, true);
      if (channel != null) {
        // A sweeper may have met the file before we locked it, taken it for a dead one's and
        // deleted it; our lock would then be on a file without a name.
        if (Files.exists(lockFile)) {
          Files.createDirectories(layout.processFolder(process));
          return new ProcessFolder(layout, disk, process, lockFile, channel);
        }
        release(lockFile, channel);
      }
    }
  }

  /** A path for a new temporary file, in an existing folder. */
  Path newFile(ObjectKey key) throws IOException {
    Path file = layout.tempFile(process, key, files.incrementAndGet());
    Path folder = parent(file);
    if (!folders.contains(folder)) {
      Files.createDirectories(folder);
      folders.add(folder);
    }
    return file;
  }

  /** Removes what processes now dead have left, and returns how many files that were. */
  static int sweep(LocalLayout layout, Disk disk) throws IOException {
    int swept = 0;
    try (DirectoryStream<Path> lockFiles = Files.newDirectoryStream(layout.temp(), "*.lock")) {
      for (Path lockFile : lockFiles) {
        FileChannel channel = tryLock(lockFile, false);
        if (channel == null) {
          continue; // it lives
        }
        try {
          String name = lockFile.getFileName().toString();
          String process = name.substring(0, name.length() - ".lock".length());
          swept += removeFiles(layout, disk, process);
          Files.deleteIfExists(lockFile);
        } finally {
          release(lockFile, channel);
        }
      }
    }
    if (swept > 0) {
      log.info("swept temporary files of dead processes: files={} root={}", swept, layout.root());
    }
    return swept;
  }

  /** Removes the folder; the store has no work under way. */
  void close() {
    try {
      removeFiles(layout, disk, process);
      Files.deleteIfExists(lockFile);
    } catch (IOException | UncheckedIOException e) {
      log.warn("temporary files are left to the next start: process={}", process, e);
    } finally {
      release(lockFile, lockChannel);
    }
  }

  /** Lets go of the folder as the kernel would when the process dies: nothing is tidied up. */
  void abandon() {
    release(lockFile, lockChannel);
  }

  private static int removeFiles(LocalLayout layout, Disk disk, String process) throws IOException {
    Path folder = layout.processFolder(process);
    List<Path> deepestFirst;
    try (Stream<Path> tree = Files.walk(folder)) {
      deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
    } catch (NoSuchFileException e) {
      return 0;
    }
    int files = 0;
    for (Path path : deepestFirst) {
      Optional<LocalFile> file = LocalFile.stat(path);
      if (file.isPresent() && !file.get().isFolder()) {
        files++;
        if (file.get().isFolderSyncPending()) {
          // It got its final name, yet that name may not be durable; only our second name says so.
          disk.syncFile(path);
          Path objectFolder = parent(layout.objectOfTempFile(process, path));
          if (Files.isDirectory(objectFolder)) {
            disk.syncFolder(objectFolder);
          }
        }
      }
      disk.unlink(path);
    }
    return files;
  }

  private static @Nullable FileChannel tryLock(Path lockFile, boolean create) throws IOException {
    if (!heldHere.add(lockFile)) {
      return null;
    }
    FileChannel channel = null;
    boolean locked = false;
    try {
      channel =
          create
              ? FileChannel.open(lockFile, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)
              : FileChannel.open(lockFile, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      locked = lock != null;
    } catch (NoSuchFileException | OverlappingFileLockException e) {
      locked = false; // swept by another, or held by another class loader of this JVM
    } finally {
      if (!locked) {
        release(lockFile, channel);
      }
    }
    return locked ? channel : null;
  }

  private static void release(Path lockFile, @Nullable FileChannel channel) {
    try {
      if (channel != null) {
        channel.close(); // gives up the lock
      }
    } catch (IOException e) {
      log.warn("lock file did not close: {}", lockFile, e);
    } finally {
      heldHere.remove(lockFile);
    }
  }

  private static Path parent(Path path) {
    Path parent = path.getParent();
    if (parent == null) {
      throw new IllegalStateException("no parent folder: " + path);
    }
    return parent;
  }
}
