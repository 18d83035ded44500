package io.sediment.frontend.handler;

import io.sediment.metadata.ClusterMetadata;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ApiMessage;
import org.jspecify.annotations.Nullable;

/** What this broker serves: at most one handler per API. Immutable. */
public final class HandlerRegistry {
  private final Map<ApiKeys, ApiHandler<?, ?>> handlers = new EnumMap<>(ApiKeys.class);

  /**
   * @param handlers of different APIs; a version range outside what the message library can parse
   *     is refused
   */
  public HandlerRegistry(List<? extends ApiHandler<?, ?>> handlers) {
    for (ApiHandler<?, ?> handler : handlers) {
      VersionRange served = handler.versions();
      VersionRange parsable = VersionRange.all(handler.key());
      if (!parsable.contains(served.min()) || !parsable.contains(served.max())) {
        throw new IllegalArgumentException(
            handler.key() + ": serves " + served + " but the library parses " + parsable);
      }
      if (this.handlers.put(handler.key(), handler) != null) {
        throw new IllegalArgumentException(handler.key() + ": two handlers");
      }
    }
  }

  /** All of {@code handlers}, and ApiVersions, which advertises them and itself. */
  public static HandlerRegistry withApiVersions(
      List<? extends ApiHandler<?, ?>> handlers, ClusterMetadata metadata, int brokerId) {
    AtomicReference<HandlerRegistry> self = new AtomicReference<>();
    List<ApiHandler<?, ?>> all = new ArrayList<>(handlers);
    all.add(new ApiVersionsHandler(() -> Objects.requireNonNull(self.get()), metadata, brokerId));
    HandlerRegistry registry = new HandlerRegistry(all);
    self.set(registry);
    return registry;
  }

  /** The handler of {@code key}, null when it is not served. */
  @SuppressWarnings("unchecked") // a handler's messages are those of its key
  public @Nullable ApiHandler<ApiMessage, ApiMessage> handlerOf(ApiKeys key) {
    return (ApiHandler<ApiMessage, ApiMessage>) handlers.get(key);
  }

  /** In order of their keys. */
  public List<ApiHandler<?, ?>> all() {
    return new ArrayList<>(handlers.values());
  }
}
