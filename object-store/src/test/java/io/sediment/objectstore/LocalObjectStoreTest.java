package io.sediment.objectstore;

import static org.assertj.core.api.Assertions.assertThat;

import io.sediment.runtime.NamedThreads;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

class LocalObjectStoreTest implements ObjectStoreContract {
  private final ExecutorService pool = NamedThreads.pool("local-store", 6);
  private final AtomicInteger roots = new AtomicInteger();
  @TempDir Path folder;

  @Override
  public ObjectStore newStore() {
    return LocalObjectStore.open(
        folder.resolve("root-" + roots.incrementAndGet()),
        new LocalObjectStore.Executors(pool, pool, pool),
        new Random(1));
  }

  @AfterEach
  void shutDown() {
    pool.shutdownNow();
    assertThat(pool.isShutdown()).isTrue();
  }
}
