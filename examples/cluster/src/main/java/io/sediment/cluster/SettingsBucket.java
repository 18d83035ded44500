package io.sediment.cluster;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.sediment.cluster.tools.BucketSource;
import io.sediment.cluster.tools.UsageException;
import io.sediment.compactor.CompactionOptions;
import io.sediment.frontend.partition.PartitionLogs.TopicConfigs;
import io.sediment.objectstore.ObjectStore;
import io.sediment.objectstore.ObjectStoreException;
import io.sediment.runtime.Scheduler;
import io.sediment.runtime.SystemPorts;
import java.util.Map;

/** The bucket that a broker's environment variables name, for those who only look. */
final class SettingsBucket implements BucketSource {
  private final Map<String, String> environment;

  SettingsBucket(Map<String, String> environment) {
    this.environment = environment;
  }

  @Override
  public Opened open(Scheduler scheduler) {
    try {
      BrokerSettings settings = BrokerSettings.from(environment);
      return new OpenedStores(
          settings,
          BrokerStores.openReadOnly(
              settings,
              scheduler,
              SystemPorts.ticker(),
              SystemPorts.random(),
              new SimpleMeterRegistry()));
    } catch (InvalidSettingException | ObjectStoreException.Refused e) {
      throw new UsageException(String.valueOf(e.getMessage()));
    }
  }

  private record OpenedStores(BrokerSettings settings, BrokerStores stores) implements Opened {
    @Override
    public String name() {
      return stores.name();
    }

    @Override
    public ObjectStore store() {
      return stores.catchUp();
    }

    @Override
    public CompactionOptions compaction() {
      return BrokerCompaction.options(settings);
    }

    @Override
    public TopicConfigs topicConfigs() {
      return settings.topicConfigs();
    }

    @Override
    public void close() {
      stores.close();
    }
  }
}
