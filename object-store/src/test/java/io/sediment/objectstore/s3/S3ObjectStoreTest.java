package io.sediment.objectstore.s3;

import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreContract;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** The contract of the port over real HTTP. */
class S3ObjectStoreTest {
  private static final AtomicInteger prefixes = new AtomicInteger();

  /** S3 wants every part but the last to be this large. */
  private static final int PART_BYTES_MIN = 5 << 20;

  @TempDir static Path folder;
  static S3LoopbackServer memory;
  static S3LoopbackServer files;

  @BeforeAll
  static void startServers() {
    memory = S3LoopbackServer.inMemory();
    files = S3LoopbackServer.onFolder(folder.resolve("objects"));
  }

  @AfterAll
  static void stopServers() {
    memory.close();
    files.close();
  }

  /** A folder of the bucket that no other test has. */
  static S3StoreConfig ownFolder(S3LoopbackServer server) {
    return server.config().withKeyPrefix("test-" + prefixes.incrementAndGet());
  }

  @Nested
  class OnAServerInMemory implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return S3LoopbackServer.open(ownFolder(memory));
    }

    @Override
    public int minPartBytes() {
      return PART_BYTES_MIN;
    }
  }

  @Nested
  class OnAServerWithFiles implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return S3LoopbackServer.open(ownFolder(files));
    }

    @Override
    public int minPartBytes() {
      return PART_BYTES_MIN;
    }
  }

  /** What Ceph RGW 16 needs: no checksum headers, no chunked bodies. */
  @Nested
  class InTheDialectOfOlderServers implements ObjectStoreContract {
    @Override
    public ObjectStore newStore() {
      return S3LoopbackServer.open(
          ownFolder(memory).withDialect(S3StoreConfig.ChecksumMode.WHEN_REQUIRED, false));
    }

    @Override
    public int minPartBytes() {
      return PART_BYTES_MIN;
    }
  }
}
