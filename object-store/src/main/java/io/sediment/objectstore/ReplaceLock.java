package io.sediment.objectstore;

import io.sediment.runtime.EdgeToTheDisk;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Makes "look, then replace" one step among all processes of this machine that share a root: a
 * kernel file lock between processes, a lock in the heap between the threads of this one (the
 * kernel's counts for the whole process). One for the whole root, as replacing is rare.
 */
@EdgeToTheDisk
final class ReplaceLock {
  /** What is done under the lock. */
  interface Step<T> {
    T run() throws IOException;
  }

  private static final Map<Path, ReentrantLock> locksOfThisProcess = new ConcurrentHashMap<>();

  private final Path lockFile;
  private final ReentrantLock amongThreads;

  ReplaceLock(Path lockFile) {
    this.lockFile = lockFile;
    this.amongThreads = locksOfThisProcess.computeIfAbsent(lockFile, file -> new ReentrantLock());
  }

  <T> T holding(Step<T> step) throws IOException {
    amongThreads.lock();
    try (FileChannel channel =
        FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      channel.lock(); // released when the channel closes, or the process dies
      return step.run();
    } finally {
      amongThreads.unlock();
    }
  }
}
