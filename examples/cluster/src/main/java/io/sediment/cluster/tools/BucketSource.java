package io.sediment.cluster.tools;

import io.sediment.compactor.CompactionOptions;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.objectstore.ObjectStore;
import io.sediment.runtime.Scheduler;

/** Where the bucket is that a command looks at. */
public interface BucketSource {
  /** A bucket that was opened. */
  interface Opened extends AutoCloseable {
    /** Where the objects lie, for people. */
    String name();

    /** Refuses every write. */
    ObjectStore store();

    /** How brokers with these settings compact. */
    CompactionOptions compaction();

    /** The configs of topics with their defaults. */
    TopicConfigs topicConfigs();

    @Override
    void close();
  }

  /**
   * Opens it to be read only: no lock is taken and nothing is made, so that brokers are not
   * disturbed.
   *
   * @throws UsageException if the settings name no store that can be read
   */
  Opened open(Scheduler scheduler);
}
