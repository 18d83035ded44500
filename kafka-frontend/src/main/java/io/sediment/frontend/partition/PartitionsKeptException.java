package io.sediment.frontend.partition;

import java.time.Duration;

/**
 * The store did not take what was appended to partitions that were to be handed over. Their logs go
 * on here, and nobody was told otherwise, so it may be tried again.
 */
final class PartitionsKeptException extends RuntimeException {
  private static final long serialVersionUID = 1;

  PartitionsKeptException(Duration waited) {
    super("no flush within " + waited + ": going on here");
  }

  PartitionsKeptException(Throwable failure) {
    super("no flush: going on here: " + failure, failure);
  }
}
