package io.sediment.cluster;

import io.micrometer.core.instrument.MeterRegistry;
import io.sediment.objectstore.FileRanges;
import io.sediment.objectstore.LocalFolderReader;
import io.sediment.objectstore.LocalObjectStore;
import io.sediment.objectstore.MemoryObjectStore;
import io.sediment.objectstore.MeteredObjectStore;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ReadOnlyObjectStore;
import io.sediment.objectstore.RetryPolicy;
import io.sediment.objectstore.RetryingObjectStore;
import io.sediment.objectstore.s3.S3ObjectStore;
import io.sediment.objectstore.s3.S3StoreConfig;
import io.sediment.objectstore.s3.S3StoreConfig.ChecksumMode;
import io.sediment.runtime.NamedThreads;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.Ticker;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The bucket, as two clients of it: one that acknowledgements wait for, and one for reading old
 * data, so that no catch-up reader can take the connections or threads of the first. Both meter
 * every attempt and retry what is safe to retry.
 */
final class BrokerStores implements AutoCloseable {
  private static final int LOCAL_COMMIT_THREADS = 4;
  private static final int LOCAL_READ_THREADS = 4;
  private static final int LOCAL_BULK_THREADS = 2;
  private static final int S3_CONNECTIONS = 64;
  private static final int S3_IO_THREADS = 2;

  private final String name;
  private final ObjectStore main;
  private final ObjectStore catchUp;
  private final Optional<FileRanges> catchUpFiles;
  private final List<ExecutorService> threads;

  private BrokerStores(
      String name,
      ObjectStore main,
      ObjectStore catchUp,
      Optional<FileRanges> catchUpFiles,
      List<ExecutorService> threads) {
    this.name = name;
    this.main = main;
    this.catchUp = catchUp;
    this.catchUpFiles = catchUpFiles;
    this.threads = List.copyOf(threads);
  }

  /**
   * Opens the store that the settings name. Blocks.
   *
   * @throws io.sediment.objectstore.ObjectStoreException if it cannot be used
   */
  static BrokerStores open(
      BrokerSettings settings,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random,
      MeterRegistry meters) {
    Decorator decorator = decorator(scheduler, ticker, random, meters);
    return switch (settings.storeType()) {
      case LOCAL -> openLocal(settings, random, decorator);
      case S3 -> openS3(settings, decorator);
      case MEMORY -> {
        MemoryObjectStore memory = new MemoryObjectStore(scheduler);
        yield new BrokerStores(
            "memory",
            decorator.on(memory, "main"),
            decorator.on(memory.anotherClient(), "catchup"),
            Optional.empty(),
            List.of());
      }
    };
  }

  /**
   * Opens the store that the settings name beside whoever uses it, only to look: it takes no lock
   * and makes nothing, and both clients, which are one, refuse every write. Blocks.
   *
   * @throws InvalidSettingException where nobody else can have put anything there
   * @throws io.sediment.objectstore.ObjectStoreException if it cannot be used
   */
  static BrokerStores openReadOnly(
      BrokerSettings settings,
      Scheduler scheduler,
      Ticker ticker,
      RandomGenerator random,
      MeterRegistry meters) {
    Decorator decorator = decorator(scheduler, ticker, random, meters);
    return switch (settings.storeType()) {
      case LOCAL -> {
        ExecutorService reads = NamedThreads.pool("store-read", LOCAL_READ_THREADS);
        LocalFolderReader folder = null;
        try {
          folder = LocalFolderReader.open(settings.dataPath(), reads);
        } finally {
          if (folder == null) {
            reads.shutdown();
          }
        }
        yield readOnly(nameOf(settings), decorator.on(folder, "tool"), List.of(reads));
      }
      case S3 -> {
        S3StoreConfig config = s3Config(settings);
        yield readOnly(
            nameOf(config), decorator.on(S3ObjectStore.open(config, "s3-tool"), "tool"), List.of());
      }
      case MEMORY ->
          throw new InvalidSettingException(
              "OBJECT_STORE_TYPE", "memory", "a store that outlives its process: local, s3");
    };
  }

  private static BrokerStores readOnly(
      String name, ObjectStore store, List<ExecutorService> threads) {
    ObjectStore guarded = ReadOnlyObjectStore.of(store);
    return new BrokerStores(name, guarded, guarded, Optional.empty(), threads);
  }

  private static Decorator decorator(
      Scheduler scheduler, Ticker ticker, RandomGenerator random, MeterRegistry meters) {
    return (store, client) ->
        new RetryingObjectStore(
            new MeteredObjectStore(store, client, meters, ticker),
            RetryPolicy.DEFAULT,
            scheduler,
            ticker,
            random);
  }

  private interface Decorator {
    ObjectStore on(ObjectStore store, String client);
  }

  private static BrokerStores openLocal(
      BrokerSettings settings, RandomGenerator random, Decorator decorator) {
    List<ExecutorService> threads = new ArrayList<>();
    ExecutorService commits = pool(threads, "store-commit", LOCAL_COMMIT_THREADS);
    ExecutorService reads = pool(threads, "store-read", LOCAL_READ_THREADS);
    ExecutorService bulk = pool(threads, "store-bulk", LOCAL_BULK_THREADS);
    ExecutorService catchUpReads = pool(threads, "store-catchup", LOCAL_READ_THREADS);
    LocalObjectStore local = null;
    try {
      local =
          LocalObjectStore.open(
              settings.dataPath(), new LocalObjectStore.Executors(commits, reads, bulk), random);
    } finally {
      if (local == null) {
        threads.forEach(ExecutorService::shutdown);
      }
    }
    LocalObjectStore catchUp = local.readingOn(catchUpReads);
    return new BrokerStores(
        nameOf(settings),
        decorator.on(local, "main"),
        decorator.on(catchUp, "catchup"),
        Optional.of(catchUp),
        threads);
  }

  private static ExecutorService pool(List<ExecutorService> all, String prefix, int size) {
    ExecutorService pool = NamedThreads.pool(prefix, size);
    all.add(pool);
    return pool;
  }

  private static BrokerStores openS3(BrokerSettings settings, Decorator decorator) {
    S3StoreConfig config = s3Config(settings);
    return new BrokerStores(
        nameOf(config),
        decorator.on(S3ObjectStore.open(config, "s3-main"), "main"),
        decorator.on(S3ObjectStore.open(config, "s3-catchup"), "catchup"),
        Optional.empty(),
        List.of());
  }

  private static S3StoreConfig s3Config(BrokerSettings settings) {
    @Nullable URI endpoint = settings.s3Endpoint().orElse(null);
    return S3StoreConfig.of(settings.s3Bucket().orElseThrow(), settings.awsRegion())
        .withKeyPrefix(settings.keyPrefix())
        .withEndpoint(endpoint)
        .withDialect(
            switch (settings.s3ChecksumMode()) {
              case WHEN_SUPPORTED -> ChecksumMode.WHEN_SUPPORTED;
              case WHEN_REQUIRED -> ChecksumMode.WHEN_REQUIRED;
            },
            settings.s3ChunkedEncoding())
        .withResources(S3_CONNECTIONS, S3_IO_THREADS);
  }

  private static String nameOf(BrokerSettings settings) {
    return settings.dataPath().toAbsolutePath().normalize().toString();
  }

  private static String nameOf(S3StoreConfig config) {
    return "s3://" + config.bucket() + "/" + config.keyPrefix();
  }

  /** Where the data lies, for people. */
  String name() {
    return name;
  }

  /** For everything that an acknowledgement may wait for. */
  ObjectStore main() {
    return main;
  }

  /** For reading old data. */
  ObjectStore catchUp() {
    return catchUp;
  }

  /** The files of {@link #catchUp}, where it is a local disk. */
  Optional<FileRanges> catchUpFiles() {
    return catchUpFiles;
  }

  @Override
  public void close() {
    catchUp.close();
    main.close();
    threads.forEach(ExecutorService::shutdown);
  }
}
