package io.sediment.cluster;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a process has started, to be closed in the opposite order. A part that cannot be closed does
 * not keep the others open. One thread starts; close is called once.
 */
final class StartedParts implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(StartedParts.class);

  private record Part(String name, AutoCloseable closeable) {}

  private final Deque<Part> parts = new ArrayDeque<>(); // newest first

  <T extends AutoCloseable> T add(String name, T part) {
    parts.push(new Part(name, part));
    return part;
  }

  @Override
  public void close() {
    for (Part part : parts) {
      try {
        part.closeable.close();
      } catch (Exception e) {
        log.warn("closing the {} failed", part.name, e);
      }
    }
  }
}
