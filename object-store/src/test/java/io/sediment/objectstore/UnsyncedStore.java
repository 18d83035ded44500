package io.sediment.objectstore;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.random.RandomGenerator;

/** Local stores for tests in which the power never goes: nothing waits for the disk. */
public final class UnsyncedStore {
  private UnsyncedStore() {}

  /** All work is done by the caller, before a call returns. */
  public static LocalObjectStore open(Path root, RandomGenerator random) {
    return LocalObjectStore.open(
        root,
        new LocalObjectStore.Executors(Runnable::run, Runnable::run, Runnable::run),
        random,
        folder -> new Unsynced());
  }

  private static final class Unsynced extends Disk {
    @Override
    void writeAndSync(Path newFile, ByteBuffer[] buffers) throws IOException {
      write(newFile, buffers);
    }

    @Override
    void syncFile(Path file) {}

    @Override
    void syncFolder(Path folder) {}
  }
}
